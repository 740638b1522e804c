//! Drivers: what carries out the device's actions on a board, with the board's own sockets, clock and flash.
//!
//! Each has a `Port`, the one device of the firmware, with the same functions; `native` is the one that this build uses.
#![forbid(unsafe_code)]

#[cfg(feature = "ffi")]
pub mod bare;
#[cfg(feature = "std")]
pub mod unix;

#[cfg(all(feature = "ffi", not(feature = "std")))]
pub use bare as native;
#[cfg(feature = "std")]
pub use unix as native;

/// What a driver asks of the interpreter's side, with nothing locked.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Events wait for the application, or it was interrupted. Asked again every few milliseconds while that is so.
    pub events_wait: fn(),
    /// The board is to be restarted, at once.
    pub restart: fn(),
}
