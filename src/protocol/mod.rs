//! What a device and the Center say to each other, as bytes.
//!
//! One MQTT message carries one [`frame`]; its [`command`] tells how to read the payload, most often [`ttlv`]. [`auth`]
//! makes and checks the password of CONNECT, [`topic`] the names messages go to, [`session`] encrypts whole frames.
#![forbid(unsafe_code)]

pub mod auth;
mod cipher;
pub mod command;
pub mod frame;
pub mod nmea;
pub mod session;
pub mod topic;
pub mod ttlv;
#[cfg(test)]
mod xorshift;

/// What was to be written does not fit into the buffer or the text that was given for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferFull;
