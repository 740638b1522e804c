//! Rewrites a slot in place, there and back, as the bootloader of a board with one slot does. The flash is memory: what reading
//! and writing it takes on a chip is not in the cost.

use crate::cost;
use crate::host::Terminal;
use core::fmt::Write;
use embedded_storage::nor_flash::{check_erase, check_read, check_write, ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use qth_flash::boot::{decide, Decision};
use qth_flash::layout::{Layout, Region};
use qth_flash::records::Records;
use qth_flash::slot::{Reason, Slots};
use qth_package::inplace::Installer;

const BLOCK: u32 = 4096;
const STARTS: u8 = 3;

/// A chip that is blank where all bits are set, and whose bits a write only clears.
struct Chip<'a>(&'a mut [u8]);

impl Chip<'_> {
    fn part(&mut self, offset: u32, length: usize) -> &mut [u8] {
        self.0.get_mut(offset as usize..).and_then(|rest| rest.get_mut(..length)).unwrap_or_default()
    }
}

impl ErrorType for Chip<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Chip<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        bytes.copy_from_slice(self.part(offset, bytes.len()));
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Chip<'_> {
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

/// A slot for the larger image, and the smallest staging area for the package: one block of it is for scratch.
fn layout(old: &[u8], new: &[u8], package: &[u8]) -> Layout {
    let blocks = |bytes: &[u8]| (bytes.len() as u32).next_multiple_of(BLOCK);
    let records = Region { start: 0, len: 3 * BLOCK };
    let slot = Region { start: records.end(), len: blocks(old).max(blocks(new)) };
    let staging = Region { start: slot.end(), len: blocks(package) + BLOCK };
    Layout { records, bank: BLOCK, slots: [slot, staging] }
}

/// Prints what the way to the new image costs, then what the way back does, and the memory that the installer takes.
pub fn run(old: &[u8], package: &[u8], new: &[u8], room: &mut [u8]) -> Result<(), &'static str> {
    let layout = layout(old, new, package);
    let (flash, rest) = room.split_at_mut_checked(layout.size() as usize).ok_or("no room for the flash")?;
    let memory = rest.get_mut(..BLOCK as usize).ok_or("no room for a block")?;
    flash.fill(0xFF);
    let mut chip = Chip(flash);
    arm(&mut chip, layout, old, package).map_err(|_| "the package can't be armed")?;

    let mut installer = Installer::new();
    for (target, error) in [(new, "the new image is not in the slot"), (old, "the old image is not back")] {
        if decide(&mut chip, layout) != Ok(Decision::Rewrite) {
            return Err("nothing is to be rewritten");
        }
        cost::of(|| installer.run(&mut chip, layout, memory, &mut |_| ())).map_err(|_| "the slot can't be rewritten")?;
        let size = target.len() as u32;
        match decide(&mut chip, layout) {
            Ok(Decision::Start(boot)) if boot.size == size && chip.part(layout.slots[0].start, target.len()) == target => (),
            _ => return Err(error),
        }
        // Where it is the old one there is no trial that could fail.
        let mut records = Records::open(&mut chip, layout);
        let slots = Slots::load(&mut chip, layout, &records);
        let _ = slots.and_then(|mut slots| slots.reject(&mut chip, &mut records, Reason::DidNotConnect));
    }
    let _ = writeln!(Terminal, "static {}", core::mem::size_of_val(&installer) + memory.len());
    Ok(())
}

/// As the device leaves the flash, once it has verified the package.
fn arm(chip: &mut Chip<'_>, layout: Layout, old: &[u8], package: &[u8]) -> Result<(), qth_flash::Error> {
    let (mut records, mut slots) = Slots::program(chip, layout, old, "1")?;
    slots.put(chip, &mut records, package, "2")?;
    slots.arm(chip, &mut records, STARTS)
}
