//! A firmware that upgrades itself and no more: `cargo test -p qth-world --no-default-features`.
#![cfg(not(feature = "everything"))]

use qth::device::Device;
use qth::time::Instant;
use qth_flash::ram::RamFlash;
use qth_protocol::ota::Failure;
use qth_world::board::{SimBoard, LAYOUT};
use qth_world::center::Verdict;
use qth_world::random::Random;
use qth_world::world::{Faults, Firmware, World};

#[test]
fn the_functions_of_what_is_missing_refuse() {
    let now = Instant::from_millis(0);
    let flash = RamFlash::new(LAYOUT.size());
    let board = SimBoard { layout: LAYOUT, flash, version: "1.0.0".into(), random: Random::new(1) };
    let mut device = Device::new(now, board);
    assert!(device.set_product("p111xt", "V2VUei9ZVWt2SnpL") && device.start(now));
    assert!(!device.send_transparent(1, b"x"));
    assert!(!device.send_tsl(1, &[0, 9]) && !device.answer_tsl(1, 1, &[0, 9]) && !device.answer_service(1, 1, &[0, 9]));
    assert!(!device.send_location("$GNGGA,;"));
    assert!(!device.set_mcu_version(now, "MCU1", "1.0.0"));
    assert!(!device.ota_action(now, 2) && !device.ota_action(now, 3));
    assert_eq!(device.mcu_package_read(now, 0, &mut [0; 8]), None);
    assert!(!device.application_failed(now, Failure::BadArchive));
    assert!(!device.set_encrypted_session(true) && !device.encrypted_session());
    assert!(device.set_encrypted_session(false));
}

#[test]
fn a_plan_for_an_mcu_fails_since_there_is_none() {
    let end = World::new(1, Faults::NONE, Firmware::OfMcu).run();
    assert_eq!(end.verdict, Verdict::Failed("UPDATEERROR: no such component on this device".into()));
}
