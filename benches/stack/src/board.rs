//! A board whose flash is memory.

use embedded_storage::nor_flash::{check_erase, check_read, check_write, ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use qth::board::{About, Board, Started, Status};
use qth_flash::layout::{Layout, Region};
use qth_flash::records::Records;
use qth_flash::slot::Slots;

/// Component of the firmware.
pub const MODULE: &str = "STACK";
/// Version of the first firmware, and of the one that it is upgraded to.
pub const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];

const BLOCK: u32 = 4096;
const SLOT: u32 = 16 * BLOCK;
const LAYOUT: Layout = Layout {
    records: Region { start: 0, len: 4 * BLOCK },
    bank: BLOCK,
    slots: [Region { start: 4 * BLOCK, len: SLOT }, Region { start: 4 * BLOCK + SLOT, len: SLOT }],
};

/// A chip that is blank where all bits are set, and whose bits a write only clears.
pub struct Chip(Option<&'static mut [u8]>);

impl Chip {
    fn part(&mut self, offset: u32, length: usize) -> &mut [u8] {
        let bytes = self.0.as_deref_mut().unwrap_or_default();
        bytes.get_mut(offset as usize..).and_then(|rest| rest.get_mut(..length)).unwrap_or_default()
    }
}

impl ErrorType for Chip {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        bytes.copy_from_slice(self.part(offset, bytes.len()));
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.as_ref().map_or(0, |bytes| bytes.len())
    }
}

impl NorFlash for Chip {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = BLOCK as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.part(from, (to - from) as usize).fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (to, from) in self.part(offset, bytes.len()).iter_mut().zip(bytes) {
            *to &= from;
        }
        Ok(())
    }
}

/// The board.
pub struct Simulated {
    chip: Chip,
    version: &'static str,
}

impl Simulated {
    /// One without flash.
    pub const NONE: Self = Self { chip: Chip(None), version: "" };

    /// A board with its first firmware.
    pub fn new(memory: &'static mut [u8]) -> Result<Self, &'static str> {
        let flash = memory.get_mut(..LAYOUT.size() as usize).ok_or("no room for the flash")?;
        flash.fill(0xFF);
        let mut board = Self { chip: Chip(Some(flash)), version: VERSIONS[0] };
        let mut records = Records::open(&mut board.chip, LAYOUT);
        let mut slots = Slots::load(&mut board.chip, LAYOUT, &records).map_err(|_| "no slots")?;
        slots.factory(&mut board.chip, &mut records, 4, [1; 32], VERSIONS[0]).map_err(|_| "no first firmware")?;
        Ok(board)
    }

    /// The version of the firmware that runs from now on.
    pub fn set_version(&mut self, version: &'static str) {
        self.version = version;
    }
}

impl Board for Simulated {
    type Flash = Chip;

    fn flash(&mut self) -> &mut Chip {
        &mut self.chip
    }

    fn layout(&self) -> Layout {
        LAYOUT
    }

    fn started(&self) -> Started {
        Started::BySlot
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(4);
    }

    fn status(&mut self) -> Status {
        Status { battery: 87, millivolts: 3808, signal: -71, free: SLOT }
    }

    fn about(&self) -> About<'_> {
        About { module: MODULE, version: self.version, dk: "860123000000025", iccid: "" }
    }

    fn server(&self) -> &str {
        "mqtt://center"
    }
}
