//! A NOR flash in memory, with the rules of a real one, whose power can be cut at any operation.

use embedded_storage::nor_flash::{
    check_erase, check_read, check_write, ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
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
    /// A write wanted to set a bit: the place was not erased.
    NotErased,
    /// The place is worn out or unreadable.
    Broken,
    /// The power is cut.
    NoPower,
}

impl NorFlashError for RamFlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Access(kind) => *kind,
            _ => NorFlashErrorKind::Other,
        }
    }
}

/// How far the operation gets that the power is cut in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Not at all.
    Before,
    /// Half of it.
    Within,
    /// Half of it, and some bits, as chance has it, of what comes next: a write's next unit, the rest of a block that is erased.
    Torn,
    /// To its end; but nobody learns of it.
    After,
}

impl Cut {
    /// Every way in which power can be cut.
    pub const ALL: [Self; 4] = [Self::Before, Self::Within, Self::Torn, Self::After];
}

/// A NOR flash in memory: erasing sets all bits of a block, writing clears bits.
#[derive(Clone, Debug)]
pub struct RamFlash<const ERASE_SIZE: usize = ERASE, const WRITE_SIZE: usize = WRITE> {
    bytes: Vec<u8>,
    /// Erase and write operations so far.
    pub operations: usize,
    /// Of each block, how often it was erased.
    pub erases: Vec<usize>,
    /// Writing and erasing fail here.
    pub worn: Range<u32>,
    /// Reading fails here.
    pub unreadable: Range<u32>,
    cut: Option<(usize, Cut)>,
    has_power: bool,
}

impl<const ERASE_SIZE: usize, const WRITE_SIZE: usize> RamFlash<ERASE_SIZE, WRITE_SIZE> {
    /// A blank flash of `size` bytes.
    pub fn new(size: u32) -> Self {
        Self::with_content(Vec::new(), size)
    }

    /// A flash of `size` bytes with this content, blank behind it.
    pub fn with_content(mut bytes: Vec<u8>, size: u32) -> Self {
        bytes.resize(size as usize, 0xFF);
        let erases = vec![0; bytes.len().div_ceil(ERASE_SIZE)];
        Self { bytes, operations: 0, erases, worn: 0..0, unreadable: 0..0, cut: None, has_power: true }
    }

    /// Cuts the power at the operation with this number, counted from the next one as 0.
    pub fn cut_power_at(&mut self, operation: usize, cut: Cut) {
        self.cut = Some((self.operations + operation, cut));
    }

    /// The power was cut.
    pub fn lost_power(&self) -> bool {
        !self.has_power
    }

    /// Power is back, and stays.
    pub fn restore_power(&mut self) {
        self.has_power = true;
        self.cut = None;
    }

    /// The bytes of the chip.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Counts the operation; how much of it is carried out, and whether power is cut then.
    fn operate(&mut self, length: usize) -> Result<(usize, Option<Cut>), RamFlashError> {
        if !self.has_power {
            return Err(RamFlashError::NoPower);
        }
        let number = self.operations;
        self.operations += 1;
        match self.cut {
            Some((at, cut)) if at == number => {
                self.has_power = false;
                let done = match cut {
                    Cut::Before => 0,
                    Cut::Within => length / 2,
                    Cut::Torn => length / 2 / WRITE_SIZE * WRITE_SIZE,
                    Cut::After => length,
                };
                Ok((done, Some(cut)))
            }
            _ => Ok((length, None)),
        }
    }
}

/// Bits of the byte at this place that the torn operation with this number did not get to; the same each time.
fn untouched(operation: usize, at: usize) -> u8 {
    let mixed = (operation as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (at as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (mixed.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 56) as u8
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
            let (done, cut) = self.operate(ERASE_SIZE)?;
            self.bytes[block..block + done].fill(0xFF);
            if cut == Some(Cut::Torn) {
                for (at, cell) in self.bytes[..block + ERASE_SIZE].iter_mut().enumerate().skip(block + done) {
                    *cell |= !untouched(self.operations, at);
                }
            }
            self.erases[block / ERASE_SIZE] += 1;
            if cut.is_some() {
                return Err(RamFlashError::NoPower);
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len()).map_err(RamFlashError::Access)?;
        check_sound(&self.worn, offset, bytes.len())?;
        let (done, cut) = self.operate(bytes.len())?;
        for (cell, byte) in self.bytes[offset as usize..].iter_mut().zip(&bytes[..done]) {
            if *cell & byte != *byte {
                return Err(RamFlashError::NotErased);
            }
            *cell &= byte;
        }
        if cut == Some(Cut::Torn) {
            let unit = self.bytes.iter_mut().enumerate().skip(offset as usize + done);
            for ((at, cell), byte) in unit.zip(bytes.iter().skip(done).take(WRITE_SIZE)) {
                *cell &= byte | untouched(self.operations, at);
            }
        }
        if cut.is_some() {
            return Err(RamFlashError::NoPower);
        }
        Ok(())
    }
}
