//! A device's flash and board for tests of the upgrade alone, and the ways into each of its states.

use super::content::{plain, Piece};
use super::md5::Md5;
use super::*;
use crate::board::{About, Started, Status as Measured};
use qth_flash::boot::{self, Decision};
use qth_flash::layout::{Layout, Region};
use qth_flash::ram::RamFlash;
use qth_protocol::ota::id;
use qth_protocol::ttlv::Writer;
use std::string::String;
use std::vec::Vec;

const LAYOUT: Layout = Layout {
    records: Region { start: 0, len: 16 * 1024 },
    bank: 4 * 1024,
    slots: [Region { start: 16 * 1024, len: 64 * 1024 }, Region { start: 80 * 1024, len: 64 * 1024 }],
};

pub const OLD: &str = "1.0.0";
pub const NEW: &str = "1.1.0";

pub struct TestBoard {
    pub flash: RamFlash,
    pub version: String,
    pub battery: u8,
}

impl Board for TestBoard {
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
        bytes.fill(7);
    }

    fn status(&mut self) -> Measured {
        Measured { battery: self.battery, millivolts: 3800, signal: -70, free: 1 << 20 }
    }

    fn about(&self) -> About<'_> {
        About { module: "EC600N", version: &self.version, dk: "866000000000017", iccid: "" }
    }

    fn server(&self) -> &str {
        "mqtt://127.0.0.1"
    }
}

/// An upgrade with all that it reads and writes, under a clock of its own.
pub struct Bed {
    pub now: Instant,
    pub board: TestBoard,
    pub records: Records,
    pub slots: Slots,
    pub settings: Settings,
    pub is_online: bool,
    pub upgrade: Upgrade<NoPackages>,
}

impl Bed {
    /// A board that runs its first firmware, online and without an upgrade.
    pub fn new() -> Self {
        let mut flash = RamFlash::new(LAYOUT.size());
        let mut records = Records::open(&mut flash, LAYOUT);
        let mut slots = Slots::load(&mut flash, LAYOUT, &records).unwrap();
        slots.factory(&mut flash, &mut records, 4, [1; 32], OLD).unwrap();
        let mut settings = Settings::new();
        settings.mcu_versions = mcu::with_version("", "MCU1", OLD).unwrap();
        let board = TestBoard { flash, version: OLD.into(), battery: 90 };
        let now = Instant::from_millis(1_000_000);
        Self { now, board, records, slots, settings, is_online: true, upgrade: Upgrade::new() }
    }

    /// What the upgrade is handed with an input.
    pub fn parts(&mut self) -> (&mut Upgrade<NoPackages>, Context<'_, TestBoard>) {
        let Self { board, records, slots, settings, is_online, upgrade, .. } = self;
        (upgrade, Context { board, records, slots, settings, is_online: *is_online })
    }

    /// Gives an input; what it has led to.
    pub fn on(&mut self, input: Input<'_>) -> (&'static str, Effects) {
        let now = self.now;
        let (upgrade, mut cx) = self.parts();
        let effects = upgrade.on(now, input, &mut cx);
        (self.upgrade.state.name(), effects)
    }

    /// Time passes up to the next deadline, which expires; how many seconds that took, and what it has led to.
    pub fn wait(&mut self) -> (u64, &'static str, Effects) {
        let at = self.upgrade.timers.next().expect("a deadline");
        let seconds = at.millis_since(self.now) / 1000;
        self.now = at;
        let (upgrade, mut cx) = self.parts();
        let effects = upgrade.timeout(at, &mut cx).expect("it expires");
        (seconds, self.upgrade.state.name(), effects)
    }

    /// All of the file comes in.
    pub fn receive(&mut self) {
        let file = image();
        let (upgrade, mut cx) = self.parts();
        plain::keep(Piece { offset: 0, bytes: &file }, upgrade.digests.as_mut().expect("a download runs"), &mut cx).unwrap();
    }

    /// The board restarts, with what the bootloader decides, and the firmware of that slot.
    pub fn restart(&mut self) {
        let decision = boot::decide(&mut self.board.flash, LAYOUT).unwrap();
        let Decision::Start(boot) = decision else { panic!("{decision:?}") };
        self.board.version = if boot.slot == 0 { OLD.into() } else { NEW.into() };
        self.records = Records::open(&mut self.board.flash, LAYOUT);
        self.slots = Slots::load(&mut self.board.flash, LAYOUT, &self.records).unwrap();
        self.upgrade = Upgrade::new();
        let now = self.now;
        let (upgrade, mut cx) = self.parts();
        upgrade.restore(now, &mut cx);
    }

    /// Nothing can be written to flash any more.
    pub fn wear_out(&mut self) {
        self.board.flash.worn = 0..LAYOUT.size();
    }

    /// A bed in this state, by the way that leads there.
    pub fn in_state(name: &str) -> Self {
        let mut bed = Self::new();
        let way: &[Input<'_>] = match name {
            "Idle" => &[],
            "Offered" => &[Input::Plan(&plan("EC600N", 0))],
            "Confirmed" => &[Input::Plan(&plan("EC600N", 0)), Input::Accept],
            "Downloading" | "Paused" | "Downloaded" | "Installing" | "Restarting" | "Trial" | "Ended" => {
                &[Input::Plan(&plan("EC600N", 0)), Input::Accept, Input::FileInfo(&file_info("EC600N", 0))]
            }
            "McuUpdating" => &[Input::Plan(&plan("MCU1", 1)), Input::Accept, Input::FileInfo(&file_info("MCU1", 1))],
            "McuReading" => {
                &[Input::Plan(&plan("MCU1", 1)), Input::Accept, Input::FileInfo(&file_info("MCU1", 1)), Input::McuFetch]
            }
            _ => panic!("no state {name}"),
        };
        for input in way {
            let _ = bed.on(*input);
        }
        bed.go_on_to(name);
        assert_eq!(bed.upgrade.state.name(), name);
        bed
    }

    fn go_on_to(&mut self, name: &str) {
        match name {
            "Paused" => _ = self.on(Input::Fetched(Err(Failure::Network))),
            "Ended" => self.fail_attempts(),
            "Installing" | "McuReading" | "Restarting" | "Trial" | "Downloaded" => {
                self.receive();
                _ = self.on(Input::Fetched(Ok(())));
                if matches!(name, "Restarting" | "Trial") {
                    _ = self.on(Input::Acknowledged(Status::Updating));
                }
                match name {
                    "Trial" => self.restart(),
                    // Only a restart just there stays in it.
                    "Downloaded" => self.upgrade.state = State::Downloaded,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn fail_attempts(&mut self) {
        for _ in 1..ATTEMPTS_MAX {
            let _ = self.on(Input::Fetched(Err(Failure::Server)));
            let _ = self.wait();
        }
        let _ = self.on(Input::Fetched(Err(Failure::Server)));
    }

    /// The first `length` bytes of a file of zeros come in.
    pub fn receive_zeros(&mut self, length: u32) {
        let (upgrade, mut cx) = self.parts();
        let digests = upgrade.digests.as_mut().expect("a download runs");
        for offset in (0..length).step_by(4096) {
            plain::keep(Piece { offset, bytes: &[0; 4096] }, digests, &mut cx).unwrap();
        }
    }

    /// The script resets the board.
    pub fn reset(&mut self) {
        let now = self.now;
        let (upgrade, mut cx) = self.parts();
        upgrade.before_reset(now, &mut cx);
        self.restart();
    }
}

/// The new image.
pub fn image() -> Vec<u8> {
    (0..5000_u32).map(|index| (index * 7 + index / 251) as u8).collect()
}

/// A plan for one component.
pub fn plan(component: &str, kind: i64) -> Vec<u8> {
    write(|writer| {
        writer.text(id::COMPONENT, component);
        writer.text(id::SOURCE_VERSION, OLD).text(id::TARGET_VERSION, NEW).int(id::KIND, kind).int(id::BATTERY, 30);
    })
}

/// A plan for one component that needs nobody's word.
pub fn plan_that_confirms_itself() -> Vec<u8> {
    let mut plan = plan("EC600N", 0);
    plan.extend(write(|writer| _ = writer.int(id::CONTROL, 1)));
    plan
}

/// Where the new image is.
pub fn file_info(component: &str, kind: i64) -> Vec<u8> {
    file_info_of(&image(), component, kind)
}

/// Where this file is.
pub fn file_info_of(image: &[u8], component: &str, kind: i64) -> Vec<u8> {
    let mut md5 = Md5::new();
    md5.update(image);
    let md5: String = md5.finish().iter().map(|byte| format!("{byte:02x}")).collect();
    let crc32 = crc::Crc::<u32>::new(&crc::CRC_32_MPEG_2).checksum(image);
    write(|writer| {
        writer.text(id::URL, "http://127.0.0.1/f").int(id::SIZE, image.len() as i64).text(id::MD5, &md5);
        writer.text(id::COMPONENT, component).text(id::TARGET_VERSION, NEW).int(id::KIND, kind);
        writer.text(id::CRC32, &format!("{crc32:08x}"));
    })
}

fn write(fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut bytes = [0; 512];
    let mut writer = Writer::new(&mut bytes);
    fill(&mut writer);
    let length = writer.finish().unwrap();
    bytes[..length].to_vec()
}
