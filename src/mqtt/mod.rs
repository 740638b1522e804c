//! MQTT 3.1.1, client side, without input or output of its own.
//!
//! `packet` turns packets into bytes and back, `client` keeps one session. Source: the OASIS standard MQTT 3.1.1;
//! section numbers in these files are the standard's.
#![forbid(unsafe_code)]

pub mod client;
pub mod packet;

use core::fmt;

/// Why a packet could not be written, or the session can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Error {
    /// No room now; there will be after more was transmitted or acknowledged.
    Busy = 1,
    /// The packet to be sent is larger than the buffer can ever hold.
    TooLarge,
    /// Not possible in the session's present state.
    WrongState,
    /// The peer sent something that is no packet of MQTT 3.1.1, or not one for a client.
    Malformed,
    /// The peer sent a packet that was not to be expected.
    Unexpected,
    /// The peer did not answer in time.
    TimedOut,
    /// The peer did not answer a ping in time.
    KeepAlive,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "there is no room now",
            Self::TooLarge => "the packet is larger than the buffer",
            Self::WrongState => "the session's state does not allow this",
            Self::Malformed => "the peer sent something that is no packet of MQTT 3.1.1",
            Self::Unexpected => "the peer sent a packet that was not to be expected",
            Self::TimedOut => "the peer did not answer in time",
            Self::KeepAlive => "the peer did not answer a ping in time",
        })
    }
}

impl core::error::Error for Error {}
