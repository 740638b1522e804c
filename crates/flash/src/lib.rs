//! Flash: where things lie, records and slots that survive power cuts, and what the bootloader decides.
//!
//! `docs/FORMATS.md` has the bytes.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
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

pub mod boot;
#[cfg(feature = "std")]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "hosts only; checked against the chip's size")]
pub mod file;
pub mod layout;
pub mod mutant;
mod program;
#[cfg(any(feature = "std", test))]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "hosts only; checked against the chip's size")]
pub mod ram;
pub mod records;
#[cfg(feature = "inplace")]
mod rewrite;
pub mod sha256;
pub mod slot;

#[cfg(feature = "inplace")]
pub use rewrite::Rewrite;

use core::fmt;

/// Why flash did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The chip reports an error, or gives back something else than was written.
    Device,
    /// There is no room.
    Full,
    /// The slot's state does not allow it.
    State,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Device => "flash reports an error, or gives back something else than was written",
            Self::Full => "there is no room",
            Self::State => "the state of the slots does not allow this",
        })
    }
}

impl core::error::Error for Error {}
