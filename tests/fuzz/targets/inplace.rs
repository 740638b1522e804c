//! In-place packages: whatever is staged is refused with nothing erased, or rewrites the slot and is brought back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qth_flash::boot::{self, Decision};
use qth_flash::layout::{Layout, Region};
use qth_flash::ram::RamFlash;
use qth_flash::records::Records;
use qth_flash::slot::{self, Reason, Slots, State};
use qth_package::inplace::Installer;
use qth_package::{id, HEAD, MAGIC};
use qth_protocol::ttlv::Writer;

const BLOCK: usize = 1024;
const SLOT: u32 = 16 * BLOCK as u32;
const LAYOUT: Layout = Layout {
    records: Region { start: 0, len: 12 * BLOCK as u32 },
    bank: 4 * BLOCK as u32,
    slots: [Region { start: SLOT, len: SLOT }, Region { start: 2 * SLOT, len: SLOT / 2 }],
};

type Flash = RamFlash<BLOCK, 8>;

/// The image in the slot: as the one that the kept corpus was made from.
fn old() -> Vec<u8> {
    (0..3000_u32).map(|at| (at / 7 * 31) as u8).collect()
}

/// A package file: two bytes say how long the new image is, 32 its digest; the rest is the payload.
fn package(bytes: &[u8], source: &[u8; 32], payload_sha256: &[u8; 32]) -> Option<Vec<u8>> {
    let (size, rest) = bytes.split_first_chunk()?;
    let (target, payload) = rest.split_first_chunk::<32>()?;
    let mut room = [0; 512];
    let mut writer = Writer::new(&mut room);
    writer.int(id::FORMAT, 2).text(id::COMPONENT, "c").int(id::KIND, 0);
    writer.text(id::SOURCE_VERSION, "1").int(id::SOURCE_SIZE, old().len() as i64).bytes(id::SOURCE_SHA256, source);
    writer.text(id::TARGET_VERSION, "2").int(id::TARGET_SIZE, u16::from_le_bytes(*size).into()).bytes(id::TARGET_SHA256, target);
    writer.int(id::SEQUENCE, 0).int(id::PAYLOAD_SIZE, payload.len() as i64).bytes(id::PAYLOAD_SHA256, payload_sha256);
    let length = writer.finish().ok()?;
    let mut file = MAGIC.to_vec();
    file.extend((length as u32).to_le_bytes());
    file.resize(HEAD, 0);
    file.extend(&room[..length]);
    file.extend(payload);
    Some(file)
}

fn run(flash: &mut Flash) {
    Installer::new().run(flash, LAYOUT, &mut [0; BLOCK], &mut |_| ()).expect("flash does not fail");
}

fn slots(flash: &mut Flash) -> (Records, Slots) {
    let records = Records::open(flash, LAYOUT);
    let slots = Slots::load(flash, LAYOUT, &records).expect("its record is whole");
    (records, slots)
}

fuzz_target!(|bytes: &[u8]| {
    let old = old();
    let [slot, staging] = LAYOUT.slots;
    let mut flash = Flash::new(LAYOUT.size());
    let (mut records, mut slots_before) = Slots::program(&mut flash, LAYOUT, &old, "1").unwrap();
    let sha256 = slot::digest(&mut flash, slot, old.len() as u32).unwrap();
    let Some(file) = package(bytes, &sha256, &[0; 32]).filter(|file| file.len() <= staging.len as usize) else { return };
    slots_before.put(&mut flash, &mut records, &file, "2").unwrap();
    slots_before.arm(&mut flash, &mut records, 1).unwrap();

    let before = flash.clone();
    run(&mut flash);
    let (mut records, mut after) = slots(&mut flash);
    match after.info(1).map(|package| package.state) {
        Some(State::Bad(Reason::NotApplied)) => {
            let first = slot.start as usize / BLOCK;
            assert_eq!(flash.erases[first..], before.erases[first..], "a package that is refused has erased something");
        }
        Some(State::Kept) => {
            after.reject(&mut flash, &mut records, Reason::DidNotStart).unwrap();
            run(&mut flash);
        }
        // The new image was another than the manifest says, or there was no way back.
        _ => {}
    }
    assert!(matches!(boot::decide(&mut flash, LAYOUT), Ok(Decision::Start(_))), "there is nothing to start");
});
