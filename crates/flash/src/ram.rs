//! A NOR flash in memory, with the rules of a real one, whose power can be cut at any operation.
//!
//! What an operation was at when power went reads as chance has it, each time anew, until it is erased: a unit that was being
//! written as before, as written, or some of both; a sector that was being erased as any mixture of what was in it and blank.

use embedded_storage::nor_flash::{
    check_erase, check_read, check_write, ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// Erase size of the flash in memory.
pub const ERASE: usize = 4096;
/// Write size of the flash in memory.
pub const WRITE: usize = 4;

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RamFlashError {
    /// Outside of the chip, or not aligned.
    Access(NorFlashErrorKind),
    /// A write to a unit that was written before, or is not blank: the place was not erased.
    NotErased,
    /// The place is worn out or unreadable.
    Broken,
    /// The power is cut.
    NoPower,
}

impl fmt::Display for RamFlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Access(_) => "the place is outside of the flash, or not aligned",
            Self::NotErased => "the place was not erased",
            Self::Broken => "the place is worn out or unreadable",
            Self::NoPower => "the power is cut",
        })
    }
}

impl std::error::Error for RamFlashError {}

impl NorFlashError for RamFlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Access(kind) => *kind,
            _ => NorFlashErrorKind::Other,
        }
    }
}

/// How far the operation gets that the power is cut in. Its parts: of a write the units, of an erase the halves of a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Not at all.
    Before,
    /// So many parts are done, at most all but one.
    Within(usize),
    /// So many parts are done, and something of what comes next: a write's next unit, all that is left of a sector.
    Torn(usize),
    /// To its end; but nobody learns of it.
    After,
}

impl Cut {
    /// Every way in which power can be cut in an operation of `parts` parts.
    pub fn all(parts: usize) -> impl Iterator<Item = Self> {
        let within = (1..parts).map(Self::Within);
        let torn = (0..parts).map(Self::Torn);
        core::iter::once(Self::Before).chain(torn).chain(within).chain([Self::After])
    }

    /// Some of [`Cut::all`]: torn at the start, in the middle and at the end of the operation, half done, or at an end of it.
    pub fn some(parts: usize) -> impl Iterator<Item = Self> {
        let torn = [0, parts / 2, parts.saturating_sub(1)];
        Self::all(parts).filter(move |cut| match cut {
            Self::Torn(done) => torn.contains(done),
            Self::Within(done) => *done == parts / 2,
            _ => true,
        })
    }
}

/// Bits of a byte that read as chance has it.
#[derive(Clone, Copy, Debug)]
struct Uncertain {
    mask: u8,
    /// All that a write's cut has left uncertain in a unit is likely to read alike; what an erase has left is not.
    of_write: bool,
}

/// A NOR flash in memory: erasing sets all bits of a block, writing clears bits.
#[derive(Clone, Debug)]
pub struct RamFlash<const ERASE_SIZE: usize = ERASE, const WRITE_SIZE: usize = WRITE> {
    bytes: Vec<u8>,
    /// By byte, what was torn; its bits are set in `bytes`.
    uncertain: BTreeMap<u32, Uncertain>,
    /// Of each unit a bit: it was written since it was erased.
    is_written: Vec<u64>,
    /// Sizes of the sectors that the first blocks consist of; every other block is one.
    sectors: &'static [usize],
    /// What chance has it that torn bits read as: another number, other bits.
    pub chance: u64,
    reads: u64,
    /// Erase and write operations so far.
    pub operations: usize,
    /// Parts of each operation, while that is kept: see [`Cut`].
    pub history: Option<Vec<usize>>,
    /// Of each block, how often it was erased.
    pub erases: Vec<usize>,
    /// Of each block, bytes that were written to it.
    pub written: Vec<usize>,
    /// Writing and erasing fail here.
    pub worn: Range<u32>,
    /// Reading fails here.
    pub unreadable: Range<u32>,
    cut: Option<(usize, Cut)>,
    has_power: bool,
}

impl<const ERASE_SIZE: usize, const WRITE_SIZE: usize> RamFlash<ERASE_SIZE, WRITE_SIZE> {
    /// A blank flash of `size` bytes.
    #[must_use]
    pub fn new(size: u32) -> Self {
        Self::with_content(Vec::new(), size)
    }

    /// A flash of `size` bytes with this content, blank behind it.
    #[must_use]
    pub fn with_content(mut bytes: Vec<u8>, size: u32) -> Self {
        bytes.resize(size as usize, 0xFF);
        let blocks = bytes.len().div_ceil(ERASE_SIZE);
        Self {
            uncertain: BTreeMap::new(),
            is_written: vec![0; bytes.len().div_ceil(WRITE_SIZE).div_ceil(64)],
            bytes,
            sectors: &[],
            chance: 0,
            reads: 0,
            operations: 0,
            history: None,
            erases: vec![0; blocks],
            written: vec![0; blocks],
            worn: 0..0,
            unreadable: 0..0,
            cut: None,
            has_power: true,
        }
    }

    /// With sectors of these sizes from its start on, smaller than a block: its erase is that of one sector after the other.
    #[must_use]
    pub fn with_sectors(mut self, sectors: &'static [usize]) -> Self {
        self.sectors = sectors;
        self
    }

    /// Cuts the power at the operation with this number, counted from the next one as 0.
    pub fn cut_power_at(&mut self, operation: usize, cut: Cut) {
        self.cut = Some((self.operations + operation, cut));
    }

    /// Returns whether the power was cut.
    #[must_use]
    pub fn lost_power(&self) -> bool {
        !self.has_power
    }

    /// Power is back, and stays.
    pub fn restore_power(&mut self) {
        self.has_power = true;
        self.cut = None;
    }

    /// Returns whether something on it may read differently each time.
    #[must_use]
    pub fn has_torn(&self) -> bool {
        !self.uncertain.is_empty()
    }

    /// The bytes of the chip, torn bits set.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Counts the operation; how many of its parts are carried out, and whether power is cut then.
    fn operate(&mut self, parts: usize) -> Result<(usize, Option<Cut>), RamFlashError> {
        if !self.has_power {
            return Err(RamFlashError::NoPower);
        }
        let number = self.operations;
        self.operations += 1;
        if let Some(history) = &mut self.history {
            history.push(parts);
        }
        match self.cut {
            Some((at, cut)) if at == number => {
                self.has_power = false;
                let done = match cut {
                    Cut::Before => 0,
                    Cut::Within(done) | Cut::Torn(done) => done.min(parts),
                    Cut::After => parts,
                };
                Ok((done, Some(cut)))
            }
            _ => Ok((parts, None)),
        }
    }

    fn is_unit_written(&self, unit: usize) -> bool {
        self.is_written[unit / 64] >> (unit % 64) & 1 == 1
    }

    fn mark_units(&mut self, range: Range<usize>, is_written: bool) {
        for unit in range.start / WRITE_SIZE..range.end / WRITE_SIZE {
            let (word, bit) = (&mut self.is_written[unit / 64], 1 << (unit % 64));
            *word = if is_written { *word | bit } else { *word & !bit };
        }
    }

    /// Ends of the sectors that a block from `start` on consists of.
    fn sector_ends(&self, start: usize) -> Vec<usize> {
        let ends = self.sectors.iter().scan(0, |end, size| {
            *end += size;
            Some(*end)
        });
        let mut ends: Vec<usize> = ends.filter(|end| *end > start && *end < start + ERASE_SIZE).collect();
        ends.push(start + ERASE_SIZE);
        ends
    }

    fn erase_sector(&mut self, start: usize, end: usize) -> Result<(), RamFlashError> {
        let (done, cut) = self.operate(2)?;
        let erased = start + (end - start) / 2 * done;
        self.bytes[start..erased].fill(0xFF);
        self.mark_units(start..erased, false);
        let torn = match cut {
            Some(Cut::Torn(_)) => erased..end,
            _ => erased..erased,
        };
        let gone: Vec<u32> = self.uncertain.range(start as u32..erased as u32).map(|(at, _)| *at).collect();
        for at in gone {
            self.uncertain.remove(&at);
        }
        for at in torn.clone() {
            let was = self.uncertain.get(&(at as u32)).map_or(0, |torn| torn.mask);
            let mask = was | !self.bytes[at];
            if mask != 0 {
                self.uncertain.insert(at as u32, Uncertain { mask, of_write: false });
                self.bytes[at] = 0xFF;
            }
        }
        self.mark_units(torn, true);
        cut.map_or(Ok(()), |_| Err(RamFlashError::NoPower))
    }
}

/// Numbers that only these two decide, spread over all values.
fn mixed(one: u64, other: u64) -> u64 {
    let mut mixed = one.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ other.wrapping_add(1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^= mixed >> 32;
    mixed = mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^ mixed >> 32
}

fn check_sound(broken: &Range<u32>, offset: u32, length: usize) -> Result<(), RamFlashError> {
    if offset < broken.end && broken.start < offset + length as u32 {
        return Err(RamFlashError::Broken);
    }
    Ok(())
}

impl<const ERASE_SIZE: usize, const WRITE_SIZE: usize> ErrorType for RamFlash<ERASE_SIZE, WRITE_SIZE> {
    type Error = RamFlashError;
}

impl<const ERASE_SIZE: usize, const WRITE_SIZE: usize> ReadNorFlash for RamFlash<ERASE_SIZE, WRITE_SIZE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        if !self.has_power {
            return Err(RamFlashError::NoPower);
        }
        check_read(self, offset, bytes.len()).map_err(RamFlashError::Access)?;
        check_sound(&self.unreadable, offset, bytes.len())?;
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        if self.uncertain.is_empty() {
            return Ok(());
        }
        self.reads += 1;
        let chance = mixed(self.chance, self.reads);
        for (at, torn) in self.uncertain.range(offset..offset + bytes.len() as u32) {
            let bits = match mixed(chance, u64::from(*at) / WRITE_SIZE as u64) % 3 {
                0 if torn.of_write => 0x00,
                1 if torn.of_write => 0xFF,
                _ => mixed(chance, u64::from(*at) << 32) as u8,
            };
            bytes[(at - offset) as usize] &= bits | !torn.mask;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const ERASE_SIZE: usize, const WRITE_SIZE: usize> NorFlash for RamFlash<ERASE_SIZE, WRITE_SIZE> {
    const WRITE_SIZE: usize = WRITE_SIZE;
    const ERASE_SIZE: usize = ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to).map_err(RamFlashError::Access)?;
        for block in (from as usize..to as usize).step_by(ERASE_SIZE) {
            check_sound(&self.worn, block as u32, ERASE_SIZE)?;
            if self.has_power {
                self.erases[block / ERASE_SIZE] += 1;
            }
            let mut start = block;
            for end in self.sector_ends(block) {
                self.erase_sector(start, end)?;
                start = end;
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len()).map_err(RamFlashError::Access)?;
        check_sound(&self.worn, offset, bytes.len())?;
        if bytes.is_empty() {
            return Ok(());
        }
        let (done, cut) = self.operate(bytes.len() / WRITE_SIZE)?;
        let torn = usize::from(matches!(cut, Some(Cut::Torn(_))));
        let start = offset as usize;
        for (number, unit) in bytes.chunks(WRITE_SIZE).take(done + torn).enumerate() {
            let at = start + number * WRITE_SIZE;
            let is_blank = self.bytes[at..at + WRITE_SIZE].iter().all(|byte| *byte == 0xFF);
            if !is_blank || self.is_unit_written(at / WRITE_SIZE) {
                return Err(RamFlashError::NotErased);
            }
            if number < done {
                self.bytes[at..at + WRITE_SIZE].copy_from_slice(unit);
                self.written[at / ERASE_SIZE] += WRITE_SIZE;
            } else {
                let bits = unit.iter().zip(at as u32..).filter(|(byte, _)| **byte != 0xFF);
                self.uncertain.extend(bits.map(|(byte, at)| (at, Uncertain { mask: !byte, of_write: true })));
            }
        }
        self.mark_units(start..start + (done + torn).min(bytes.len() / WRITE_SIZE) * WRITE_SIZE, true);
        cut.map_or(Ok(()), |_| Err(RamFlashError::NoPower))
    }
}
