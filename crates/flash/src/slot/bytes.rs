//! The bytes of a region of flash.

use super::{Error, Region, Sha256Digest};
use crate::sha256::Sha256;
use embedded_storage::nor_flash::NorFlash;

/// Bytes that are read at a time, on the stack.
const CHUNK: usize = 128;
/// Largest write size of a chip.
const WRITE_MAX: usize = 32;

/// SHA-256 of the first `len` bytes of a region.
///
/// # Errors
/// Flash can't be read.
pub fn digest<F: NorFlash>(flash: &mut F, region: Region, len: u32) -> Result<Sha256Digest, Error> {
    let mut sha256 = Sha256::new();
    read(flash, region, len, |bytes| sha256.update(bytes))?;
    Ok(sha256.finish())
}

/// Hands the first `len` bytes of a region to `take`, in order.
///
/// # Errors
/// Flash can't be read.
pub fn read<F: NorFlash>(flash: &mut F, region: Region, len: u32, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
    let mut chunk = [0; CHUNK];
    let mut at = 0;
    while at < len.min(region.len) {
        let whole = chunk.len().min(region.len.saturating_sub(at) as usize);
        let bytes = chunk.get_mut(..whole).unwrap_or_default();
        flash.read(region.start.saturating_add(at), bytes).map_err(|_| Error::Device)?;
        take(bytes.get(..len.saturating_sub(at) as usize).unwrap_or(bytes));
        at = at.saturating_add(whole as u32);
    }
    Ok(())
}

/// Erases a region.
///
/// # Errors
/// Flash can't be written.
pub fn erase<F: NorFlash>(flash: &mut F, region: Region) -> Result<(), Error> {
    flash.erase(region.start, region.end()).map_err(|_| Error::Device)
}

/// Writes `bytes`, filled up to the chip's write size.
///
/// # Errors
/// Flash can't be written.
pub fn write_padded<F: NorFlash>(flash: &mut F, at: u32, bytes: &[u8]) -> Result<(), Error> {
    let unit = F::WRITE_SIZE.clamp(1, WRITE_MAX);
    let whole = bytes.len().saturating_sub(bytes.len().checked_rem(unit).unwrap_or(0));
    let (whole, rest) = bytes.split_at_checked(whole).ok_or(Error::Device)?;
    flash.write(at, whole).map_err(|_| Error::Device)?;
    if rest.is_empty() {
        return Ok(());
    }
    let mut last = [0xFF; WRITE_MAX];
    let last = last.get_mut(..unit).ok_or(Error::Device)?;
    last.get_mut(..rest.len()).ok_or(Error::Device)?.copy_from_slice(rest);
    flash.write(at.saturating_add(whole.len() as u32), last).map_err(|_| Error::Device)
}
