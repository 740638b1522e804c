//! Rewrites the slot: the bootloader's part.

use super::journal::{Journal, Phase, PASSED_MAX};
use super::order::Order;
use super::staged::{Staged, Way};
use super::{block, Error};
use crate::delta::{self, Images, RestartPoint, Step};
use embedded_storage::nor_flash::NorFlash;
use qth_flash::layout::{Layout, Region};
use qth_flash::mutant;
use qth_flash::records::{Key, Records, CRC};
use qth_flash::slot::{digest, Reason, Sha256Digest, Slots};
use qth_flash::Rewrite;

/// Bytes of the delta that are read at a time.
const INPUT: usize = 32;
/// Bytes of flash that are compared at a time.
const COMPARED: usize = 64;

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Back to the old image.
    pub back: bool,
    /// All of it is tried out first, without a write.
    pub is_tried: bool,
    /// Blocks that are done.
    pub done: u32,
    /// Blocks in all.
    pub of: u32,
}

/// Rewrites the slot of a board that has one. 5.5 KB, which a bootloader has to spare while nothing else runs; on a Cortex-M3 as much
/// stack besides.
pub struct Installer {
    decoder: delta::Standard,
}

// Static memory that bootloaders give to it.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(core::mem::size_of::<Installer>() <= 5632);

/// What is rewritten by what.
struct Work<'a> {
    /// The slot.
    slot: Region,
    staged: Staged,
    way: Way,
    back: bool,
    /// Where it goes on; `None`: nothing was erased yet.
    journal: Option<Journal>,
    /// Size of the package's file, and its digest.
    size: u32,
    sha256: Sha256Digest,
    told: &'a mut dyn FnMut(Progress),
}

impl Work<'_> {
    fn block(&self) -> u32 {
        self.staged.block()
    }

    /// Where the block of a step begins in flash.
    fn place(&self, step: u32) -> Result<u32, Error> {
        let block = self.way.order.block(step).ok_or(Error::Package)?;
        Ok(self.slot.start.saturating_add(block.saturating_mul(self.block())))
    }

    /// Where the scratch block of a step is in flash, after this many were passed over.
    fn scratch(&self, step: u32, passed: u32) -> u32 {
        self.staged.scratch(self.size, step.saturating_add(passed))
    }

    fn tell(&mut self, is_tried: bool, done: u32) {
        (self.told)(Progress { back: self.back, is_tried, done, of: self.way.order.blocks() });
    }
}

impl Installer {
    /// All zeros: in static memory it takes none in the bootloader's image.
    #[must_use]
    pub const fn new() -> Self {
        Self { decoder: delta::Standard::new() }
    }

    /// Does what has to be done before [`qth_flash::boot::decide`] can name something to start: installs the package that the
    /// device has armed, or brings the old image back after a failed trial. Goes on where the power was cut. `memory` is of the
    /// size of a [`block`]; `told` hears of each block, and can feed a watchdog.
    ///
    /// # Errors
    /// See [`Error`]. A package that cannot be applied is rejected before any erase, and the reason is kept for the report.
    pub fn run<F: NorFlash>(
        &mut self,
        flash: &mut F,
        layout: Layout,
        memory: &mut [u8],
        told: &mut dyn FnMut(Progress),
    ) -> Result<(), Error> {
        if memory.len() != block::<F>() as usize {
            return Err(Error::Memory);
        }
        // Twice when a new image turns out to be wrong, and the old one is brought back at once.
        for _ in 0..2 {
            let mut records = Records::open(flash, layout);
            records.settle(flash)?;
            let mut slots = Slots::load(flash, layout, &records)?;
            match slots.rewrite() {
                None => {
                    // Power may have been cut before the journal of a finished rewriting was removed.
                    return Ok(records.remove(flash, Key::Journal)?);
                }
                Some(Rewrite::There) => self.there(flash, &mut records, &mut slots, memory, told)?,
                Some(Rewrite::Back) => self.back(flash, &mut records, &mut slots, memory, told)?,
            }
            records.remove(flash, Key::Journal)?;
        }
        Ok(())
    }

    fn there<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        slots: &mut Slots,
        memory: &mut [u8],
        told: &mut dyn FnMut(Progress),
    ) -> Result<(), Error> {
        let mut work = match self.prepared(flash, records, slots, false, memory, told) {
            Ok(work) => work,
            Err(Error::Package) => return Ok(slots.refuse(flash, records, Reason::NotApplied)?),
            Err(error) => return Err(error),
        };
        self.rewrite(flash, records, &mut work, memory)?;
        let Work { slot, staged, .. } = work;
        let target = &staged.target;
        slots.rewritten(flash, records, target.size, target.sha256, &target.version)?;
        match digest(flash, slot, target.size)? == target.sha256 {
            true => Ok(()),
            false => Ok(slots.reject(flash, records, Reason::Digest)?),
        }
    }

    fn back<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        slots: &mut Slots,
        memory: &mut [u8],
        told: &mut dyn FnMut(Progress),
    ) -> Result<(), Error> {
        let mut work = match self.prepared(flash, records, slots, true, memory, told) {
            Ok(work) => work,
            // There is no way back: an image that has failed its trial is better than none.
            Err(Error::Package) => return Ok(slots.stay(flash, records)?),
            Err(error) => return Err(error),
        };
        self.rewrite(flash, records, &mut work, memory)?;
        let Work { slot, staged, .. } = work;
        let source = &staged.source;
        if digest(flash, slot, source.size)? != source.sha256 {
            return Err(Error::Damaged);
        }
        Ok(slots.brought_back(flash, records, source.size, source.sha256, &source.version)?)
    }

    /// The work, ready to be begun or to go on. Before it is begun all of it is tried without a write.
    fn prepared<'a, F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &Records,
        slots: &Slots,
        back: bool,
        memory: &mut [u8],
        told: &'a mut dyn FnMut(Progress),
    ) -> Result<Work<'a>, Error> {
        let (slot, area, package) = slots.staged().ok_or(Error::Package)?;
        let journal = Journal::read(flash, records, &package.sha256, back)?;
        let unusable = |error: Error| match error {
            // The slot is half rewritten: the package has to be read, now or at another start.
            Error::Package if journal.is_some() => Error::Damaged,
            error => error,
        };
        let staged = Staged::open(flash, area, package.size).map_err(unusable)?;
        let way = staged.way(flash, back).map_err(unusable)?;
        let mut work = Work { slot, staged, way, back, journal, size: package.size, sha256: package.sha256, told };
        if journal.is_none() {
            let image = if back { &work.staged.target } else { &work.staged.source };
            let is_whole = digest(flash, area, package.size)? == package.sha256;
            if !is_whole || image.size > slot.len || digest(flash, slot, image.size)? != image.sha256 {
                return Err(Error::Package);
            }
            self.try_out(flash, &mut work, memory)?;
        }
        Ok(work)
    }

    /// Makes all blocks, and throws them away.
    fn try_out<F: NorFlash>(&mut self, flash: &mut F, work: &mut Work<'_>, memory: &mut [u8]) -> Result<(), Error> {
        if work.staged.padded(work.back) > work.slot.len {
            return Err(Error::Package);
        }
        let mut crc32 = CRC.digest();
        let mut journal = Journal::begin(work.back);
        for step in 0..work.way.order.blocks() {
            work.tell(true, step);
            journal.step = step;
            (journal.input, journal.distance) = self.make(flash, work, &journal, memory)?;
            crc32.update(memory);
        }
        if crc32.finalize() == work.way.crc32 {
            Ok(())
        } else {
            Err(Error::Package)
        }
    }

    fn rewrite<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        work: &mut Work<'_>,
        memory: &mut [u8],
    ) -> Result<(), Error> {
        let mut journal = work.journal.unwrap_or(Journal::begin(work.back));
        if journal.phase == Phase::Copy {
            flash.read(work.scratch(journal.step, journal.passed), memory).map_err(|_| Error::Flash)?;
            copy(flash, records, work, &mut journal, memory)?;
        }
        while journal.step < work.way.order.blocks() {
            work.tell(false, journal.step);
            // What was tried out before can't fail now, unless flash does.
            let next = self.make(flash, work, &journal, memory).map_err(|_| Error::Damaged)?;
            let place = work.place(journal.step)?;
            (journal.input, journal.distance) = next;
            if holds(flash, place, memory)? {
                journal.step = journal.step.saturating_add(1);
                continue;
            }
            journal.passed = put_aside(flash, work, journal.step, memory)?;
            journal.phase = Phase::Copy;
            mutant!(ScratchNotNoted, {
                copy(flash, records, work, &mut journal, memory)?;
                continue;
            });
            journal.write(flash, records, &work.sha256)?;
            copy(flash, records, work, &mut journal, memory)?;
        }
        work.tell(false, journal.step);
        Ok(())
    }

    /// Makes the block of the journal's step; where the delta goes on for the next.
    fn make<F: NorFlash>(
        &mut self,
        flash: &mut F,
        work: &Work<'_>,
        journal: &Journal,
        memory: &mut [u8],
    ) -> Result<(u32, u32), Error> {
        let Work { slot, staged, way, back, .. } = work;
        let place = way.order.block(journal.step).ok_or(Error::Package)?.saturating_mul(work.block());
        self.decoder.begin(RestartPoint { output: place, input: journal.input, distance: journal.distance });
        let (mut at, mut made) = (way.delta, 0usize);
        loop {
            let written = memory.get(..made).unwrap_or_default();
            let mut images =
                Sources { flash, slot: *slot, order: &way.order, block: work.block(), step: journal.step, place, written };
            match self.decoder.poll(&mut images).map_err(of_delta)? {
                Step::Input => {
                    let mut bytes = [0; INPUT];
                    let left = way.end.saturating_sub(at) as usize;
                    let bytes = bytes.get_mut(..left.min(INPUT)).filter(|bytes| !bytes.is_empty()).ok_or(Error::Package)?;
                    staged.read(flash, at, bytes)?;
                    at = at.saturating_add(self.decoder.push(bytes) as u32);
                }
                Step::Skip { offset } => at = way.delta.saturating_add(offset),
                Step::Page { bytes, .. } => {
                    let end = made.saturating_add(bytes.len());
                    memory.get_mut(made..end).ok_or(Error::Package)?.copy_from_slice(bytes);
                    made = end;
                }
                Step::Point(_) | Step::Done => break,
            }
        }
        let is_right = self.decoder.header().is_some_and(|header| {
            header.old_size == staged.padded(!back)
                && header.new_size == staged.padded(*back)
                && 1u32.checked_shl(header.interval) == Some(work.block())
        });
        let RestartPoint { input, distance, .. } = self.decoder.point();
        if is_right && made == memory.len() {
            Ok((input, distance))
        } else {
            Err(Error::Package)
        }
    }
}

impl Default for Installer {
    fn default() -> Self {
        Self::new()
    }
}

/// Copies the block from memory, which the scratch block holds too, to its place. The journal goes on to the next.
fn copy<F: NorFlash>(
    flash: &mut F,
    records: &mut Records,
    work: &Work<'_>,
    journal: &mut Journal,
    memory: &[u8],
) -> Result<(), Error> {
    let place = work.place(journal.step)?;
    journal.phase = Phase::Make;
    journal.passed = 0;
    journal.step = journal.step.saturating_add(1);
    mutant!(CopiedTooSoon, journal.write(flash, records, &work.sha256)?);
    put(flash, place, memory)?;
    Ok(journal.write(flash, records, &work.sha256)?)
}

/// Writes the block to a scratch block, the first one that takes it; how many did not. A worn one must not keep the slot half
/// rewritten.
fn put_aside<F: NorFlash>(flash: &mut F, work: &Work<'_>, step: u32, memory: &[u8]) -> Result<u32, Error> {
    let last = work.staged.scratches(work.size).min(PASSED_MAX.saturating_add(1));
    for passed in 0..last {
        if put(flash, work.scratch(step, passed), memory).is_ok() {
            return Ok(passed);
        }
    }
    Err(Error::Flash)
}

/// Erases a block and writes it.
fn put<F: NorFlash>(flash: &mut F, at: u32, bytes: &[u8]) -> Result<(), Error> {
    let end = at.saturating_add(bytes.len() as u32);
    flash.erase(at, end).and_then(|()| flash.write(at, bytes)).map_err(|_| Error::Flash)?;
    match holds(flash, at, bytes)? {
        true => Ok(()),
        false => Err(Error::Flash),
    }
}

/// Flash has these bytes there.
fn holds<F: NorFlash>(flash: &mut F, at: u32, bytes: &[u8]) -> Result<bool, Error> {
    let mut place = at;
    for expected in bytes.chunks(COMPARED) {
        let mut read = [0; COMPARED];
        let Some(read) = read.get_mut(..expected.len()) else { return Ok(false) };
        flash.read(place, read).map_err(|_| Error::Flash)?;
        if read != expected {
            return Ok(false);
        }
        place = place.saturating_add(expected.len() as u32);
    }
    Ok(true)
}

fn of_delta(error: delta::Error) -> Error {
    match error {
        delta::Error::Unreadable => Error::Flash,
        _ => Error::Package,
    }
}

/// What a block is made from: the old image, which reads as zeros where it was rewritten before, and the block itself so far.
struct Sources<'a, F> {
    flash: &'a mut F,
    slot: Region,
    order: &'a Order,
    block: u32,
    step: u32,
    /// Where the block begins in the image.
    place: u32,
    written: &'a [u8],
}

impl<F: NorFlash> Images for Sources<'_, F> {
    fn read_old(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), delta::Error> {
        if offset.saturating_add(bytes.len() as u32) > self.slot.len {
            return Err(delta::Error::Data);
        }
        self.flash.read(self.slot.start.saturating_add(offset), bytes).map_err(|_| delta::Error::Unreadable)?;
        let mut at = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let block = at.checked_div(self.block).unwrap_or(0);
            let left = block.saturating_add(1).saturating_mul(self.block).saturating_sub(at) as usize;
            let (within, behind) = rest.split_at_mut(left.min(rest.len()));
            if self.order.step(block).is_some_and(|step| step < self.step) {
                within.fill(0);
            }
            at = at.saturating_add(within.len() as u32);
            rest = behind;
        }
        Ok(())
    }

    fn read_new(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), delta::Error> {
        let from = offset.checked_sub(self.place).and_then(|from| self.written.get(from as usize..));
        bytes.copy_from_slice(from.and_then(|from| from.get(..bytes.len())).ok_or(delta::Error::Data)?);
        Ok(())
    }
}
