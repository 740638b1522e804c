//! Delta packages: a new image as changes to the one that runs, applied while they stream in.
//!
//! A small fix in firmware moves everything behind it, and what differs then are mostly addresses. So a delta begins with
//! a table of [shifts]: "old addresses from a on moved by d". The old image is read through it: branches, pointers and
//! the like are corrected on the way (one file an instruction set). The rest is one stream of LZMA1 whose dictionary is
//! the corrected old image and the new image so far. Both are in flash, so the dictionary takes no RAM. A false
//! correction costs bytes in the delta, never correctness: who makes the delta reads the old image in the same way.
//!
//! Bytes: `docs/FORMATS.md`. How a device applies a delta: [`decoder::Decoder`].
#![forbid(unsafe_code)]

pub mod bsdiff;
pub mod coder;
pub mod decoder;
pub mod field;
pub mod header;
pub mod lzma;
mod riscv;
pub mod shifts;
mod thumb;
#[cfg(feature = "std")]
mod x86_64;

pub use coder::Coder;
pub use decoder::{Decoder, RestartPoint, Standard, Step, Tiny};
pub use header::{Header, Method};

use core::fmt;

/// Why a delta can't be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not a delta, or one of a format, method or instruction set that this firmware does not know.
    Format,
    /// It needs more memory than this decoder has.
    Memory,
    /// The image that runs is not the one that the delta was made from.
    Source,
    /// The delta's bytes are damaged.
    Data,
    /// The restart point is not one of this delta.
    Point,
    /// An image can't be read.
    Unreadable,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "this is no delta, or one of a format, method or instruction set that is newer than this program",
            Self::Memory => "the delta needs more memory than this decoder has",
            Self::Source => "the delta was made from another image",
            Self::Data => "the delta is damaged",
            Self::Point => "the restart point is not one of this delta",
            Self::Unreadable => "an image cannot be read",
        })
    }
}

impl core::error::Error for Error {}

/// The two images, as the decoder reads them.
pub trait Images {
    /// Fills `bytes` from the image that runs, from `offset` on.
    ///
    /// # Errors
    /// [`Error::Unreadable`]: flash fails, or the image is not that long.
    fn read_old(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error>;

    /// Fills `bytes` from the new image, from `offset` on. Only what was handed out before is asked for.
    ///
    /// # Errors
    /// [`Error::Unreadable`]: flash fails.
    fn read_new(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error>;
}

/// Images in memory, for hosts and tests.
#[cfg(any(feature = "std", test))]
pub struct Slices<'a> {
    /// The image that runs.
    pub old: &'a [u8],
    /// The new image so far.
    pub new: &'a [u8],
}

#[cfg(any(feature = "std", test))]
impl Images for Slices<'_> {
    fn read_old(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        fill(self.old, offset, bytes)
    }

    fn read_new(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        fill(self.new, offset, bytes)
    }
}

#[cfg(any(feature = "std", test))]
fn fill(image: &[u8], offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
    let from = image.get(offset as usize..).and_then(|rest| rest.get(..bytes.len())).ok_or(Error::Unreadable)?;
    bytes.copy_from_slice(from);
    Ok(())
}

// Static memory that boards give to a decoder.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(core::mem::size_of::<Standard>() <= 5632 && core::mem::size_of::<Tiny>() <= 1536);
