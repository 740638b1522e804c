//! A board with one slot, in memory: what a device and its bootloader do with an in-place package, by their own code.

use qth_flash::layout::{Layout, Region};
use qth_flash::ram::RamFlash;
use qth_flash::records::Records;
use qth_flash::slot::{Reason, Slots};
use qth_flash::Error;
use qth_package::inplace::staged::Payload;
use qth_package::inplace::{Installer, BLOCK_MIN};
use qth_package::Package;

/// Room for all records, at the least.
const BANK_MIN: u32 = 4096;

/// What is in the slot after an in-place package was installed, and after it was brought back.
pub(crate) struct Outcome {
    /// The new image.
    pub there: Vec<u8>,
    /// The old image.
    pub back: Vec<u8>,
}

/// Installs the package, whose new image has this size, over the old image; then has the trial fail. `None`: it can't be installed,
/// or not be undone, or there is no board for it.
pub(crate) fn install(old: &[u8], package: &Package<'_>, size: usize) -> Option<Outcome> {
    let payload = Payload::parse(package.manifest.payload_size, package.payload).ok()?;
    let file = [package.signed, package.signature, package.payload].concat();
    match payload.block {
        0x400 => on::<0x400>(old, &file, size),
        0x800 => on::<0x800>(old, &file, size),
        0x1000 => on::<0x1000>(old, &file, size),
        0x2000 => on::<0x2000>(old, &file, size),
        0x4000 => on::<0x4000>(old, &file, size),
        0x8000 => on::<0x8000>(old, &file, size),
        0x10000 => on::<0x10000>(old, &file, size),
        0x20000 => on::<0x20000>(old, &file, size),
        _ => None,
    }
}

fn on<const BLOCK: usize>(old: &[u8], file: &[u8], size: usize) -> Option<Outcome> {
    const { assert!(BLOCK >= BLOCK_MIN as usize) };
    let whole = |bytes: usize| u32::try_from(bytes.next_multiple_of(BLOCK)).ok();
    let staging = whole(file.len())?.checked_add(BLOCK as u32)?;
    let slot = whole(old.len().max(size))?.max(staging.checked_add(BLOCK as u32)?);
    let bank = (BLOCK as u32).max(BANK_MIN);
    let layout = Layout {
        records: Region { start: 0, len: 3 * bank },
        bank,
        slots: [Region { start: 3 * bank, len: slot }, Region { start: 3 * bank + slot, len: staging }],
    };
    let mut flash = RamFlash::<BLOCK, 4>::new(layout.size());
    stage(&mut flash, layout, old, file).ok()?;
    let mut installer = Installer::new();
    let mut memory = vec![0; BLOCK];
    let mut rewrite = |flash: &mut RamFlash<BLOCK, 4>, expected: usize| {
        installer.run(flash, layout, &mut memory, &mut |_| ()).ok()?;
        let records = Records::open(flash, layout);
        let slots = Slots::load(flash, layout, &records).ok()?;
        let is_there = slots.running().is_some() && slots.reverted().is_none_or(|reason| reason == Reason::DidNotStart);
        is_there.then(|| flash.bytes_mut()[layout.slots[0].start as usize..][..expected].to_vec())
    };
    let there = rewrite(&mut flash, size)?;
    let mut records = Records::open(&mut flash, layout);
    Slots::load(&mut flash, layout, &records)
        .and_then(|mut slots| slots.reject(&mut flash, &mut records, Reason::DidNotStart))
        .ok()?;
    let back = rewrite(&mut flash, old.len())?;
    Some(Outcome { there, back })
}

/// The old image in the slot, the package armed in the staging area.
fn stage<const BLOCK: usize>(flash: &mut RamFlash<BLOCK, 4>, layout: Layout, old: &[u8], file: &[u8]) -> Result<(), Error> {
    let (mut records, mut slots) = Slots::program(flash, layout, old, "")?;
    slots.put(flash, &mut records, file, "")?;
    slots.arm(flash, &mut records, 1)
}
