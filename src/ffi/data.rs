//! Data in both directions: transparent data, the product's data model, location, status and information.

use super::border::{QthBuffer, QthBytes, QthIds, QthText};
use super::device;
use crate::device::limits;
use crate::profile::LOCATION;
use cty::{size_t, uint16_t, uint8_t};
use qth_protocol::nmea;

/// Largest message that a script can send, in bytes of TTLV. A build of the library may take less.
pub const QTH_MESSAGE: size_t = 1024;
const _: () = assert!(QTH_MESSAGE >= limits::MESSAGE);

/// Sends transparent data with QoS `mode`; returns whether it was taken.
#[no_mangle]
pub extern "C" fn qth_send_transparent(mode: uint8_t, bytes: QthBytes<'_>) -> bool {
    device(|device, _| device.send_transparent(mode, bytes.get()))
}

/// Sends a TSL report, a TTLV message, with QoS `mode`; returns whether it was taken.
#[no_mangle]
pub extern "C" fn qth_send_tsl(mode: uint8_t, message: QthBytes<'_>) -> bool {
    device(|device, _| device.send_tsl(mode, message.get()))
}

/// Answers the TSL read with this package id; returns whether the answer was taken.
#[no_mangle]
pub extern "C" fn qth_answer_tsl(mode: uint8_t, package: uint16_t, message: QthBytes<'_>) -> bool {
    device(|device, _| device.answer_tsl(mode, package, message.get()))
}

/// Answers the service call with this package id; returns whether the answer was taken.
#[no_mangle]
pub extern "C" fn qth_answer_service(mode: uint8_t, package: uint16_t, message: QthBytes<'_>) -> bool {
    device(|device, _| device.answer_service(mode, package, message.get()))
}

/// Reports a location: sentences joined by `;`; false also when one of them has a wrong checksum.
#[no_mangle]
pub extern "C" fn qth_send_location(sentences: QthText<'_>) -> bool {
    let Some(sentences) = sentences.get().filter(|_| LOCATION) else { return false };
    let mut room = [0; limits::MESSAGE];
    let Ok(length) = nmea::complete(sentences, &mut room) else { return false };
    let completed = room.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default();
    device(|device, _| device.send_location(completed))
}

/// Writes the device status with these ids to `out` as a TTLV message; returns its length.
#[no_mangle]
pub extern "C" fn qth_status(ids: QthIds<'_>, out: QthBuffer<'_>) -> size_t {
    let out = out.get();
    device(|device, _| device.status(ids.iter(), out))
}

/// Writes the device information with these ids to `out` as a TTLV message; returns its length.
#[no_mangle]
pub extern "C" fn qth_information(ids: QthIds<'_>, out: QthBuffer<'_>) -> size_t {
    let out = out.get();
    device(|device, _| device.information(ids.iter(), out))
}

/// Reports the device status with these ids; returns whether the report was taken.
#[no_mangle]
pub extern "C" fn qth_send_status(ids: QthIds<'_>) -> bool {
    device(|device, _| device.send_status(ids.iter()))
}

/// Reports the device information with these ids; returns whether the report was taken.
#[no_mangle]
pub extern "C" fn qth_send_information(ids: QthIds<'_>) -> bool {
    device(|device, _| device.send_information(ids.iter()))
}

/// Answers the read of device status with this package id; returns whether the answer was taken.
#[no_mangle]
pub extern "C" fn qth_answer_status(package: uint16_t, ids: QthIds<'_>) -> bool {
    device(|device, _| device.answer_status(package, ids.iter()))
}

/// Answers the read of device information with this package id; returns whether the answer was taken.
#[no_mangle]
pub extern "C" fn qth_answer_information(package: uint16_t, ids: QthIds<'_>) -> bool {
    device(|device, _| device.answer_information(package, ids.iter()))
}
