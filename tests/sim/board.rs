//! A board in memory.

use super::random::Random;
use qth::board::{About, Board, Started};
use qth::flash::layout::{Layout, Region};
use qth::flash::ram::RamFlash;
use qth::ota::strategy::Status;

/// Small slots, so that thousands of upgrades take seconds.
pub const LAYOUT: Layout = Layout {
    records: Region { start: 0, len: 16 * 1024 },
    bank: 4 * 1024,
    slots: [Region { start: 16 * 1024, len: 64 * 1024 }, Region { start: 80 * 1024, len: 64 * 1024 }],
};

pub const TRIAL_SECONDS: u32 = 1200;

pub struct SimBoard {
    pub flash: RamFlash,
    pub version: String,
    pub random: Random,
}

impl Board for SimBoard {
    type Flash = RamFlash;

    fn flash(&mut self) -> &mut RamFlash {
        &mut self.flash
    }

    fn layout(&self) -> Layout {
        LAYOUT
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

    fn trial_seconds(&self) -> u32 {
        TRIAL_SECONDS
    }
}
