//! An in-place package in the staging area, taken apart where it lies.

use super::order::{Order, Run};
use super::{Error, BLOCK_MIN, FORMAT};
use crate::delta::shifts::signed;
use crate::{Format, Manifest, HEAD, MANIFEST_MAX, SIGNATURE_MAX};
use embedded_storage::nor_flash::NorFlash;
use heapless::String;
use qth_flash::layout::Region;
use qth_flash::slot::Sha256Digest;
use qth_protocol::ota::VERSION_MAX;

/// Longest number (LEB128).
const NUMBER_MAX: usize = 5;
/// Largest block, as a power of two.
const BLOCK_LOG_MAX: u32 = 24;

/// An image that the package knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageInfo {
    /// Its size in bytes.
    pub size: u32,
    /// Its SHA-256.
    pub sha256: Sha256Digest,
    /// Its version.
    pub version: String<VERSION_MAX>,
}

impl ImageInfo {
    fn new(size: u32, sha256: Sha256Digest, version: &str) -> Result<Self, Error> {
        Ok(Self { size, sha256, version: String::try_from(version).map_err(|_| Error::Package)? })
    }
}

/// One of the two ways: to the new image, or back to the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// In which order blocks are rewritten.
    pub order: Order,
    /// CRC-32/MPEG-2 of the blocks in that order.
    pub crc32: u32,
    /// Where its delta begins in the payload.
    pub delta: u32,
    /// The byte behind the delta.
    pub end: u32,
}

/// What the payload says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Bytes that are rewritten at a time.
    pub block: u32,
    /// Where the way to the new image begins in the payload.
    there: u32,
    /// Where the way back begins.
    back: u32,
    /// Length of the payload.
    length: u32,
}

/// Fills bytes from this place of a payload on.
pub type Read<'a> = &'a mut dyn FnMut(u32, &mut [u8]) -> Result<(), Error>;

impl Payload {
    /// Reads the head of a payload of this many bytes.
    ///
    /// # Errors
    /// [`Error::Package`]: it is of another format or damaged; what `read` fails with.
    pub fn read(length: u32, read: Read<'_>) -> Result<Self, Error> {
        let mut at = 0;
        let format = number(&mut at, length, read)?;
        let block = number(&mut at, length, read)?;
        let there_length = number(&mut at, length, read)?;
        let back = at.checked_add(there_length).filter(|back| *back <= length).ok_or(Error::Package)?;
        if format != FORMAT || !(BLOCK_MIN.trailing_zeros()..=BLOCK_LOG_MAX).contains(&block) {
            return Err(Error::Package);
        }
        Ok(Self { block: 1u32.wrapping_shl(block), there: at, back, length })
    }

    /// As [`Payload::read`], of a payload of this many bytes whose head is in memory.
    ///
    /// # Errors
    /// [`Error::Package`].
    pub fn parse(length: u32, begin: &[u8]) -> Result<Self, Error> {
        Self::read(length, &mut |at, bytes| fill(begin, at, bytes))
    }

    /// As [`Payload::way`], of a payload in memory, for an image of `size` bytes at the way's end.
    ///
    /// # Errors
    /// [`Error::Package`].
    #[cfg(feature = "std")]
    pub fn way_in(&self, back: bool, size: u32, payload: &[u8]) -> Result<Way, Error> {
        self.way(back, size.div_ceil(self.block), &mut |at, bytes| fill(payload, at, bytes))
    }

    /// Reads where one of the ways is; it leads to an image of this many blocks.
    ///
    /// # Errors
    /// As [`Payload::read`].
    pub fn way(&self, back: bool, blocks: u32, read: Read<'_>) -> Result<Way, Error> {
        let (mut at, end) = if back { (self.back, self.length) } else { (self.there, self.back) };
        let mut order = Order::new();
        let mut first = 0u32;
        for _ in 0..number(&mut at, end, read)? {
            first = first.wrapping_add_signed(signed(number(&mut at, end, read)?));
            let count = number(&mut at, end, read)?;
            order.push(Run { first, count: count >> 1, is_down: count & 1 == 1 })?;
        }
        let mut crc32 = [0; 4];
        let delta = at.checked_add(crc32.len() as u32).filter(|delta| *delta <= end).ok_or(Error::Package)?;
        read(at, &mut crc32)?;
        if !order.is_of(blocks) {
            return Err(Error::Package);
        }
        Ok(Way { order, crc32: u32::from_le_bytes(crc32), delta, end })
    }
}

/// A package in the staging area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The staging area.
    region: Region,
    /// Where the payload begins in flash.
    payload_at: u32,
    /// The image that the package starts from.
    pub source: ImageInfo,
    /// The image that it leads to.
    pub target: ImageInfo,
    payload: Payload,
}

impl Staged {
    /// Takes apart the package of `size` bytes at the start of the staging area. The caller checks its digests.
    ///
    /// # Errors
    /// [`Error::Package`]: it is no in-place package, or none for blocks of this size or this room; [`Error::Flash`].
    pub fn open<F: NorFlash>(flash: &mut F, region: Region, size: u32) -> Result<Self, Error> {
        let mut bytes = [0; HEAD + MANIFEST_MAX + SIGNATURE_MAX];
        let length = bytes.len().min(size as usize);
        let bytes = bytes.get_mut(..length).unwrap_or_default();
        flash.read(region.start, bytes).map_err(|_| Error::Flash)?;
        let package = crate::parse(bytes).map_err(|_| Error::Package)?;
        let Manifest { format: Format::InPlace, source: Some(source), .. } = package.manifest else { return Err(Error::Package) };
        let manifest = &package.manifest;
        let payload_at = region.start.saturating_add(package.payload_at() as u32);
        let payload = Payload::read(manifest.payload_size, &mut |at, bytes| read(flash, payload_at, at, bytes))?;
        let staged = Self {
            region,
            payload_at,
            source: ImageInfo::new(source.size, source.sha256, source.version)?,
            target: ImageInfo::new(manifest.target_size, manifest.target_sha256, manifest.target_version)?,
            payload,
        };
        let is_whole = (package.payload_at() as u32).checked_add(manifest.payload_size) == Some(size);
        if !is_whole || payload.block != super::block::<F>() || staged.scratches(size) == 0 {
            return Err(Error::Package);
        }
        for back in [false, true] {
            staged.way(flash, back)?;
        }
        Ok(staged)
    }

    /// Bytes that are rewritten at a time.
    #[must_use]
    pub fn block(&self) -> u32 {
        self.payload.block
    }

    /// Size of the image at the end of a way, filled up to whole blocks.
    #[must_use]
    pub fn padded(&self, back: bool) -> u32 {
        let image = if back { &self.source } else { &self.target };
        image.size.checked_next_multiple_of(self.payload.block).unwrap_or(u32::MAX)
    }

    /// One of the two ways.
    ///
    /// # Errors
    /// [`Error::Package`]: it is damaged; [`Error::Flash`].
    pub fn way<F: NorFlash>(&self, flash: &mut F, back: bool) -> Result<Way, Error> {
        let blocks = self.padded(back).checked_div(self.payload.block).unwrap_or(0);
        self.payload.way(back, blocks, &mut |at, bytes| read(flash, self.payload_at, at, bytes))
    }

    /// Fills `bytes` from this place of the payload on.
    ///
    /// # Errors
    /// [`Error::Flash`].
    pub fn read<F: NorFlash>(&self, flash: &mut F, at: u32, bytes: &mut [u8]) -> Result<(), Error> {
        read(flash, self.payload_at, at, bytes)
    }

    /// Where the scratch block of a step begins in flash. The room behind the package is used in turn, so that it wears evenly.
    #[must_use]
    pub fn scratch(&self, size: u32, step: u32) -> u32 {
        let turn = step.checked_rem(self.scratches(size)).unwrap_or(0);
        self.region.end().saturating_sub(turn.saturating_add(1).saturating_mul(self.payload.block))
    }

    /// How many scratch blocks there are: the whole blocks behind a package of `size` bytes.
    #[must_use]
    pub fn scratches(&self, size: u32) -> u32 {
        self.region.len.saturating_sub(size).checked_div(self.payload.block).unwrap_or(0)
    }
}

fn fill(payload: &[u8], at: u32, bytes: &mut [u8]) -> Result<(), Error> {
    let from = payload.get(at as usize..).and_then(|from| from.get(..bytes.len()));
    bytes.copy_from_slice(from.ok_or(Error::Package)?);
    Ok(())
}

fn read<F: NorFlash>(flash: &mut F, payload_at: u32, at: u32, bytes: &mut [u8]) -> Result<(), Error> {
    flash.read(payload_at.saturating_add(at), bytes).map_err(|_| Error::Flash)
}

/// A number (LEB128) that ends before `end`; `at` moves behind it.
fn number(at: &mut u32, end: u32, read: Read<'_>) -> Result<u32, Error> {
    let mut value = 0u64;
    for place in 0..NUMBER_MAX as u32 {
        let mut byte = [0];
        if *at >= end {
            return Err(Error::Package);
        }
        read(*at, &mut byte)?;
        *at = at.saturating_add(1);
        let [byte] = byte;
        value |= u64::from(byte & 0x7f) << place.wrapping_mul(7);
        if byte < 0x80 {
            return u32::try_from(value).map_err(|_| Error::Package);
        }
    }
    Err(Error::Package)
}
