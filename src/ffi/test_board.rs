//! Boards for tests: flash in memory, no network.

use super::board::{QthBoard, QthFlash, QthMeasures, QthName, QthNetwork, QthOpening};
use super::border::{QthBuffer, QthBytes, QthText};
use crate::device::limits;
use spin::Mutex;

/// Banks of records, each with room for all records.
const BANKS: u32 = 3;
const BANK: u32 = limits::BANK as u32;
/// One after the other, since tests run at the same time.
const BOARDS: u32 = 2;
const SIZE: usize = (BOARDS * BANKS * BANK) as usize;
static FLASH: Mutex<[u8; SIZE]> = Mutex::new([0xff; SIZE]);

extern "C" fn millis() -> u32 {
    0
}
extern "C" fn random(room: QthBuffer<'_>) {
    room.get().fill(4);
}
extern "C" fn name(_: QthName, _: QthBuffer<'_>) -> usize {
    0
}
extern "C" fn measure(measures: &mut QthMeasures) {
    measures.battery = 87;
}
extern "C" fn read(offset: u32, room: QthBuffer<'_>) -> bool {
    let room = room.get();
    room.copy_from_slice(&FLASH.lock()[offset as usize..][..room.len()]);
    true
}
extern "C" fn write(offset: u32, bytes: QthBytes<'_>) -> bool {
    let bytes = bytes.get();
    FLASH.lock()[offset as usize..][..bytes.len()].copy_from_slice(bytes);
    true
}
extern "C" fn erase(offset: u32, length: u32) -> bool {
    FLASH.lock()[offset as usize..][..length as usize].fill(0xff);
    true
}
extern "C" fn open(_: u8, _: QthText<'_>, _: u16) -> QthOpening {
    QthOpening::Failed
}
extern "C" fn opening(_: u8) -> QthOpening {
    QthOpening::Failed
}
extern "C" fn send(_: u8, _: QthBytes<'_>) -> i32 {
    -1
}
extern "C" fn receive(_: u8, _: QthBuffer<'_>) -> i32 {
    -1
}
extern "C" fn close(_: u8) {}

/// A board with flash of its own, by its number.
pub(crate) const fn board(number: u32) -> QthBoard {
    assert!(number < BOARDS);
    let flash = QthFlash {
        erase_size: limits::ERASE_SIZE as u32,
        write_size: limits::WRITE_SIZE as u32,
        records: number * BANKS * BANK,
        bank: BANK,
        banks: BANKS,
        slots: [0, 0],
        slot: 0,
        staging: 0,
        started_by_slot: false,
        trial_starts: 0,
        trial_seconds: 60,
        trial_limit_seconds: 0,
        read,
        write,
        erase,
    };
    QthBoard { millis, random, name, measure, flash, network: QthNetwork { open, opening, send, receive, close } }
}
