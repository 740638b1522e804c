//! The Developer Center: devices, version packages, upgrade plans.
//!
//! `domain` decides, `store` remembers, `service` talks with devices over `broker`, `http` and `cli` with people.
#![forbid(unsafe_code)]
#![allow(missing_docs, reason = "a program; what is public is so for its tests")]

mod address;
pub mod broker;
pub mod cli;
pub mod domain;
pub mod http;
pub mod serve;
pub mod service;
pub mod store;
