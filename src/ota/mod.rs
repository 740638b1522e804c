//! Upgrades: how a package is fetched and checked, and what is kept of an upgrade in progress.
#![forbid(unsafe_code)]

pub mod digest;
pub mod download;
pub mod http;
mod md5;
pub mod strategy;
pub mod upgrade;
pub mod url;
