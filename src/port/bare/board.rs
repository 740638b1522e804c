//! The board behind a table of C functions, and its flash.

use crate::board::Status;
use crate::board::{About, Board, Started, Trial};
use crate::device::limits;
use crate::ffi::board::{QthBoard, QthFlash, QthMeasures, QthName};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use heapless::String;
use qth_flash::layout::{Layout, Region};
use qth_protocol::ota::{COMPONENT_MAX, VERSION_MAX};

/// Bytes that the flash erases at once.
const ERASE: u32 = limits::ERASE_SIZE as u32;
/// Bytes that it writes at once.
const WRITE: usize = limits::WRITE_SIZE;
/// Digits of an ICCID (ITU-T E.118).
const ICCID_MAX: usize = 22;
/// Longest address of a Center: scheme, host and port.
const SERVER_MAX: usize = limits::HOST + 16;

impl QthBoard {
    fn layout(&self) -> Layout {
        let QthFlash { records, bank, banks, slots: [a, b], slot, staging, .. } = self.flash;
        let second = if staging > 0 { staging } else { slot };
        Layout {
            records: Region { start: records, len: bank.saturating_mul(banks) },
            bank,
            slots: [Region { start: a, len: slot }, Region { start: b, len: second }],
        }
    }

    /// Returns whether the library is built for this flash and can use it as it is laid out: every place is a multiple of what it
    /// erases at once, there are three banks with room for all records, and nothing lies on anything else. A staging area is
    /// smaller than the slot, and taken by a library with in-place packages alone.
    fn has_good_layout(&self) -> bool {
        let Layout { records, bank, slots: [a, b] } = self.layout();
        let parts = [records, a, b];
        let numbers = parts.iter().flat_map(|part| [part.start, part.len]).chain([bank]);
        let are_apart = |a: &Region, b: &Region| a.len == 0 || b.len == 0 || a.end() <= b.start || b.end() <= a.start;
        let mut are_blocks = numbers.map(|number| number.is_multiple_of(ERASE));
        let QthFlash { erase_size, write_size, slot, staging, .. } = self.flash;
        (erase_size, write_size as usize) == (ERASE, WRITE)
            && are_blocks.all(|is_block| is_block)
            && (staging == 0 || (cfg!(feature = "inplace") && staging < slot))
            && bank as usize >= limits::BANK
            && self.flash.banks >= 3
            && parts.iter().all(|part| part.end().checked_sub(part.start) == Some(part.len))
            && are_apart(&records, &a)
            && are_apart(&records, &b)
            && are_apart(&a, &b)
    }

    /// The text under a name; empty where the board has none that can be used.
    fn text<const N: usize>(&self, name: QthName) -> String<N> {
        let mut room = [0; N];
        let length = self.name(name, &mut room);
        let text = room.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok());
        text.and_then(|text| String::try_from(text).ok()).unwrap_or_default()
    }
}

/// The flash behind the table's functions; none before the device is started.
pub struct Flash(Option<&'static QthBoard>);

/// The flash has failed, or was asked for what it can't do.
#[derive(Debug)]
pub struct FlashError;

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for Flash {
    type Error = FlashError;
}

fn done(is_done: bool) -> Result<(), FlashError> {
    if is_done {
        Ok(())
    } else {
        Err(FlashError)
    }
}

impl Flash {
    /// The functions, if all these bytes are the flash's, so that a board never gets others.
    fn with(&self, offset: u32, length: usize) -> Result<&'static QthFlash, FlashError> {
        let end = usize::try_from(offset).ok().and_then(|offset| offset.checked_add(length));
        let board = self.0.filter(|_| end.is_some_and(|end| end <= self.capacity()));
        board.map(|board| &board.flash).ok_or(FlashError)
    }
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        done(self.with(offset, bytes.len())?.read(offset, bytes))
    }

    fn capacity(&self) -> usize {
        self.0.and_then(|board| usize::try_from(board.layout().size()).ok()).unwrap_or_default()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let length = to.checked_sub(from).ok_or(FlashError)?;
        done(from.is_multiple_of(ERASE) && length.is_multiple_of(ERASE))?;
        done(self.with(from, length as usize)?.erase(from, length))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        done(offset.is_multiple_of(WRITE as u32) && bytes.len().is_multiple_of(WRITE))?;
        done(self.with(offset, bytes.len())?.write(offset, bytes))
    }
}

/// The board behind the table.
pub struct BareBoard {
    flash: Flash,
    module: String<COMPONENT_MAX>,
    dk: String<{ limits::DEVICE_KEY }>,
    iccid: String<ICCID_MAX>,
    server: String<SERVER_MAX>,
    version: String<VERSION_MAX>,
}

impl BareBoard {
    /// No board yet.
    pub(super) const NONE: Self = Self {
        flash: Flash(None),
        module: String::new(),
        dk: String::new(),
        iccid: String::new(),
        server: String::new(),
        version: String::new(),
    };

    /// The board; `None` when its flash can't be laid out so. `version` is the firmware's.
    pub(super) fn new(board: &'static QthBoard, version: &str) -> Option<Self> {
        board.has_good_layout().then(|| Self {
            flash: Flash(Some(board)),
            module: board.text(QthName::Module),
            dk: board.text(QthName::DeviceKey),
            iccid: board.text(QthName::Iccid),
            server: board.text(QthName::Server),
            version: String::try_from(version).unwrap_or_default(),
        })
    }
}

impl Board for BareBoard {
    type Flash = Flash;

    fn flash(&mut self) -> &mut Flash {
        &mut self.flash
    }

    fn layout(&self) -> Layout {
        self.flash.0.map_or(Layout::NONE, QthBoard::layout)
    }

    fn started(&self) -> Started {
        if self.flash.0.is_some_and(|board| board.flash.started_by_slot) {
            Started::BySlot
        } else {
            Started::Directly
        }
    }

    fn random(&mut self, bytes: &mut [u8]) {
        if let Some(board) = self.flash.0 {
            board.random(bytes);
        }
    }

    fn status(&mut self) -> Status {
        let QthMeasures { battery, millivolts, signal, free } = self.flash.0.map(QthBoard::measure).unwrap_or_default();
        Status { battery, millivolts, signal, free }
    }

    fn about(&self) -> About<'_> {
        About { module: &self.module, version: &self.version, dk: &self.dk, iccid: &self.iccid }
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn trial(&self) -> Trial {
        let flash = self.flash.0.map(|board| &board.flash);
        let set = |value: fn(&QthFlash) -> u32, default: u32| flash.map(value).filter(|value| *value > 0).unwrap_or(default);
        Trial {
            starts: u8::try_from(set(|flash| flash.trial_starts, Trial::STARTS_UNTOLD.into())).unwrap_or(u8::MAX),
            seconds: set(|flash| flash.trial_seconds, Trial::DEFAULT.seconds),
            limit_seconds: set(|flash| flash.trial_limit_seconds, Trial::DEFAULT.limit_seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::border::{QthBuffer, QthBytes};
    use crate::ffi::test_board;

    extern "C" fn name(name: QthName, room: QthBuffer<'_>) -> usize {
        match name {
            QthName::Module => 0,
            _ => room.get().len() + 1,
        }
    }
    extern "C" fn read(_: u32, _: QthBuffer<'_>) -> bool {
        true
    }
    extern "C" fn write(_: u32, _: QthBytes<'_>) -> bool {
        true
    }
    extern "C" fn erase(_: u32, _: u32) -> bool {
        true
    }

    const BANK: u32 = limits::BANK as u32;
    const SLOT: u32 = 4 * BANK;
    const FLASH: QthFlash = QthFlash {
        erase_size: ERASE,
        write_size: WRITE as u32,
        records: 0,
        bank: BANK,
        banks: 4,
        slots: [SLOT, 2 * SLOT],
        slot: SLOT,
        staging: 0,
        started_by_slot: true,
        trial_starts: 0,
        trial_seconds: 60,
        trial_limit_seconds: 0,
        read,
        write,
        erase,
    };
    static BOARD: QthBoard = QthBoard { name, flash: FLASH, ..test_board::board(0) };

    fn is_good(change: impl FnOnce(&mut QthFlash)) -> bool {
        let mut board = BOARD;
        change(&mut board.flash);
        board.has_good_layout()
    }

    #[test]
    fn a_flash_that_is_laid_out_badly_is_refused() {
        assert!(is_good(|_| {}));
        assert!(is_good(|flash| (flash.slot, flash.slots) = (0, [0, 0])), "a board without slots");
        assert!(!is_good(|flash| flash.banks = 2));
        assert!(!is_good(|flash| flash.bank = 0));
        assert!(!is_good(|flash| flash.bank = BANK + 2), "no whole blocks");
        assert!(!is_good(|flash| flash.bank = BANK - ERASE), "no room for all records");
        assert!(!is_good(|flash| flash.slots = [SLOT - ERASE, 2 * SLOT]), "a slot over records");
        assert!(!is_good(|flash| flash.slots = [SLOT, 2 * SLOT - ERASE]), "a slot over the other");
        assert!(!is_good(|flash| flash.slots = [SLOT, u32::MAX - ERASE + 1]), "beyond the end of all flash");
        assert!(!is_good(|flash| flash.bank = 0x8000_0000));
        assert_eq!(is_good(|flash| flash.staging = ERASE), cfg!(feature = "inplace"), "one slot and a staging area");
        assert!(!is_good(|flash| flash.staging = SLOT), "a staging area as large as the slot");
    }

    #[test]
    fn a_library_that_is_built_for_another_flash_is_refused() {
        assert!(!is_good(|flash| flash.erase_size = 2 * ERASE));
        assert!(!is_good(|flash| flash.write_size = 2 * WRITE as u32));
        assert!(!is_good(|flash| flash.write_size = 0));
    }

    #[test]
    fn the_flash_is_asked_only_for_what_it_has() {
        let mut flash = Flash(Some(&BOARD));
        let (end, unit) = (3 * SLOT, WRITE as u32);
        assert_eq!(flash.capacity(), end as usize);
        assert!(flash.read(end - 1, &mut [0]).is_ok());
        assert!(flash.read(end, &mut [0]).is_err());
        assert!(flash.write(unit, &[0; WRITE]).is_ok());
        assert!(flash.write(end - unit, &[0; 2 * WRITE]).is_err(), "behind the end");
        assert!(WRITE == 1 || flash.write(unit / 2, &[0; WRITE]).is_err() && flash.write(unit, &[0; WRITE / 2]).is_err());
        assert!(flash.erase(end - ERASE, end).is_ok());
        assert!(flash.erase(0, end + ERASE).is_err() && flash.erase(2 * ERASE, ERASE).is_err());
        assert!(flash.erase(1, ERASE + 1).is_err());
    }

    #[test]
    fn a_name_that_is_no_good_is_none() {
        let board = BareBoard::new(&BOARD, "1.0.0").unwrap();
        assert_eq!((board.about().module, board.about().dk, board.server(), board.about().version), ("", "", "", "1.0.0"));
    }
}
