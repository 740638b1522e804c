//! A firmware that is built without packages: `cargo test -p qth-world --no-default-features`.
#![cfg(not(feature = "inplace"))]

use qth::device::Device;
use qth::time::Instant;
use qth_flash::ram::ERASE;
use qth_world::board::{SimBoard, LAYOUT};
use qth_world::center::Verdict;
use qth_world::random::Random;
use qth_world::world::{Delivery, Faults, Firmware, World};

#[test]
fn a_firmware_without_packages_refuses_them_and_every_key() {
    let file = |_: &[u8], new: &[u8]| [b"QthPack\x01", new].concat();
    let end = World::with(10, Faults::NONE, Firmware::Good, Delivery { file: Some(file), ..Delivery::default() }).run();
    assert_eq!(end.verdict, Verdict::Failed("UPDATEERROR: this firmware takes no packages".into()));
    assert_eq!(end.version, "1.0.0");
    let slot = LAYOUT.slots[1].start as usize / ERASE;
    assert_eq!(end.flash.erases[slot..].iter().sum::<usize>(), 0, "nothing was erased");
    let board = SimBoard { layout: LAYOUT, flash: end.flash, version: end.version, random: Random::new(10) };
    let mut device = Device::new(Instant::from_millis(0), board);
    // Of P-256, made by OpenSSL.
    let key = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEy9PMzembcZbtlPBB94PFyWSicc4o\n\
               izx+uGw/G03IaH6Wi+l565lwdtSCt/OMbbKGcHR89AKK+nnKa8YdBDRwlg==\n-----END PUBLIC KEY-----\n";
    assert!(!device.set_ota_key(key));
    assert_eq!(device.ota_key(), "");
}
