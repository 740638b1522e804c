//! MQTT 3.1.1, client side, without input or output of its own.
//!
//! `packet` turns packets into bytes and back, `client` keeps one session. Source: the OASIS standard MQTT 3.1.1;
//! section numbers in these files are the standard's.
#![forbid(unsafe_code)]

pub mod client;
pub mod packet;

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
