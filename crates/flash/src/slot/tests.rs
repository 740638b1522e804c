//! Each step of an upgrade leaves the slots before or behind it, wherever power is cut.

use super::*;
use crate::boot;
use crate::ram::{Cut, RamFlash};
use sha2::{Digest, Sha256};

const SLOT: u32 = 48 * 1024;
const LAYOUT: Layout = Layout {
    records: Region { start: 0, len: 8 * 1024 },
    bank: 2048,
    slots: [Region { start: 8 * 1024, len: SLOT }, Region { start: 8 * 1024 + SLOT, len: SLOT }],
};
const SIZE: u32 = 40_000;
const PIECE: usize = 8 * 1024;

fn image(seed: u8) -> std::vec::Vec<u8> {
    (0..SIZE).map(|at| (at as u8).wrapping_mul(31) ^ seed).collect()
}

fn load<F: NorFlash>(flash: &mut F) -> (Records, Slots) {
    let records = Records::open(flash, LAYOUT);
    let slots = Slots::load(flash, LAYOUT, &records).unwrap();
    (records, slots)
}

fn with_factory<const ERASE: usize, const WRITE: usize>() -> RamFlash<ERASE, WRITE> {
    let mut flash = RamFlash::new(LAYOUT.size());
    Slots::program(&mut flash, LAYOUT, &image(0), "1.0.0").unwrap();
    flash
}

/// A step of an upgrade. One that a power cut has kept from being done is done again; one that was done is passed.
type Step<F> = fn(&mut F) -> Result<(), Error>;

fn begin<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
    let records = &mut Records::open(flash, LAYOUT);
    Slots::load(flash, LAYOUT, records)?.begin(flash, records, SIZE, [0; 32], "1.1.0")
}

fn write<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
    let records = &mut Records::open(flash, LAYOUT);
    let mut slots = Slots::load(flash, LAYOUT, records)?;
    let from = slots.resume(flash, records).ok_or(Error::State)?;
    for (piece, bytes) in image(1).chunks(PIECE).enumerate().filter(|(piece, _)| piece * PIECE >= from as usize) {
        slots.write(flash, records, (piece * PIECE) as u32, bytes)?;
    }
    Ok(())
}

fn ready<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
    let records = &mut Records::open(flash, LAYOUT);
    let mut slots = Slots::load(flash, LAYOUT, records)?;
    let digest = slots.digest(flash, SIZE)?;
    slots.ready(flash, records, digest)
}

fn arm<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
    let records = &mut Records::open(flash, LAYOUT);
    Slots::load(flash, LAYOUT, records)?.arm(flash, records, 3)
}

fn start<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
    boot::decide(flash, LAYOUT).map(|_| ())
}

fn confirm<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
    let records = &mut Records::open(flash, LAYOUT);
    Slots::load(flash, LAYOUT, records)?.confirm(flash, records)
}

fn reject<F: NorFlash>(flash: &mut F) -> Result<(), Error> {
    let records = &mut Records::open(flash, LAYOUT);
    Slots::load(flash, LAYOUT, records)?.reject(flash, records, Reason::DidNotConnect)
}

fn state<F: NorFlash>(flash: &mut F) -> [SlotInfo; 2] {
    load(flash).1.slots
}

/// What is noted as written is there, and what would be started is whole.
fn assert_sound<F: NorFlash>(flash: &mut F, what: &str) {
    let (records, slots) = load(flash);
    if let Some(offset) = slots.resume(flash, &records) {
        let digest = slots.digest(flash, offset).unwrap();
        assert_eq!(digest, <[u8; 32]>::from(Sha256::digest(&image(1)[..offset as usize])), "{what}: resumes at {offset}");
    }
    let running = slots.running().expect("something can always be started");
    let info = slots.info(running).unwrap();
    assert_eq!(digest(flash, LAYOUT.slots[running], info.size).unwrap(), info.sha256, "{what}");
}

/// Cuts the power at every operation of every step, and at every operation of the step's repetition too if so asked.
fn cut_everywhere<const ERASE: usize, const WRITE: usize>(last: Step<RamFlash<ERASE, WRITE>>, cuts: usize) {
    let mut flash = with_factory::<ERASE, WRITE>();
    let steps: [Step<RamFlash<ERASE, WRITE>>; 6] = [begin, write, ready, arm, start, last];
    for (number, step) in steps.into_iter().enumerate() {
        let before = state(&mut flash);
        let mut whole = flash.clone();
        step(&mut whole).unwrap();
        let after = state(&mut whole);
        cut_step(&flash, step, [&before, &after], cuts, &std::format!("step {number}"));
        flash = whole;
    }
}

fn cut_step<const ERASE: usize, const WRITE: usize>(
    flash: &RamFlash<ERASE, WRITE>,
    step: Step<RamFlash<ERASE, WRITE>>,
    [before, after]: [&[SlotInfo; 2]; 2],
    cuts: usize,
    what: &str,
) {
    let mut whole = flash.clone();
    whole.history = Some(std::vec::Vec::new());
    step(&mut whole).unwrap();
    for (operation, parts) in whole.history.unwrap_or_default().into_iter().enumerate() {
        for cut in Cut::some(parts) {
            let what = std::format!("{what}, operation {operation} {cut:?}");
            let mut torn = flash.clone();
            torn.cut_power_at(operation, cut);
            step(&mut torn).unwrap_err();
            torn.restore_power();
            Records::open(&mut torn, LAYOUT).settle(&mut torn).unwrap();
            let found = state(&mut torn);
            assert!(found == *before || found == *after, "{what}");
            assert_sound(&mut torn, &what);
            if found == *before {
                if cuts > 1 {
                    cut_step(&torn, step, [before, after], cuts - 1, &what);
                }
                step(&mut torn).unwrap();
                assert_eq!(state(&mut torn), *after, "{what}");
                assert_sound(&mut torn, &what);
            }
        }
    }
}

#[test]
fn a_power_cut_leaves_the_slots_before_or_behind_a_step_whatever_the_chip() {
    cut_everywhere::<512, 1>(confirm, 1);
    cut_everywhere::<1024, 4>(reject, 1);
    cut_everywhere::<2048, 8>(confirm, 1);
    cut_everywhere::<2048, 16>(reject, 1);
    cut_everywhere::<2048, 32>(confirm, 1);
}

#[test]
fn so_does_a_second_cut_while_a_step_is_done_again() {
    cut_everywhere::<1024, 4>(confirm, 2);
    cut_everywhere::<2048, 32>(reject, 2);
}

#[test]
fn three_starts_are_taken_off_then_the_old_firmware_comes_back() {
    let mut flash = with_factory::<1024, 4>();
    for step in [begin, write, ready, arm] {
        step(&mut flash).unwrap();
    }
    for left in [2, 1, 0] {
        let boot = boot::decide(&mut flash, LAYOUT).unwrap().boot().unwrap();
        assert_eq!((boot.slot, boot.trial), (1, Some(left)));
    }
    for _ in 0..2 {
        let boot = boot::decide(&mut flash, LAYOUT).unwrap().boot().unwrap();
        assert_eq!((boot.slot, boot.trial), (0, None));
    }
    let (_, slots) = load(&mut flash);
    assert_eq!(slots.reverted(), Some(Reason::DidNotStart));
    assert!(slots.is_known_bad(&Sha256::digest(image(1)).into()));
}

#[test]
fn a_file_that_begins_anew_is_not_resumed_where_the_other_was() {
    let mut flash = with_factory::<1024, 4>();
    begin(&mut flash).unwrap();
    write(&mut flash).unwrap();
    let (mut records, mut slots) = load(&mut flash);
    assert_eq!(slots.resume(&mut flash, &records), Some(32 * 1024));
    slots.write(&mut flash, &mut records, 0, &image(2)[..PIECE]).unwrap();
    assert_eq!(slots.resume(&mut flash, &records), Some(0));
}

#[test]
fn a_step_that_cannot_be_stored_is_not_taken() {
    let steps: [Step<RamFlash<1024, 4>>; 5] = [begin, write, ready, arm, start];
    for done in [0, 2, 3, 5] {
        let mut flash = with_factory::<1024, 4>();
        steps[..done].iter().for_each(|step| step(&mut flash).unwrap());
        let (mut records, mut slots) = load(&mut flash);
        let before = slots.slots.clone();
        flash.worn = 0..LAYOUT.records.end();
        let failed = match done {
            0 => slots.begin(&mut flash, &mut records, SIZE, [0; 32], "1.1.0"),
            2 => slots.ready(&mut flash, &mut records, [1; 32]),
            3 => slots.arm(&mut flash, &mut records, 3),
            _ => slots.reject(&mut flash, &mut records, Reason::DidNotConnect),
        };
        assert_eq!(failed, Err(Error::Device));
        assert_eq!(slots.slots, before, "after {done} steps");
        assert_eq!((slots.reverted(), slots.known_bad()), (None, None));
    }
}

#[test]
fn a_record_that_cannot_be_read_is_no_empty_board() {
    let mut flash = with_factory::<1024, 4>();
    flash.unreadable = LAYOUT.records.start..LAYOUT.records.end();
    assert_eq!(boot::decide(&mut flash, LAYOUT), Err(Error::Device));
    let (mut records, mut slots) = (Records::open(&mut flash, LAYOUT), Slots::unknown(LAYOUT));
    assert_eq!(slots.begin(&mut flash, &mut records, SIZE, [0; 32], "1.1.0"), Err(Error::Device));
}
