//! The two slots: what is in each, and which firmware runs.
//!
//! One record holds the state of both, so that every transition is one write. The slot that runs is never written; where it is
//! the only one, the bootloader rewrites it, and B is the staging area for its packages.

use super::layout::{Layout, Region};
use super::records::{Key, Records};
use super::sha256::Sha256;
use super::Error;
use crate::mutant;
use embedded_storage::nor_flash::NorFlash;
use heapless::String;

/// Slot A (0) or B (1).
pub type SlotId = usize;

/// A SHA-256.
pub type Sha256Digest = [u8; 32];

/// Why a new firmware was rejected. The numbers are kept in flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// It used up its starts.
    DidNotStart = 1,
    /// It ran, but did not reach the Center in time.
    DidNotConnect = 2,
    /// Its version is not the plan's target.
    WrongVersion = 3,
    /// The slot's content is not what was written to it.
    Digest = 4,
    /// The package could not be applied; nothing was erased.
    #[cfg(feature = "inplace")]
    NotApplied = 5,
}

impl Reason {
    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::DidNotStart),
            2 => Some(Self::DidNotConnect),
            3 => Some(Self::WrongVersion),
            4 => Some(Self::Digest),
            #[cfg(feature = "inplace")]
            5 => Some(Self::NotApplied),
            _ => None,
        }
    }

    /// Returns whether the image is to blame, and must not be tried again. Whether the Center is reached is also up to the
    /// network.
    #[must_use]
    pub const fn is_of_the_image(self) -> bool {
        !matches!(self, Self::DidNotConnect)
    }

    /// What happened, in a few English words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::DidNotStart => "it did not start",
            Self::DidNotConnect => "it did not reach the Center in time",
            Self::WrongVersion => "it reports another version than planned",
            Self::Digest => "its content was damaged",
            #[cfg(feature = "inplace")]
            Self::NotApplied => "its package could not be applied",
        }
    }
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing that counts.
    Empty,
    /// A part of an image.
    Writing,
    /// A verified image that was never started.
    Ready,
    /// A new image that has to prove itself, with the starts that it has left.
    Trial {
        /// Starts left.
        boots_left: u8,
    },
    /// The image that runs, and runs again.
    Confirmed,
    /// An image that was rejected.
    Bad(Reason),
    /// A verified package that is to rewrite the only slot.
    Armed {
        /// Starts that the new image then has.
        boots: u8,
    },
    /// A package that has rewritten the only slot, and can bring the old image back.
    Kept,
}

impl State {
    const fn code(self) -> (u8, u8) {
        match self {
            Self::Empty => (0, 0),
            Self::Writing => (1, 0),
            Self::Ready => (2, 0),
            Self::Trial { boots_left } => (3, boots_left),
            Self::Confirmed => (4, 0),
            Self::Bad(reason) => (5, reason as u8),
            Self::Armed { boots } => (6, boots),
            Self::Kept => (7, 0),
        }
    }

    const fn from_code(code: u8, detail: u8) -> Self {
        match (code, Reason::from_code(detail)) {
            (1, _) => Self::Writing,
            (2, _) => Self::Ready,
            (3, _) => Self::Trial { boots_left: detail },
            (4, _) => Self::Confirmed,
            (5, Some(reason)) => Self::Bad(reason),
            (6, _) => Self::Armed { boots: detail },
            (7, _) => Self::Kept,
            _ => Self::Empty,
        }
    }

    /// The state's name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Writing => "writing",
            Self::Ready => "ready",
            Self::Trial { .. } => "trial",
            Self::Confirmed => "confirmed",
            Self::Bad(_) => "bad",
            Self::Armed { .. } => "armed",
            Self::Kept => "kept",
        }
    }
}

/// A slot's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// What it is.
    pub state: State,
    /// Size of the image in bytes.
    pub size: u32,
    /// Digest of the image, once it was verified.
    pub sha256: Sha256Digest,
    /// Version of the image, where it is known.
    pub version: String<VERSION_MAX>,
}

impl SlotInfo {
    pub(super) const EMPTY: Self = Self { state: State::Empty, size: 0, sha256: [0; 32], version: String::new() };

    /// The slot's firmware runs, or will at the next start.
    #[must_use]
    pub const fn is_bootable(&self) -> bool {
        matches!(self.state, State::Trial { .. } | State::Confirmed)
    }
}

/// Longest version text of an image, in bytes.
pub const VERSION_MAX: usize = 64;

/// State, detail, size, digest, version with its length.
const SLOT_RECORD: usize = 2 + 4 + 32 + 1 + VERSION_MAX;
/// Format, both slots, the bad image's digest, the reason to report.
pub const RECORD: usize = 1 + 2 * SLOT_RECORD + 32 + 1;
const FORMAT: u8 = 1;

/// The download's progress is noted at multiples of this, or of the erase size where that is larger.
const PROGRESS: u32 = 16 * 1024;
/// Length of a note of the progress: of a plain image the offset, of a delta its restart point, which begins with the offset.
pub const NOTE: usize = 12;
/// Bytes that are read at a time, on the stack.
const CHUNK: usize = 128;
/// Largest write size of a chip.
const WRITE_MAX: usize = 32;

/// Both slots.
#[derive(Clone, Debug)]
pub struct Slots {
    pub(super) layout: Layout,
    pub(super) slots: [SlotInfo; 2],
    /// Digest of the last image that was rejected; zeros: none.
    known_bad: Sha256Digest,
    /// The reason is still to be reported.
    pub(super) reverted: Option<Reason>,
}

impl Slots {
    /// Slots of which nothing is known. None of them runs, so that none is written.
    #[must_use]
    pub const fn unknown(layout: Layout) -> Self {
        Self { layout, slots: [SlotInfo::EMPTY, SlotInfo::EMPTY], known_bad: [0; 32], reverted: None }
    }

    /// Reads the state of the slots. Without a record both are empty.
    ///
    /// # Errors
    /// Flash can't be read, or the record is not one that this understands.
    pub fn load<F: NorFlash>(flash: &mut F, layout: Layout, records: &Records) -> Result<Self, Error> {
        let mut bytes = [0; RECORD];
        let mut slots = Self::unknown(layout);
        match records.get(flash, Key::Boot, &mut bytes)? {
            None => Ok(slots),
            Some(RECORD) if slots.read_record(&bytes).is_some() => Ok(slots),
            Some(_) => Err(Error::Device),
        }
    }

    /// Records that slot A holds the firmware that came with the board.
    ///
    /// # Errors
    /// Flash can't be written.
    pub fn factory<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        size: u32,
        sha256: Sha256Digest,
        version: &str,
    ) -> Result<(), Error> {
        self.change(flash, records, &mut |next| {
            let [a, _] = &mut next.slots;
            *a = SlotInfo { state: State::Confirmed, size, sha256, version: String::try_from(version).unwrap_or_default() };
            Ok(())
        })
    }

    /// The content of a slot.
    #[must_use]
    pub fn info(&self, slot: SlotId) -> Option<&SlotInfo> {
        self.slots.get(slot)
    }

    /// Where records and slots lie.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Where a slot lies.
    #[must_use]
    pub fn region(&self, slot: SlotId) -> Option<Region> {
        self.layout.slots.get(slot).copied()
    }

    /// The slot that runs, or will at the next start: the one on trial, else the confirmed one.
    #[must_use]
    pub fn running(&self) -> Option<SlotId> {
        let on_trial = self.slots.iter().position(|slot| matches!(slot.state, State::Trial { .. }));
        on_trial.or_else(|| self.slots.iter().position(|slot| slot.state == State::Confirmed))
    }

    /// Largest file that fits where downloads go.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        let [a, b] = self.layout.slots;
        a.len.min(b.len)
    }

    /// The firmware that runs is on trial.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot.state, State::Trial { .. }))
    }

    /// A verified image waits for its first start.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.slots.iter().any(|slot| slot.state == State::Ready)
    }

    /// The firmware that runs has this digest.
    #[must_use]
    pub fn is_running(&self, sha256: &Sha256Digest) -> bool {
        self.running().and_then(|slot| self.slots.get(slot)).is_some_and(|slot| slot.sha256 == *sha256)
    }

    /// An image with this digest was rejected before.
    #[must_use]
    pub fn is_known_bad(&self, sha256: &Sha256Digest) -> bool {
        self.known_bad == *sha256
    }

    /// Digest of the last image that was rejected.
    #[must_use]
    pub fn known_bad(&self) -> Option<&Sha256Digest> {
        Some(&self.known_bad).filter(|digest| **digest != [0; 32])
    }

    /// Why the last new firmware was rejected, until that is reported.
    #[must_use]
    pub fn reverted(&self) -> Option<Reason> {
        self.reverted
    }

    /// The Center knows of it.
    ///
    /// # Errors
    /// Flash can't be written.
    pub fn acknowledge_revert<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records) -> Result<(), Error> {
        if self.reverted.is_none() {
            return Ok(());
        }
        self.change(flash, records, &mut |next| {
            next.reverted = None;
            Ok(())
        })
    }

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

    /// SHA-256 of the first `len` bytes of the image that runs, as flash gives them back.
    ///
    /// # Errors
    /// None runs, it is shorter, or flash can't be read.
    #[cfg(feature = "pack")]
    pub fn digest_running<F: NorFlash>(&self, flash: &mut F, len: u32) -> Result<Sha256Digest, Error> {
        let running = self.running().and_then(|slot| Some((self.region(slot)?, self.info(slot)?)));
        let (region, _) = running.filter(|(_, slot)| len <= slot.size).ok_or(Error::State)?;
        digest(flash, region, len)
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

    /// Has the ready image started next, with `boots` starts to prove itself. On a board with one slot the ready package
    /// rewrites that before.
    ///
    /// # Errors
    /// No image is ready, or flash can't be written.
    pub fn arm<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, boots: u8) -> Result<(), Error> {
        records.remove(flash, Key::Trial)?;
        self.change(flash, records, &mut |next| {
            let slot = next.slots.iter_mut().find(|slot| slot.state == State::Ready).ok_or(Error::State)?;
            slot.state = match cfg!(feature = "inplace") && next.layout.has_one_slot() {
                true => State::Armed { boots },
                false => State::Trial { boots_left: boots },
            };
            Ok(())
        })
    }

    /// The image on trial stays; the one before it counts no more.
    ///
    /// # Errors
    /// No image is on trial, or flash can't be written.
    pub fn confirm<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records) -> Result<(), Error> {
        if !self.is_trial() {
            return Err(Error::State);
        }
        self.change(flash, records, &mut |next| {
            for slot in &mut next.slots {
                slot.state = match slot.state {
                    State::Trial { .. } => State::Confirmed,
                    _ => State::Empty,
                };
            }
            next.reverted = None;
            Ok(())
        })
    }

    /// The image on trial is rejected; the confirmed one is started next.
    ///
    /// # Errors
    /// No image is on trial, or flash can't be written.
    pub fn reject<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, reason: Reason) -> Result<(), Error> {
        self.change(flash, records, &mut |next| {
            let slot = next.slots.iter_mut().find(|slot| matches!(slot.state, State::Trial { .. })).ok_or(Error::State)?;
            slot.state = State::Bad(reason);
            if reason.is_of_the_image() {
                next.known_bad = slot.sha256;
            }
            next.reverted = Some(reason);
            Ok(())
        })
    }

    /// The image on trial is about to be restarted in an orderly way, which is no crash: it gets the start of before back, up
    /// to `boots`.
    ///
    /// # Errors
    /// Flash can't be written.
    pub fn give_start_back<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, boots: u8) -> Result<(), Error> {
        let has_fewer = |slot: &SlotInfo| matches!(slot.state, State::Trial { boots_left } if boots_left < boots);
        if !self.slots.iter().any(has_fewer) {
            return Ok(());
        }
        self.change(flash, records, &mut |next| {
            for slot in &mut next.slots {
                if let State::Trial { boots_left } = &mut slot.state {
                    *boots_left = boots_left.saturating_add(1);
                }
            }
            Ok(())
        })
    }

    /// Takes one start off the image on trial, before it is started; rejects it when it has none left.
    pub(super) fn take_boot<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records) -> Result<(), Error> {
        mutant!(StartNotTaken, return Ok(()));
        if !self.is_trial() {
            return Ok(());
        }
        mutant!(ConfirmedTooSoon, return self.confirm(flash, records));
        if self.slots.iter().any(|slot| slot.state == State::Trial { boots_left: 0 }) {
            return self.reject(flash, records, Reason::DidNotStart);
        }
        self.change(flash, records, &mut |next| {
            for slot in &mut next.slots {
                if let State::Trial { boots_left } = &mut slot.state {
                    *boots_left = boots_left.saturating_sub(1);
                }
            }
            Ok(())
        })
    }

    fn writing(&self) -> Option<(Region, &SlotInfo)> {
        let slots = self.layout.slots.iter().zip(&self.slots);
        slots.filter(|(_, slot)| slot.state == State::Writing).map(|(region, slot)| (*region, slot)).next()
    }

    fn spare_mut(&mut self) -> Option<&mut SlotInfo> {
        let running = self.running()?;
        self.slots.iter_mut().enumerate().find(|(slot, _)| *slot != running).map(|(_, slot)| slot)
    }

    /// Changes the state of the slots, in flash first: when that fails, it stays as it was.
    // A function of its own, also inside: this is deep in the stack, and would be there once for every caller.
    #[inline(never)]
    pub(super) fn change<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        change: &mut dyn FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut record = [0; RECORD];
        self.write_changed(change, &mut record)?;
        records.put(flash, Key::Boot, &record)?;
        self.read_record(&record).ok_or(Error::State)
    }

    /// Writes the record of what the state is with this change.
    #[inline(never)]
    fn write_changed(&self, change: &mut dyn FnMut(&mut Self) -> Result<(), Error>, out: &mut [u8; RECORD]) -> Result<(), Error> {
        let mut next = Self::unknown(self.layout);
        // By way of the record, which has its place already: a clone takes more.
        self.write_record(out).and_then(|()| next.read_record(out)).ok_or(Error::Full)?;
        change(&mut next)?;
        next.write_record(out).ok_or(Error::Full)
    }

    fn write_record(&self, record: &mut [u8; RECORD]) -> Option<()> {
        let (format, mut rest) = record.split_first_mut()?;
        *format = FORMAT;
        for slot in &self.slots {
            let (bytes, after) = rest.split_first_chunk_mut::<SLOT_RECORD>()?;
            rest = after;
            let (code, detail) = slot.state.code();
            let [s0, s1, s2, s3] = slot.size.to_le_bytes();
            let (head, tail) = bytes.split_first_chunk_mut::<6>()?;
            *head = [code, detail, s0, s1, s2, s3];
            let (sha256, version) = tail.split_first_chunk_mut::<32>()?;
            *sha256 = slot.sha256;
            let (length, text) = version.split_first_mut()?;
            *length = slot.version.len() as u8;
            text.fill(0);
            text.get_mut(..slot.version.len())?.copy_from_slice(slot.version.as_bytes());
        }
        let (known_bad, reason) = rest.split_first_chunk_mut::<32>()?;
        *known_bad = self.known_bad;
        *reason.first_mut()? = self.reverted.map_or(0, |reason| reason as u8);
        Some(())
    }

    fn read_record(&mut self, record: &[u8; RECORD]) -> Option<()> {
        let (&FORMAT, mut rest) = record.split_first()? else { return None };
        for slot in &mut self.slots {
            let (bytes, after) = rest.split_first_chunk::<SLOT_RECORD>()?;
            rest = after;
            let &[code, detail, s0, s1, s2, s3, ref tail @ ..] = bytes;
            let (sha256, version) = tail.split_first_chunk::<32>()?;
            let (&length, text) = version.split_first()?;
            let text = text.get(..usize::from(length)).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or_default();
            slot.state = State::from_code(code, detail);
            slot.size = u32::from_le_bytes([s0, s1, s2, s3]);
            slot.sha256 = *sha256;
            slot.version.clear();
            slot.version.push_str(text).ok()?;
        }
        let (known_bad, reason) = rest.split_first_chunk::<32>()?;
        self.known_bad = *known_bad;
        self.reverted = Reason::from_code(*reason.first()?);
        Some(())
    }
}

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

/// How far the image is written, as it was noted last, and the length of that; zeros where nothing can be read.
fn noted<F: NorFlash>(flash: &mut F, records: &Records) -> (usize, [u8; NOTE]) {
    let mut noted = [0; NOTE];
    match records.get(flash, Key::Progress, &mut noted) {
        Ok(Some(length)) => (length, noted),
        _ => (0, [0; NOTE]),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot;
    use crate::ram::{Cut, RamFlash};
    use sha2::{Digest, Sha256};

    const SLOT: u32 = 48 * 1024;
    const LAYOUT: Layout = Layout {
        records: Region { start: 0, len: 8 * 1024 },
        bank: 2048,
        slots: [Region { start: 8 * 1024, len: SLOT }, Region { start: 8 * 1024 + SLOT, len: SLOT }],
    };
    const SIZE: u32 = 40_000;
    const PIECE: usize = 8 * 1024;

    fn image(seed: u8) -> std::vec::Vec<u8> {
        (0..SIZE).map(|at| (at as u8).wrapping_mul(31) ^ seed).collect()
    }

    fn load<F: NorFlash>(flash: &mut F) -> (Records, Slots) {
        let records = Records::open(flash, LAYOUT);
        let slots = Slots::load(flash, LAYOUT, &records).unwrap();
        (records, slots)
    }

    fn with_factory<const ERASE: usize, const WRITE: usize>() -> RamFlash<ERASE, WRITE> {
        let mut flash = RamFlash::new(LAYOUT.size());
        Slots::program(&mut flash, LAYOUT, &image(0), "1.0.0").unwrap();
        flash
    }

    /// A step of an upgrade. One that a power cut has kept from being done is done again; one that was done is passed.
    type Step<F> = fn(&mut F) -> Result<(), Error>;

    fn begin<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
        let records = &mut Records::open(flash, LAYOUT);
        Slots::load(flash, LAYOUT, records)?.begin(flash, records, SIZE, [0; 32], "1.1.0")
    }

    fn write<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
        let records = &mut Records::open(flash, LAYOUT);
        let mut slots = Slots::load(flash, LAYOUT, records)?;
        let from = slots.resume(flash, records).ok_or(Error::State)?;
        for (piece, bytes) in image(1).chunks(PIECE).enumerate().filter(|(piece, _)| piece * PIECE >= from as usize) {
            slots.write(flash, records, (piece * PIECE) as u32, bytes)?;
        }
        Ok(())
    }

    fn ready<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
        let records = &mut Records::open(flash, LAYOUT);
        let mut slots = Slots::load(flash, LAYOUT, records)?;
        let digest = slots.digest(flash, SIZE)?;
        slots.ready(flash, records, digest)
    }

    fn arm<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
        let records = &mut Records::open(flash, LAYOUT);
        Slots::load(flash, LAYOUT, records)?.arm(flash, records, 3)
    }

    fn start<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
        boot::decide(flash, LAYOUT).map(|_| ())
    }

    fn confirm<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
        let records = &mut Records::open(flash, LAYOUT);
        Slots::load(flash, LAYOUT, records)?.confirm(flash, records)
    }

    fn reject<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
        let records = &mut Records::open(flash, LAYOUT);
        Slots::load(flash, LAYOUT, records)?.reject(flash, records, Reason::DidNotConnect)
    }

    fn state<F: NorFlash>(flash: &mut F) -> [SlotInfo; 2] {
        load(flash).1.slots
    }

    /// What is noted as written is there, and what would be started is whole.
    fn assert_sound<F: NorFlash>(flash: &mut F, what: &str) {
        let (records, slots) = load(flash);
        if let Some(offset) = slots.resume(flash, &records) {
            let digest = slots.digest(flash, offset).unwrap();
            assert_eq!(digest, <[u8; 32]>::from(Sha256::digest(&image(1)[..offset as usize])), "{what}: resumes at {offset}");
        }
        let running = slots.running().expect("something can always be started");
        let info = slots.info(running).unwrap();
        assert_eq!(digest(flash, LAYOUT.slots[running], info.size).unwrap(), info.sha256, "{what}");
    }

    /// Cuts the power at every operation of every step, and at every operation of the step's repetition too if so asked.
    fn cut_everywhere<const ERASE: usize, const WRITE: usize>(last: Step<RamFlash<ERASE, WRITE>>, cuts: usize) {
        let mut flash = with_factory::<ERASE, WRITE>();
        let steps: [Step<RamFlash<ERASE, WRITE>>; 6] = [begin, write, ready, arm, start, last];
        for (number, step) in steps.into_iter().enumerate() {
            let before = state(&mut flash);
            let mut whole = flash.clone();
            step(&mut whole).unwrap();
            let after = state(&mut whole);
            cut_step(&flash, step, [&before, &after], cuts, &std::format!("step {number}"));
            flash = whole;
        }
    }

    fn cut_step<const ERASE: usize, const WRITE: usize>(
        flash: &RamFlash<ERASE, WRITE>,
        step: Step<RamFlash<ERASE, WRITE>>,
        [before, after]: [&[SlotInfo; 2]; 2],
        cuts: usize,
        what: &str,
    ) {
        let mut whole = flash.clone();
        whole.history = Some(std::vec::Vec::new());
        step(&mut whole).unwrap();
        for (operation, parts) in whole.history.unwrap_or_default().into_iter().enumerate() {
            for cut in Cut::some(parts) {
                let what = std::format!("{what}, operation {operation} {cut:?}");
                let mut torn = flash.clone();
                torn.cut_power_at(operation, cut);
                step(&mut torn).unwrap_err();
                torn.restore_power();
                Records::open(&mut torn, LAYOUT).settle(&mut torn).unwrap();
                let found = state(&mut torn);
                assert!(found == *before || found == *after, "{what}");
                assert_sound(&mut torn, &what);
                if found == *before {
                    if cuts > 1 {
                        cut_step(&torn, step, [before, after], cuts - 1, &what);
                    }
                    step(&mut torn).unwrap();
                    assert_eq!(state(&mut torn), *after, "{what}");
                    assert_sound(&mut torn, &what);
                }
            }
        }
    }

    #[test]
    fn a_power_cut_leaves_the_slots_before_or_behind_a_step_whatever_the_chip() {
        cut_everywhere::<512, 1>(confirm, 1);
        cut_everywhere::<1024, 4>(reject, 1);
        cut_everywhere::<2048, 8>(confirm, 1);
        cut_everywhere::<2048, 16>(reject, 1);
        cut_everywhere::<2048, 32>(confirm, 1);
    }

    #[test]
    fn so_does_a_second_cut_while_a_step_is_done_again() {
        cut_everywhere::<1024, 4>(confirm, 2);
        cut_everywhere::<2048, 32>(reject, 2);
    }

    #[test]
    fn three_starts_are_taken_off_then_the_old_firmware_comes_back() {
        let mut flash = with_factory::<1024, 4>();
        for step in [begin, write, ready, arm] {
            step(&mut flash).unwrap();
        }
        for left in [2, 1, 0] {
            let boot = boot::decide(&mut flash, LAYOUT).unwrap().boot().unwrap();
            assert_eq!((boot.slot, boot.trial), (1, Some(left)));
        }
        for _ in 0..2 {
            let boot = boot::decide(&mut flash, LAYOUT).unwrap().boot().unwrap();
            assert_eq!((boot.slot, boot.trial), (0, None));
        }
        let (_, slots) = load(&mut flash);
        assert_eq!(slots.reverted(), Some(Reason::DidNotStart));
        assert!(slots.is_known_bad(&Sha256::digest(image(1)).into()));
    }

    #[test]
    fn a_file_that_begins_anew_is_not_resumed_where_the_other_was() {
        let mut flash = with_factory::<1024, 4>();
        begin(&mut flash).unwrap();
        write(&mut flash).unwrap();
        let (mut records, mut slots) = load(&mut flash);
        assert_eq!(slots.resume(&mut flash, &records), Some(32 * 1024));
        slots.write(&mut flash, &mut records, 0, &image(2)[..PIECE]).unwrap();
        assert_eq!(slots.resume(&mut flash, &records), Some(0));
    }

    #[test]
    fn a_step_that_cannot_be_stored_is_not_taken() {
        let steps: [Step<RamFlash<1024, 4>>; 5] = [begin, write, ready, arm, start];
        for done in [0, 2, 3, 5] {
            let mut flash = with_factory::<1024, 4>();
            steps[..done].iter().for_each(|step| step(&mut flash).unwrap());
            let (mut records, mut slots) = load(&mut flash);
            let before = slots.slots.clone();
            flash.worn = 0..LAYOUT.records.end();
            let failed = match done {
                0 => slots.begin(&mut flash, &mut records, SIZE, [0; 32], "1.1.0"),
                2 => slots.ready(&mut flash, &mut records, [1; 32]),
                3 => slots.arm(&mut flash, &mut records, 3),
                _ => slots.reject(&mut flash, &mut records, Reason::DidNotConnect),
            };
            assert_eq!(failed, Err(Error::Device));
            assert_eq!(slots.slots, before, "after {done} steps");
            assert_eq!((slots.reverted(), slots.known_bad()), (None, None));
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_is_no_empty_board() {
        let mut flash = with_factory::<1024, 4>();
        flash.unreadable = LAYOUT.records.start..LAYOUT.records.end();
        assert_eq!(boot::decide(&mut flash, LAYOUT), Err(Error::Device));
        let (mut records, mut slots) = (Records::open(&mut flash, LAYOUT), Slots::unknown(LAYOUT));
        assert_eq!(slots.begin(&mut flash, &mut records, SIZE, [0; 32], "1.1.0"), Err(Error::Device));
    }
}
