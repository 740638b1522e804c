//! Data in both directions: transparent data, the product's data model, location, status and information.

use super::device;
use super::memory::{numbers, slice, text};
use crate::device::limits;
use qth_protocol::nmea;

/// Largest message that a script can send, in bytes of TTLV.
pub const QTH_MESSAGE: usize = 1024;
const _: () = assert!(QTH_MESSAGE == limits::MESSAGE);

/// Sends transparent data with QoS `mode`.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_send_transparent(mode: u8, bytes: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(bytes, length) };
    device(|device, _| device.send_transparent(mode, bytes))
}

/// Sends a TSL report, a TTLV message, with QoS `mode`.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_send_tsl(mode: u8, message: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let message = unsafe { slice(message, length) };
    device(|device, _| device.send_tsl(mode, message))
}

/// Answers the TSL read with this package id.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_answer_tsl(mode: u8, package: u16, message: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let message = unsafe { slice(message, length) };
    device(|device, _| device.answer_tsl(mode, package, message))
}

/// Answers the service call with this package id.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_answer_service(mode: u8, package: u16, message: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let message = unsafe { slice(message, length) };
    device(|device, _| device.answer_service(mode, package, message))
}

/// Reports a location: sentences joined by `;`; false also when one of them has a wrong checksum.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_send_location(sentences: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let Some(sentences) = (unsafe { text(sentences, length) }) else { return false };
    let mut room = [0; QTH_MESSAGE];
    let Ok(length) = nmea::complete(sentences, &mut room) else { return false };
    let completed = room.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default();
    device(|device, _| device.send_location(completed))
}

/// Writes the device status with these ids to `out` as a TTLV message; returns its length.
///
/// # Safety
/// `ids` points to `count` numbers, `out` to `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_status(ids: *const u16, count: usize, out: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's promise.
    let (ids, out) = unsafe { (numbers(ids, count), core::slice::from_raw_parts_mut(out, size)) };
    device(|device, _| device.status(ids, out))
}

/// Writes the device information with these ids to `out` as a TTLV message; returns its length.
///
/// # Safety
/// `ids` points to `count` numbers, `out` to `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_information(ids: *const u16, count: usize, out: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's promise.
    let (ids, out) = unsafe { (numbers(ids, count), core::slice::from_raw_parts_mut(out, size)) };
    device(|device, _| device.information(ids, out))
}

/// Reports the device status with these ids.
///
/// # Safety
/// `ids` points to `count` numbers.
#[no_mangle]
pub unsafe extern "C" fn qth_send_status(ids: *const u16, count: usize) -> bool {
    // SAFETY: the caller's promise.
    let ids = unsafe { numbers(ids, count) };
    device(|device, _| device.send_status(ids))
}

/// Reports the device information with these ids.
///
/// # Safety
/// `ids` points to `count` numbers.
#[no_mangle]
pub unsafe extern "C" fn qth_send_information(ids: *const u16, count: usize) -> bool {
    // SAFETY: the caller's promise.
    let ids = unsafe { numbers(ids, count) };
    device(|device, _| device.send_information(ids))
}
