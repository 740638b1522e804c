//! A board in memory.

use super::random::Random;
use qth::board::{About, Board, Started, Status, Trial};
use qth_flash::layout::{Layout, Region};
use qth_flash::ram::{RamFlash, ERASE, WRITE};

/// Small slots, so that thousands of upgrades take seconds.
pub const LAYOUT: Layout = Layout {
    records: Region { start: 0, len: 16 * 1024 },
    bank: 4 * 1024,
    slots: [Region { start: 16 * 1024, len: 64 * 1024 }, Region { start: 80 * 1024, len: 64 * 1024 }],
};

/// A board whose flash has erase blocks and write units of these sizes.
pub struct SimBoardOf<const E: usize, const W: usize> {
    /// Its flash.
    pub flash: RamFlash<E, W>,
    /// Where records and slots lie there.
    pub layout: Layout,
    /// Version of the firmware that runs.
    pub version: String,
    /// What it takes random numbers from.
    pub random: Random,
}

/// A board with the usual flash.
pub type SimBoard = SimBoardOf<ERASE, WRITE>;

impl<const E: usize, const W: usize> Board for SimBoardOf<E, W> {
    type Flash = RamFlash<E, W>;

    fn flash(&mut self) -> &mut RamFlash<E, W> {
        &mut self.flash
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    fn started(&self) -> Started {
        Started::BySlot
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.random.below(256) as u8);
    }

    fn status(&mut self) -> Status {
        Status { battery: 87, millivolts: 3808, signal: -71, free: 1 << 20 }
    }

    fn about(&self) -> About<'_> {
        About { module: "EC600N", version: &self.version, dk: "866000000000017", iccid: "89860012345678901234" }
    }

    fn server(&self) -> &str {
        "mqtt://127.0.0.1"
    }

    fn trial(&self) -> Trial {
        Trial::DEFAULT
    }
}
