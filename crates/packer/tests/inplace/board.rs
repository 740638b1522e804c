//! A board with one slot, whose package is armed, and its bootloader.

use crate::firmware::Program;
use crate::package;
use qth_flash::boot::{self, Decision};
use qth_flash::layout::{Layout, Region};
use qth_flash::ram::{Cut, RamFlash};
use qth_flash::records::Records;
use qth_flash::slot::{Reason, Slots, State};
use qth_package::delta::field::InstructionSet::Thumb;
use qth_package::inplace::{Error, Installer};
use qth_packer::container::sha256;
use qth_packer::inplace;

pub const BLOCK: usize = 1024;
const STARTS: u8 = 3;

pub type Flash = RamFlash<BLOCK, 8>;

pub struct Board {
    pub layout: Layout,
    pub flash: Flash,
    pub old: Vec<u8>,
    pub new: Vec<u8>,
}

impl Board {
    /// A board that has downloaded and armed a package from the old to the new image.
    pub fn armed(functions: usize) -> Self {
        let program = Program::new(functions, 1);
        let old = program.link(Thumb);
        let new = program.with_fix(functions / 2).with_features(1, 7).link(Thumb);
        let package = package(&old, &new, Thumb, &inplace::Layout { slot: 1 << 16, staging: 1 << 15, block: BLOCK as u32 });
        let staging = package.len().next_multiple_of(BLOCK) as u32 + 2 * BLOCK as u32;
        let slot = (new.len().next_multiple_of(BLOCK) as u32).max(staging) + BLOCK as u32;
        let records = Region { start: 0, len: 12 * 1024 };
        let layout = Layout {
            records,
            bank: 4 * 1024,
            slots: [Region { start: records.end(), len: slot }, Region { start: records.end() + slot, len: staging }],
        };
        let mut flash = Flash::new(layout.size());
        let (mut records, mut slots) = Slots::program(&mut flash, layout, &old, "1").unwrap();
        slots.put(&mut flash, &mut records, &package, "2").unwrap();
        slots.arm(&mut flash, &mut records, STARTS).unwrap();
        Self { layout, flash, old, new }
    }

    /// A board whose new image has failed its trial.
    pub fn failed(functions: usize) -> Self {
        let mut board = Self::armed(functions);
        board.rewrite().unwrap();
        let mut records = Records::open(&mut board.flash, board.layout);
        let mut slots = Slots::load(&mut board.flash, board.layout, &records).unwrap();
        slots.reject(&mut board.flash, &mut records, Reason::DidNotConnect).unwrap();
        board
    }

    pub fn with_flash(&self, flash: Flash) -> Self {
        Self { layout: self.layout, flash, old: self.old.clone(), new: self.new.clone() }
    }

    /// The flash operations of its rewriting, each with its parts.
    pub fn operations(&self) -> Vec<usize> {
        let mut board = self.with_flash(self.flash.clone());
        board.flash.history = Some(Vec::new());
        board.rewrite().unwrap();
        board.flash.history.unwrap()
    }

    pub fn rewrite(&mut self) -> Result<(), Error> {
        Installer::new().run(&mut self.flash, self.layout, &mut [0; BLOCK], &mut |_| ())
    }

    /// Cuts the power at this operation, and leaves the board as it is when power is back; false where there are not as many.
    pub fn cut(&mut self, operation: usize, cut: Cut) -> bool {
        self.flash.cut_power_at(operation, cut);
        let end = self.rewrite();
        let lost = self.flash.lost_power();
        assert_eq!(end, if lost { Err(Error::Flash) } else { Ok(()) });
        self.flash.restore_power();
        lost
    }

    pub fn image(&mut self, size: usize) -> Vec<u8> {
        self.flash.bytes_mut()[self.layout.slots[0].start as usize..][..size].to_vec()
    }

    pub fn slots(&mut self) -> Slots {
        let records = Records::open(&mut self.flash, self.layout);
        Slots::load(&mut self.flash, self.layout, &records).unwrap()
    }

    /// The new image is in the slot, whole, and has its trial.
    pub fn is_there(&mut self) {
        assert!(self.image(self.new.len()) == self.new);
        let slots = self.slots();
        let info = slots.info(0).unwrap();
        assert_eq!((info.state, info.version.as_str()), (State::Trial { boots_left: STARTS }, "2"));
        assert_eq!(info.sha256, sha256(&self.new));
        let Ok(Decision::Start(boot)) = boot::decide(&mut self.flash, self.layout) else { panic!("it is started") };
        assert_eq!((boot.sha256, boot.trial), (sha256(&self.new), Some(STARTS - 1)));
    }

    /// The old image is in the slot again, and why is to be reported.
    pub fn is_back(&mut self) {
        assert!(self.image(self.old.len()) == self.old);
        let slots = self.slots();
        let info = slots.info(0).unwrap();
        assert_eq!((info.state, info.version.as_str()), (State::Confirmed, "1"));
        assert_eq!(slots.reverted(), Some(Reason::DidNotConnect));
        assert!(!slots.is_known_bad(&sha256(&self.new)), "it may have been the network");
        let Ok(Decision::Start(boot)) = boot::decide(&mut self.flash, self.layout) else { panic!("it is started") };
        assert_eq!((boot.sha256, boot.trial), (sha256(&self.old), None));
    }

    /// Since `before`, each block of slot and staging area was erased at most once more than the power was cut.
    pub fn is_spared(&self, before: &Flash, cuts: usize) {
        let first = self.layout.slots[0].start as usize / BLOCK;
        for (block, (now, before)) in self.flash.erases.iter().zip(&before.erases).enumerate().skip(first) {
            let scratches = self.layout.slots[1].start as usize / BLOCK <= block;
            // A scratch block is used in turn with others; here there are two, for half the blocks each, unless one is worn.
            let sound = if self.flash.worn.is_empty() { 2 } else { 1 };
            let most = if scratches { self.image_blocks().div_ceil(sound) } else { 1 };
            assert!(now - before <= most + cuts, "block {block} was erased {} times", now - before);
        }
    }

    pub fn image_blocks(&self) -> usize {
        self.old.len().max(self.new.len()).div_ceil(BLOCK)
    }

    pub fn slots_are_armed(&self) -> bool {
        self.with_flash(self.flash.clone()).slots().info(1).is_some_and(|package| matches!(package.state, State::Armed { .. }))
    }
}
