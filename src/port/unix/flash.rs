//! The flash of a host's board: in a file, or only in memory.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use qth_flash::file::{self, FileFlash, FileFlashError};
use qth_flash::layout::Layout;
use qth_flash::ram::{self, RamFlash, RamFlashError};
use std::io;
use std::path::PathBuf;

/// Name of the flash file in a folder that `QTH_FLASH` names.
const FILE: &str = "flash.bin";
const _: () = assert!(file::ERASE == ram::ERASE && file::WRITE == ram::WRITE);

/// The flash.
pub enum Flash {
    /// In a file, which outlives the process.
    File(FileFlash),
    /// In memory: nothing is written anywhere.
    Ram(Box<RamFlash>),
}

impl Flash {
    /// The flash in the file or folder at `path`, which is made where it is missing; in memory without a path. A file that is there
    /// tells by its size which layout it has.
    ///
    /// # Errors
    /// The file can't be opened, or another process has it open.
    pub(super) fn open(path: Option<&str>) -> io::Result<Self> {
        let Some(path) = path else { return Ok(Self::Ram(Box::new(RamFlash::new(Layout::UNIX.size())))) };
        let mut path = PathBuf::from(path);
        if path.is_dir() {
            path.push(FILE);
        }
        let layout = Layout::unix(path.metadata().map_or(0, |file| file.len()));
        let flash = FileFlash::open(&path, layout.size());
        flash.map(Self::File).map_err(|error| io::Error::new(error.kind(), format!("flash in {}: {error}", path.display())))
    }

    /// Where records and slots lie.
    pub(super) fn layout(&self) -> Layout {
        Layout::unix(self.capacity() as u64)
    }
}

/// Why an operation failed.
#[derive(Debug)]
pub enum FlashError {
    /// Of the flash in a file.
    File(FileFlashError),
    /// Of the flash in memory.
    Ram(RamFlashError),
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Ram(error) => error.kind(),
        }
    }
}

impl ErrorType for Flash {
    type Error = FlashError;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        match self {
            Self::File(flash) => flash.read(offset, bytes).map_err(FlashError::File),
            Self::Ram(flash) => flash.read(offset, bytes).map_err(FlashError::Ram),
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Self::File(flash) => flash.capacity(),
            Self::Ram(flash) => flash.capacity(),
        }
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = file::WRITE;
    const ERASE_SIZE: usize = file::ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        match self {
            Self::File(flash) => flash.erase(from, to).map_err(FlashError::File),
            Self::Ram(flash) => flash.erase(from, to).map_err(FlashError::Ram),
        }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        match self {
            Self::File(flash) => flash.write(offset, bytes).map_err(FlashError::File),
            Self::Ram(flash) => flash.write(offset, bytes).map_err(FlashError::Ram),
        }
    }
}
