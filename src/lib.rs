//! Firmware upgrade over the air for devices that run MicroPython.
//!
//! The core does no input or output of its own: bytes, time and random numbers come in as arguments, actions and events
//! come out. `docs/ARCHITECTURE.md` walks one upgrade through the modules.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![deny(unsafe_code)]
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

/// Says what happens to whoever debugs a board: `note!("what", value)`, in the value's `Debug` form. Without the features `log`
/// and `defmt` it is nothing. No secret may be in a value.
macro_rules! note {
    ($what:literal, $value:expr) => {
        #[cfg(feature = "log")]
        log::debug!(concat!($what, ": {:?}"), $value);
        #[cfg(feature = "defmt")]
        defmt::debug!("{=str}: {}", $what, defmt::Debug2Format(&$value));
    };
}

pub mod ascii;
pub mod board;
pub mod connection;
pub mod data;
pub mod device;
pub mod effects;
#[cfg(feature = "ffi")]
pub mod ffi;
pub mod mqtt;
#[cfg(any(feature = "ffi", feature = "std"))]
pub mod port;
pub mod profile;
pub mod settings;
pub mod time;
pub mod upgrade;
