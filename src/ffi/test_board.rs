//! A board for tests: flash in memory, no network.

use crate::port::bare::board::{QthBoard, QthFlash, QthMeasures, QthName, QthNetwork, QthOpening};
use spin::Mutex;

/// Banks of records, each one block.
const BANKS: u32 = 3;
const BLOCK: u32 = 4096;
static FLASH: Mutex<[u8; (BANKS * BLOCK) as usize]> = Mutex::new([0xff; (BANKS * BLOCK) as usize]);

extern "C" fn millis() -> u32 {
    0
}
extern "C" fn random(bytes: *mut u8, length: usize) {
    // SAFETY: the library passes a pointer with its length.
    unsafe { core::slice::from_raw_parts_mut(bytes, length) }.fill(4);
}
extern "C" fn name(_: QthName, _: *mut u8, _: usize) -> usize {
    0
}
extern "C" fn measure(_: *mut QthMeasures) {}
extern "C" fn read(offset: u32, bytes: *mut u8, length: usize) -> bool {
    // SAFETY: the library passes a pointer with its length.
    let bytes = unsafe { core::slice::from_raw_parts_mut(bytes, length) };
    bytes.copy_from_slice(&FLASH.lock()[offset as usize..][..length]);
    true
}
extern "C" fn write(offset: u32, bytes: *const u8, length: usize) -> bool {
    // SAFETY: the library passes a pointer with its length.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, length) };
    FLASH.lock()[offset as usize..][..length].copy_from_slice(bytes);
    true
}
extern "C" fn erase(offset: u32, length: u32) -> bool {
    FLASH.lock()[offset as usize..][..length as usize].fill(0xff);
    true
}
extern "C" fn open(_: u8, _: *const u8, _: usize, _: u16) -> QthOpening {
    QthOpening::Failed
}
extern "C" fn opening(_: u8) -> QthOpening {
    QthOpening::Failed
}
extern "C" fn send(_: u8, _: *const u8, _: usize) -> i32 {
    -1
}
extern "C" fn receive(_: u8, _: *mut u8, _: usize) -> i32 {
    -1
}
extern "C" fn close(_: u8) {}

/// What the driver without an operating system runs on; a host's has its own board.
pub(super) static BOARD: QthBoard = QthBoard {
    millis,
    random,
    name,
    measure,
    flash: QthFlash {
        records: 0,
        bank: BLOCK,
        banks: BANKS,
        slots: [0, 0],
        slot: 0,
        staging: 0,
        started_by_slot: false,
        trial_seconds: 60,
        read,
        write,
        erase,
    },
    network: QthNetwork { open, opening, send, receive, close },
};
