//! What the Developer Center knows and decides, without MQTT, HTTP or SQL.
//!
//! Facts come in as values, time as an argument; decisions go out as values. Everything here is tested without a socket or a file.

pub mod data;
pub mod device;
pub mod form;
pub mod offer;
pub mod package;
pub mod plan;
pub mod product;
pub mod rate;
pub mod schedule;
pub mod upgrade;
