//! Records on a flash with any content: what is read is whole, what is written stays, and a bad flash only gives errors.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use qth_flash::layout::{Layout, Region};
use qth_flash::ram::{Cut, RamFlash};
use qth_flash::records::{Key, Records};
use qth_flash::slot::Slots;

const ERASE: u32 = 4096;
const SLOT: Region = Region { start: 4 * ERASE, len: ERASE };
const LAYOUT: Layout = Layout { records: Region { start: 0, len: 4 * ERASE }, bank: ERASE, slots: [SLOT, SLOT] };
const KEYS: [Key; 4] = [Key::Progress, Key::Secret, Key::Settings, Key::Plan];
const VALUE_MAX: usize = 512;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// What the flash holds at first: bytes, and where they begin.
    content: Vec<(u16, &'a [u8])>,
    steps: Vec<Step<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Put(u8, &'a [u8]),
    Remove(u8),
    /// Bits that flash loses.
    Rot(u16, u8),
    /// Power is cut at an operation, and comes back.
    Cut(u8, u8, u8, &'a [u8]),
}

fn key(number: u8) -> Key {
    KEYS[usize::from(number) % KEYS.len()]
}

fn value(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(VALUE_MAX)]
}

fn read(records: &Records, flash: &mut RamFlash, key: Key) -> Option<Vec<u8>> {
    let mut out = [0; 4 * ERASE as usize];
    let length = records.get(flash, key, &mut out).ok()??;
    Some(out[..length].to_vec())
}

fuzz_target!(|input: Input<'_>| {
    let mut content = vec![0xFF; 5 * ERASE as usize];
    for (start, bytes) in &input.content {
        let start = usize::from(*start) % content.len();
        let end = content.len().min(start + bytes.len());
        content[start..end].copy_from_slice(&bytes[..end - start]);
    }
    let mut flash = RamFlash::with_content(content, 5 * ERASE);
    let mut records = Records::open(&mut flash, LAYOUT);
    let _ = Slots::load(&mut flash, LAYOUT, &records);

    for step in &input.steps {
        match *step {
            Step::Put(number, bytes) => {
                let (key, bytes) = (key(number), value(bytes));
                let others: Vec<_> = KEYS.iter().filter(|other| **other != key).copied().collect();
                let before: Vec<_> = others.iter().map(|other| read(&records, &mut flash, *other)).collect();
                let old = read(&records, &mut flash, key);
                match records.put(&mut flash, key, bytes) {
                    Ok(()) => assert_eq!(read(&records, &mut flash, key).unwrap_or_default(), bytes),
                    Err(_) => assert_eq!(read(&records, &mut flash, key), old),
                }
                let after: Vec<_> = others.iter().map(|other| read(&records, &mut flash, *other)).collect();
                assert_eq!(before, after, "the other records");
            }
            Step::Remove(number) => {
                if records.remove(&mut flash, key(number)).is_ok() {
                    assert_eq!(read(&records, &mut flash, key(number)), None);
                }
            }
            Step::Rot(at, kept) => {
                let at = usize::from(at) % flash.bytes_mut().len();
                flash.bytes_mut()[at] &= kept;
                records = Records::open(&mut flash, LAYOUT);
            }
            Step::Cut(number, at, how, bytes) => {
                let (key, bytes) = (key(number), value(bytes));
                let old = read(&records, &mut flash, key).unwrap_or_default();
                let cut = [Cut::Before, Cut::Within(1), Cut::Torn(0), Cut::After][usize::from(how) % 4];
                flash.cut_power_at(at.into(), cut);
                let kept = records.put(&mut flash, key, bytes).is_ok();
                flash.restore_power();
                records = Records::open(&mut flash, LAYOUT);
                records.settle(&mut flash).expect("nothing is broken");
                let now = read(&records, &mut flash, key).unwrap_or_default();
                assert!(now == bytes || (!kept && now == old), "whole or not at all");
            }
        }
    }
    let opened = Records::open(&mut flash, LAYOUT);
    for key in KEYS {
        assert_eq!(read(&records, &mut flash, key), read(&opened, &mut flash, key), "the same after a start");
    }
});
