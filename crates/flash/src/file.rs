//! A NOR flash in a file: the unix board's.

use embedded_storage::nor_flash::{
    check_erase, check_read, check_write, ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
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

impl fmt::Display for FileFlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access(_) => f.write_str("the place is outside of the flash, or not aligned"),
            Self::NotErased => f.write_str("the place was not erased"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FileFlashError {}

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
///
/// The file is not synced to the disk, because that would cost a disk's wait at each of the many small writes. When the
/// host itself loses power, the newest records may be lost or torn, and the board is where it was some seconds before;
/// checksums and the slots' digests keep it from running what is not whole.
#[derive(Debug)]
pub struct FileFlash {
    file: File,
    size: u32,
}

impl FileFlash {
    /// Opens the flash in `path`, which is made where it is missing. A file of another size is no flash and stays as it
    /// is, unless its making was cut off: such a one is blank as far as it goes.
    ///
    /// # Errors
    /// The file can't be opened, is no flash of this size, or another process has it open.
    pub fn open(path: &Path, size: u32) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => io::Error::new(io::ErrorKind::WouldBlock, "another process uses this flash"),
            std::fs::TryLockError::Error(error) => error,
        })?;
        let length = file.metadata()?.len();
        if length != u64::from(size) {
            let mut made = Vec::new();
            (&file).take(u64::from(size)).read_to_end(&mut made)?;
            if length > u64::from(size) || made.iter().any(|&byte| byte != 0xFF) {
                let message = format!("it has {length} bytes, a flash of this board has {size}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            file.write_all_at(&vec![0xFF; size as usize], 0)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u32 = 4 * ERASE as u32;

    fn open(content: &[u8]) -> (io::Result<FileFlash>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flash.bin");
        std::fs::write(&path, content).unwrap();
        let flash = FileFlash::open(&path, SIZE);
        (flash, std::fs::read(&path).unwrap())
    }

    #[test]
    fn a_new_file_is_blank_flash() {
        let folder = tempfile::tempdir().unwrap();
        let mut flash = FileFlash::open(&folder.path().join("flash.bin"), SIZE).unwrap();
        let mut bytes = [0; SIZE as usize];
        flash.read(0, &mut bytes).unwrap();
        assert!(bytes.iter().all(|&byte| byte == 0xFF));
    }

    #[test]
    fn a_file_whose_making_was_cut_off_is_made_whole() {
        let (flash, content) = open(&[0xFF; 100]);
        assert!(flash.is_ok());
        assert_eq!(content, [0xFF; SIZE as usize]);
    }

    #[test]
    fn a_file_of_another_size_is_refused_and_stays_as_it_is() {
        for foreign in [b"a letter".to_vec(), vec![0xFF; SIZE as usize + 1], vec![0; SIZE as usize - 1]] {
            let (flash, content) = open(&foreign);
            assert_eq!(flash.unwrap_err().kind(), io::ErrorKind::InvalidData);
            assert_eq!(content, foreign);
        }
    }

    #[test]
    fn a_second_process_gets_no_hold_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flash.bin");
        let _first = FileFlash::open(&path, SIZE).unwrap();
        assert_eq!(FileFlash::open(&path, SIZE).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_write_sets_no_bit() {
        let folder = tempfile::tempdir().unwrap();
        let mut flash = FileFlash::open(&folder.path().join("flash.bin"), SIZE).unwrap();
        flash.write(8, &[0x0F; 4]).unwrap();
        assert!(matches!(flash.write(8, &[0x1F; 4]), Err(FileFlashError::NotErased)));
        assert!(matches!(flash.write(9, &[0; 4]), Err(FileFlashError::Access(NorFlashErrorKind::NotAligned))));
        flash.erase(0, ERASE as u32).unwrap();
        flash.write(8, &[0x1F; 4]).unwrap();
    }
}
