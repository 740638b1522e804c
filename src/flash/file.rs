//! A NOR flash in a file: the unix board's.

use embedded_storage::nor_flash::{
    check_erase, check_read, check_write, ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Erase size of the flash in a file.
pub const ERASE: usize = 4096;
/// Write size of the flash in a file.
pub const WRITE: usize = 4;

/// Why an operation failed.
#[derive(Debug)]
pub enum FileFlashError {
    /// Outside of the chip, or not aligned.
    Access(NorFlashErrorKind),
    /// A write wanted to set a bit: the place was not erased.
    NotErased,
    /// The file can't be read or written.
    Io(io::Error),
}

impl NorFlashError for FileFlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Access(kind) => *kind,
            _ => NorFlashErrorKind::Other,
        }
    }
}

impl From<io::Error> for FileFlashError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A NOR flash in a file. A process that dies loses nothing that was written: the kernel has it.
#[derive(Debug)]
pub struct FileFlash {
    file: File,
    size: u32,
}

impl FileFlash {
    /// Opens the flash in `path`; a file that is missing or shorter is filled up with blank flash.
    ///
    /// # Errors
    /// The file can't be opened, or another process has it open.
    pub fn open(path: &Path, size: u32) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => io::Error::new(io::ErrorKind::WouldBlock, "another process uses this flash"),
            std::fs::TryLockError::Error(error) => error,
        })?;
        let length = file.metadata()?.len();
        let blank = vec![0xFF; 64 * 1024];
        let mut at = length;
        while at < u64::from(size) {
            let count = blank.len().min((u64::from(size) - at) as usize);
            file.write_all_at(&blank[..count], at)?;
            at += count as u64;
        }
        Ok(Self { file, size })
    }
}

impl ErrorType for FileFlash {
    type Error = FileFlashError;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len()).map_err(FileFlashError::Access)?;
        Ok(self.file.read_exact_at(bytes, u64::from(offset))?)
    }

    fn capacity(&self) -> usize {
        self.size as usize
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to).map_err(FileFlashError::Access)?;
        let blank = [0xFF; ERASE];
        for block in (from..to).step_by(ERASE) {
            self.file.write_all_at(&blank, u64::from(block))?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len()).map_err(FileFlashError::Access)?;
        let mut cells = vec![0; bytes.len()];
        self.file.read_exact_at(&mut cells, u64::from(offset))?;
        for (cell, byte) in cells.iter_mut().zip(bytes) {
            if *cell & byte != *byte {
                return Err(FileFlashError::NotErased);
            }
            *cell &= byte;
        }
        Ok(self.file.write_all_at(&cells, u64::from(offset))?)
    }
}
