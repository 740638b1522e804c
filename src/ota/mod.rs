//! Upgrades: plan, download, verification, status.
#![forbid(unsafe_code)]
