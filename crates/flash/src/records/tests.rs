//! Records survive power cuts at every flash operation, rot, and chips of every geometry.

use super::entry::{check, HEADER};
use super::*;
use crate::layout::Region;
use crate::ram::{Cut, RamFlash};

/// Four banks at the chip's start, of one or more blocks.
const fn layout(bank: u32) -> Layout {
    let nowhere = Region { start: 4 * bank, len: 0 };
    Layout { records: Region { start: 0, len: 4 * bank }, bank, slots: [nowhere, nowhere] }
}

fn value<F: NorFlash>(flash: &mut F, records: &Records, key: Key) -> Option<std::vec::Vec<u8>> {
    let mut out = [0; 512];
    records.get(flash, key, &mut out).unwrap().map(|length| out[..length].to_vec())
}

type Values = [Option<std::vec::Vec<u8>>; KEYS.len()];

fn values<F: NorFlash>(flash: &mut F, layout: Layout) -> Values {
    let records = Records::open(flash, layout);
    KEYS.map(|key| value(flash, &records, key))
}

/// What a start finds.
fn settled<F: NorFlash>(flash: &mut F, layout: Layout) -> Values {
    Records::open(flash, layout).settle(flash).unwrap();
    values(flash, layout)
}

/// What the `step`th write of a long life writes: every key in turn, of many lengths, now and then a removal.
fn write(step: u32) -> (usize, std::vec::Vec<u8>) {
    let length = if step % 5 == 4 { 0 } else { (step * 7) % 90 + 1 };
    (step as usize % KEYS.len(), std::vec![step as u8; length as usize])
}

fn put<F: NorFlash>(flash: &mut F, records: &mut Records, step: u32) -> Result<(), Error> {
    let (key, value) = write(step);
    records.put(flash, KEYS[key], &value)
}

fn applied(mut values: Values, step: u32) -> Values {
    let (key, value) = write(step);
    values[key] = Some(value).filter(|value| !value.is_empty());
    values
}

/// Cuts the power in every way at every operation of many writes, each in a start of its own, and `cuts` times one after the other.
fn cut_everywhere<const ERASE: usize, const WRITE: usize>(bank: u32, steps: u32, cuts: usize) {
    let layout = layout(bank);
    let mut flash = RamFlash::<ERASE, WRITE>::new(layout.size());
    for step in 0..steps {
        let before = values(&mut flash, layout);
        let after = applied(before.clone(), step);
        cut_step(&flash, layout, step, [&before, &after], cuts);
        let mut records = Records::open(&mut flash, layout);
        put(&mut flash, &mut records, step).unwrap();
        assert_eq!(values(&mut flash, layout), after);
    }
}

fn cut_step<const ERASE: usize, const WRITE: usize>(
    flash: &RamFlash<ERASE, WRITE>,
    layout: Layout,
    step: u32,
    [before, after]: [&Values; 2],
    cuts: usize,
) {
    let start = |flash: &mut RamFlash<ERASE, WRITE>| {
        let mut records = Records::open(flash, layout);
        records.settle(flash)?;
        put(flash, &mut records, step)
    };
    let mut whole = flash.clone();
    whole.history = Some(std::vec::Vec::new());
    start(&mut whole).unwrap();
    for (operation, parts) in whole.history.unwrap_or_default().into_iter().enumerate() {
        for cut in Cut::some(parts) {
            let mut torn = flash.clone();
            torn.chance += operation as u64;
            torn.cut_power_at(operation, cut);
            let done = start(&mut torn);
            if !torn.lost_power() {
                // By chance there was less to do this time.
                done.unwrap();
                continue;
            }
            torn.restore_power();
            if cuts > 1 {
                cut_step(&torn, layout, step, [before, after], cuts - 1);
            }
            let found = settled(&mut torn, layout);
            let what = std::format!("step {step} operation {operation} {cut:?}");
            assert!(found == *before || found == *after, "{what}");
            for _ in 0..2 {
                assert_eq!(values(&mut torn, layout), found, "{what}: what is settled stays");
            }
            start(&mut torn).unwrap();
            assert_eq!(values(&mut torn, layout), *after, "{what}");
        }
    }
}

#[test]
fn a_power_cut_loses_no_value_whatever_the_chip() {
    cut_everywhere::<256, 1>(1024, 30, 1);
    cut_everywhere::<512, 2>(1024, 30, 1);
    cut_everywhere::<1024, 4>(1024, 30, 1);
    cut_everywhere::<512, 8>(1536, 30, 1);
    cut_everywhere::<512, 16>(2048, 30, 1);
    cut_everywhere::<1024, 32>(2048, 30, 1);
}

#[test]
fn nor_do_others_that_follow_it() {
    cut_everywhere::<1024, 4>(1024, 4, 2);
    cut_everywhere::<1024, 8>(1024, 4, 2);
    cut_everywhere::<2048, 32>(2048, 4, 2);
}

fn start_and_put(flash: &mut RamFlash, value: u8) -> Result<(), Error> {
    let mut records = Records::open(flash, LAYOUT);
    records.settle(flash)?;
    records.put(flash, Key::Plan, &[value; 8])
}

/// The same, but the mark that the first new bank is whole is torn.
fn start_and_tear(flash: &mut RamFlash, value: u8) {
    let mut whole = flash.clone();
    let mut records = Records::open(&mut whole, LAYOUT);
    records.settle(&mut whole).unwrap();
    if whole.operations == flash.operations {
        records.put(&mut whole, Key::Plan, &[value; 8]).unwrap();
    }
    flash.cut_power_at(whole.operations - flash.operations - 2, Cut::Torn(1));
    start_and_put(flash, value).unwrap_err();
    flash.restore_power();
}

#[test]
fn a_bank_that_a_cut_has_left_uncertain_does_not_come_back() {
    for chance in 0..200 {
        let (mut flash, _) = with_three_values();
        Records::open(&mut flash, LAYOUT).settle(&mut flash).unwrap();
        flash.chance = chance;
        start_and_tear(&mut flash, 5);
        start_and_tear(&mut flash, 6);
        start_and_put(&mut flash, 7).unwrap();
        for other in 0..20 {
            flash.chance = other;
            let records = Records::open(&mut flash, LAYOUT);
            assert_eq!(value(&mut flash, &records, Key::Plan), Some(std::vec![7; 8]), "{chance} {other}");
        }
    }
}

#[test]
fn a_start_that_puts_nothing_new_writes_and_erases_nothing() {
    let (mut flash, mut records) = with_three_values();
    records.settle(&mut flash).unwrap();
    let operations = flash.operations;
    assert_eq!(operations, with_three_values().0.operations, "what this start has written itself is settled");
    Records::open(&mut flash, LAYOUT).settle(&mut flash).unwrap();
    assert_ne!(flash.operations, operations, "what the start before has written is written once more");
    let operations = flash.operations;
    for _ in 0..3 {
        let mut records = Records::open(&mut flash, LAYOUT);
        records.settle(&mut flash).unwrap();
        records.put(&mut flash, Key::Secret, &[1; 20]).unwrap();
        records.remove(&mut flash, Key::Upgrade).unwrap();
        assert_eq!(flash.operations, operations);
    }
}

const LAYOUT: Layout = layout(4096);

fn with_three_values() -> (RamFlash, Records) {
    let mut flash = RamFlash::new(LAYOUT.size());
    let mut records = Records::open(&mut flash, LAYOUT);
    records.put(&mut flash, Key::Secret, &[1; 20]).unwrap();
    records.put(&mut flash, Key::Plan, &[2; 40]).unwrap();
    records.put(&mut flash, Key::File, &[3; 40]).unwrap();
    (flash, records)
}

#[test]
fn a_rotten_byte_costs_one_value_at_most() {
    let (flash, records) = with_three_values();
    let expected = [(Key::Secret, std::vec![1; 20]), (Key::Plan, std::vec![2; 40]), (Key::File, std::vec![3; 40])];
    for at in records.start() + HEADER * MARKS..records.start() + records.end {
        for rot in [0x00, 0x01, 0x80, 0xFF] {
            let mut rotten = flash.clone();
            rotten.bytes_mut()[at as usize] = rot;
            let found = Records::open(&mut rotten, LAYOUT);
            let lost = expected.iter().filter(|(key, was)| value(&mut rotten, &found, *key).as_ref() != Some(was));
            assert!(lost.count() <= 1, "byte {at} as {rot}");
        }
    }
}

#[test]
fn a_rotten_record_does_not_hide_what_comes_behind_it() {
    let (mut flash, records) = with_three_values();
    let first = (records.start() + HEADER * MARKS) as usize;
    // A header that claims to be of a record up to far behind all the others.
    let len: u16 = 3000;
    let [l0, l1] = len.to_le_bytes();
    flash.bytes_mut()[first..first + 4].copy_from_slice(&[3, check(3, len), l0, l1]);
    let records = Records::open(&mut flash, LAYOUT);
    assert_eq!(value(&mut flash, &records, Key::Secret), None);
    assert_eq!(value(&mut flash, &records, Key::Plan), Some(std::vec![2; 40]));
    assert_eq!(value(&mut flash, &records, Key::File), Some(std::vec![3; 40]));
}

#[test]
fn bytes_in_a_value_are_not_taken_for_a_record() {
    let (mut flash, mut records) = with_three_values();
    let first = (records.start() + HEADER * MARKS) as usize;
    let copy = flash.bytes_mut()[first..first + padded::<RamFlash>(20) as usize].to_vec();
    records.put(&mut flash, Key::Secret, &[9; 20]).unwrap();
    let place = (records.start() + records.end) as usize;
    records.put(&mut flash, Key::Upgrade, &copy).unwrap();
    flash.bytes_mut()[place] = 0;
    let records = Records::open(&mut flash, LAYOUT);
    assert_eq!(value(&mut flash, &records, Key::Upgrade), None);
    assert_eq!(value(&mut flash, &records, Key::Secret), Some(std::vec![9; 20]));
}

#[test]
fn what_cannot_be_read_is_not_taken_for_missing_and_not_overwritten() {
    let (flash, records) = with_three_values();
    for place in [records.start(), records.start() + HEADER * MARKS] {
        let mut flash = flash.clone();
        let content = flash.bytes_mut().to_vec();
        flash.unreadable = place..place + 4;
        let mut records = Records::open(&mut flash, LAYOUT);
        assert_eq!(records.get(&mut flash, Key::Secret, &mut [0; 64]), Err(Error::Device));
        assert_eq!(records.put(&mut flash, Key::Secret, &[5; 20]), Err(Error::Device));
        let _ = records.settle(&mut flash);
        assert_eq!(flash.bytes_mut(), content);
    }
}

#[test]
fn all_banks_wear_evenly() {
    let mut flash: RamFlash = RamFlash::new(LAYOUT.size());
    let mut records = Records::open(&mut flash, LAYOUT);
    for step in 0..4000_u32 {
        records.put(&mut flash, Key::Progress, &step.to_le_bytes()).unwrap();
    }
    let (least, most) = (flash.erases.iter().min().unwrap(), flash.erases.iter().max().unwrap());
    assert!(*least >= 3 && most - least <= 1, "{:?}", flash.erases);
}

#[test]
fn a_bank_that_cannot_be_written_is_passed_over() {
    for worn in 0..4 {
        let mut flash: RamFlash = RamFlash::new(LAYOUT.size());
        flash.worn = worn * LAYOUT.bank..(worn + 1) * LAYOUT.bank;
        let mut records = Records::open(&mut flash, LAYOUT);
        records.put(&mut flash, Key::Secret, &[1; 20]).unwrap();
        for step in 0..2000_u32 {
            records.put(&mut flash, Key::Progress, &step.to_le_bytes()).unwrap();
            records = Records::open(&mut flash, LAYOUT);
            assert_eq!(value(&mut flash, &records, Key::Progress), Some(step.to_le_bytes().to_vec()));
        }
        assert_eq!(value(&mut flash, &records, Key::Secret), Some(std::vec![1; 20]));
    }
}

#[test]
fn a_value_without_room_leaves_the_one_before() {
    let (mut flash, mut records) = with_three_values();
    assert_eq!(records.put(&mut flash, Key::Plan, &[7; 4096]), Err(Error::Full));
    assert_eq!(value(&mut flash, &records, Key::Plan), Some(std::vec![2; 40]));
}
