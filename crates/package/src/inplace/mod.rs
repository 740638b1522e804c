//! Boards with one slot: the package is staged whole beside it, then the slot is rewritten in place.
//!
//! The device downloads an in-place package into the staging area and verifies it there. The bootloader rewrites the slot
//! block by block, each from old blocks that are still there: the package says in which [`order`]. A block is made in memory,
//! written to a scratch block, noted in the journal, then copied to its place and noted again. So power may fail at any
//! point: either the old block is still whole, or the new one is. The package also holds the way back, which is gone in the
//! same manner when the new firmware fails its trial.
//!
//! Bytes: `docs/FORMATS.md`. What a bootloader calls: [`Installer::run`].
#![forbid(unsafe_code)]

mod installer;
mod journal;
pub mod order;
pub mod staged;

pub use installer::{Installer, Progress};
pub use journal::RECORD as JOURNAL_RECORD;

use core::fmt;
use embedded_storage::nor_flash::NorFlash;

/// Version of the payload's format.
pub const FORMAT: u32 = 1;

/// Smallest block that is rewritten at a time.
pub const BLOCK_MIN: u32 = 1024;

/// Bytes that are rewritten at a time: what the chip erases, or [`BLOCK_MIN`] where that is more.
#[must_use]
pub const fn block<F: NorFlash>() -> u32 {
    let erase = F::ERASE_SIZE as u32;
    if erase > BLOCK_MIN {
        erase
    } else {
        BLOCK_MIN
    }
}

/// Why a slot can't be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Flash can't be read or written. Nothing is lost: the next start goes on.
    Flash,
    /// The memory given for a block is not of the size of one.
    Memory,
    /// The staged package is damaged, or does not fit this board or the image in the slot. Nothing was erased.
    Package,
    /// The image in the slot is not what it was before or after: there is nothing to start.
    Damaged,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flash => "flash cannot be read or written",
            Self::Memory => "the memory for a block is not as large as a block",
            Self::Package => "the staged package is damaged, or does not fit this board or the image in its slot",
            Self::Damaged => "the image in the slot is damaged, and there is no other",
        })
    }
}

impl core::error::Error for Error {}

impl From<qth_flash::Error> for Error {
    fn from(_: qth_flash::Error) -> Self {
        Self::Flash
    }
}
