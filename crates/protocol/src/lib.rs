//! What a device and the Center say to each other, as bytes.
//!
//! One MQTT message carries one [`frame`]; its [`command`] tells how to read the payload, most often [`ttlv`]. [`auth`]
//! makes and checks the password of CONNECT, [`topic`] the names messages go to, [`session`] encrypts whole frames.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

pub mod auth;
mod cipher;
pub mod command;
pub mod frame;
pub mod id;
pub mod nmea;
pub mod ota;
pub mod session;
pub mod topic;
pub mod ttlv;

use core::fmt;

/// Largest MQTT packet that a device takes, in bytes.
pub const PACKET_MAX: usize = 2048;

/// What was to be written does not fit into the buffer or the text that was given for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferFull;

impl fmt::Display for BufferFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what is to be written does not fit")
    }
}

impl core::error::Error for BufferFull {}
