//! The image that is being written to the slot that does not run.

use super::bytes::{digest, read, write_padded};
use super::{Error, Key, Records, Region, Sha256Digest, SlotInfo, Slots, State, VERSION_MAX};
use crate::mutant;
use embedded_storage::nor_flash::NorFlash;

/// The download's progress is noted at multiples of this, or of the erase size where that is larger.
const PROGRESS: u32 = 16 * 1024;
/// Length of a note of the progress: of a plain image the offset, of a delta its restart point, which begins with the offset.
pub const NOTE: usize = 12;

impl Slots {
    /// Begins to write an image of this size to the slot that does not run. `sha256` is the digest that it is to have; zeros:
    /// that is not known before all of it is there.
    ///
    /// # Errors
    /// It does not fit, there is no other slot than the one on trial, or flash can't be written.
    pub fn begin<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        size: u32,
        sha256: Sha256Digest,
        version: &str,
    ) -> Result<(), Error> {
        if size > self.capacity() {
            return Err(Error::Full);
        }
        if self.is_trial() {
            return Err(Error::State);
        }
        if version.len() > VERSION_MAX {
            return Err(Error::Full);
        }
        records.remove(flash, Key::Progress)?;
        #[cfg(feature = "inplace")]
        records.remove(flash, Key::Journal)?;
        self.change(flash, records, &mut |next| {
            let spare = next.spare_mut().ok_or(Error::State)?;
            (spare.state, spare.size, spare.sha256) = (State::Writing, size, sha256);
            spare.version.clear();
            spare.version.push_str(version).map_err(|_| Error::Full)
        })
    }

    /// Where writing goes on after an interruption; `None` when no image is being written.
    pub fn resume<F: NorFlash>(&self, flash: &mut F, records: &Records) -> Option<u32> {
        let size = self.writing()?.1.size;
        let (_, noted) = noted(flash, records);
        noted.first_chunk().map(|offset| u32::from_le_bytes(*offset)).filter(|offset| *offset <= size)
    }

    /// The restart point of the delta that the image is made of, as it was noted last; zeros: its beginning.
    #[cfg(feature = "pack")]
    pub fn restart_point<F: NorFlash>(&self, flash: &mut F, records: &Records) -> [u8; NOTE] {
        match noted(flash, records) {
            (NOTE, point) => point,
            _ => [0; NOTE],
        }
    }

    /// Notes a restart point whose first number, the place in the image, is the start of a block: nothing before it is
    /// written any more.
    ///
    /// # Errors
    /// Flash can't be written.
    #[cfg(feature = "pack")]
    pub fn note<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, point: &[u8; NOTE]) -> Result<(), Error> {
        let offset = point.first_chunk().map_or(0, |offset| u32::from_le_bytes(*offset));
        match offset.checked_rem(F::ERASE_SIZE as u32) {
            Some(0) => records.put(flash, Key::Progress, point),
            _ => Ok(()),
        }
    }

    /// The digest that the image being written is to have, where that is known.
    #[cfg(feature = "pack")]
    #[must_use]
    pub fn promised(&self) -> Option<&Sha256Digest> {
        self.writing().map(|(_, slot)| &slot.sha256).filter(|sha256| **sha256 != [0; 32])
    }

    /// Where the image that runs and the one being written lie.
    #[cfg(feature = "pack")]
    #[must_use]
    pub fn regions(&self) -> Option<(Region, Region)> {
        Some((self.region(self.running()?)?, self.writing()?.0))
    }

    /// Writes a piece, and notes how far the image is. Pieces come in order, from 0 or from where [`Slots::resume`] says; a
    /// block is erased when its first byte comes.
    ///
    /// # Errors
    /// No image is being written, the piece lies outside of it, or flash can't be written.
    pub fn write<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        mutant!(
            NotedTooSoon,
            if offset > 0 {
                records.put(flash, Key::Progress, &offset.next_multiple_of(PROGRESS).to_le_bytes())?;
            }
        );
        self.write_unnoted(flash, records, offset, bytes)?;
        let end = offset.saturating_add(bytes.len() as u32);
        let step = PROGRESS.max(F::ERASE_SIZE as u32);
        let reached = end.saturating_sub(end.checked_rem(step).unwrap_or(0));
        if reached > offset {
            records.put(flash, Key::Progress, &reached.to_le_bytes())?;
        }
        Ok(())
    }

    /// Writes a piece as [`Slots::write`] does, without a note of it.
    ///
    /// # Errors
    /// As there.
    pub fn write_unnoted<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        offset: u32,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let (region, slot) = self.writing().ok_or(Error::State)?;
        let end = offset.saturating_add(bytes.len() as u32);
        if end > slot.size {
            return Err(Error::State);
        }
        if offset == 0 {
            // It begins anew: how far it got before counts no more.
            records.remove(flash, Key::Progress)?;
        }
        let block = F::ERASE_SIZE as u32;
        let mut first = offset.next_multiple_of(block);
        while first < end {
            let at = region.start.saturating_add(first);
            flash.erase(at, at.saturating_add(block)).map_err(|_| Error::Device)?;
            first = first.saturating_add(block);
        }
        write_padded(flash, region.start.saturating_add(offset), bytes)
    }

    /// Hands the first `len` bytes of the image being written to `take`, in order.
    ///
    /// # Errors
    /// No image is being written, or flash can't be read.
    pub fn read<F: NorFlash>(&self, flash: &mut F, len: u32, take: impl FnMut(&[u8])) -> Result<(), Error> {
        let (region, _) = self.writing().ok_or(Error::State)?;
        read(flash, region, len, take)
    }

    /// SHA-256 of the first `len` bytes of the image being written, as flash gives them back.
    ///
    /// # Errors
    /// As [`Slots::read`].
    pub fn digest<F: NorFlash>(&self, flash: &mut F, len: u32) -> Result<Sha256Digest, Error> {
        let (region, _) = self.writing().ok_or(Error::State)?;
        digest(flash, region, len)
    }

    /// SHA-256 of the bytes from `from` to `end` of what is being written, as flash gives them back.
    ///
    /// # Errors
    /// As [`Slots::read`].
    #[cfg(feature = "inplace")]
    pub fn digest_from<F: NorFlash>(&self, flash: &mut F, from: u32, end: u32) -> Result<Sha256Digest, Error> {
        let (region, _) = self.writing().ok_or(Error::State)?;
        let region = Region { start: region.start.saturating_add(from), len: region.len.saturating_sub(from) };
        digest(flash, region, end.saturating_sub(from))
    }

    /// The image being written is whole and verified.
    ///
    /// # Errors
    /// No image is being written, or flash can't be written.
    pub fn ready<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, sha256: Sha256Digest) -> Result<(), Error> {
        self.change(flash, records, &mut |next| {
            let slot = next.slots.iter_mut().find(|slot| slot.state == State::Writing).ok_or(Error::State)?;
            slot.state = State::Ready;
            slot.sha256 = sha256;
            Ok(())
        })
    }

    /// Reads from the ready image; returns how many bytes it has from there on, at most as many as fit into `out`.
    ///
    /// # Errors
    /// No image is ready, or flash can't be read.
    pub fn read_ready<F: NorFlash>(&self, flash: &mut F, offset: u32, out: &mut [u8]) -> Result<usize, Error> {
        let mut slots = self.layout.slots.iter().zip(&self.slots);
        let (region, slot) = slots.find(|(_, slot)| slot.state == State::Ready).ok_or(Error::State)?;
        let length = out.len().min(slot.size.saturating_sub(offset) as usize);
        let out = out.get_mut(..length).ok_or(Error::State)?;
        flash.read(region.start.saturating_add(offset), out).map_err(|_| Error::Device)?;
        Ok(length)
    }

    fn writing(&self) -> Option<(Region, &SlotInfo)> {
        let slots = self.layout.slots.iter().zip(&self.slots);
        slots.filter(|(_, slot)| slot.state == State::Writing).map(|(region, slot)| (*region, slot)).next()
    }

    fn spare_mut(&mut self) -> Option<&mut SlotInfo> {
        let running = self.running()?;
        self.slots.iter_mut().enumerate().find(|(slot, _)| *slot != running).map(|(_, slot)| slot)
    }
}

/// How far the image is written, as it was noted last, and the length of that; zeros where nothing can be read.
fn noted<F: NorFlash>(flash: &mut F, records: &Records) -> (usize, [u8; NOTE]) {
    let mut noted = [0; NOTE];
    match records.get(flash, Key::Progress, &mut noted) {
        Ok(Some(length)) => (length, noted),
        _ => (0, [0; NOTE]),
    }
}
