//! Sizes of the buffers, all static, and of the flash of a board behind a table of C functions. A message that does not fit is
//! refused with an error.
//!
//! A board's build chooses some of them by environment variables: `docs/BOARDS.md` has the table, `build.rs` reads them, and
//! what must hold between them is asserted here.

use crate::profile::MESSAGES;
use crate::upgrade::{self, http};
use qth_flash::{records, slot};
use qth_protocol::{auth, frame};

include!(concat!(env!("OUT_DIR"), "/sizes.rs"));

/// Largest sealed frame: what a packet holds beside its topic, MQTT's own fields and the padding of an encrypted session.
pub const FRAME: usize = PACKET_OUT - 128 - 40;
/// Part of the outbox that the application can't fill, so that an upgrade always gets its reports through.
pub const OUTBOX_RESERVE: usize = 512;
/// Largest file information that is kept through a restart: an address, digests, names.
pub const FILE_INFO: usize = URL + 384;
/// Longest product key and product secret.
pub const PRODUCT: usize = 32;
/// Longest device key.
pub const DEVICE_KEY: usize = 16;
/// Longest device secret: 32 characters from the Center, with room for other makes.
pub const DEVICE_SECRET: usize = 64;
/// The record of the device secret, and whose it is.
pub const SECRET_RECORD: usize = 3 + PRODUCT + DEVICE_KEY + DEVICE_SECRET;
/// The record of settings that the Center has changed.
pub const SETTINGS_RECORD: usize = 8 + 2 * HOST + 3 * PRODUCT;
/// Smallest bank of records: one that has room for all of them at once.
pub const BANK: usize = records::room(&RECORDS, WRITE_SIZE).next_multiple_of(ERASE_SIZE);

/// Largest packet by which a device connects: heads, client id, empty user name, password.
const CONNECT: usize = 5 + 10 + 2 + auth::CLIENT_ID_MAX + 2 + 2 + auth::PASSWORD_MAX;
/// Largest values of all records.
const RECORDS: [usize; 13] = {
    let [package, sequences, key, journal] = upgrade::PACKAGE_RECORDS;
    let (slots, progress, upgrade) = (slot::RECORD, slot::NOTE, upgrade::RECORD);
    let (trial, rejected) = (upgrade::TRIAL_RECORD, upgrade::REJECTED_RECORD);
    [slots, progress, SECRET_RECORD, SETTINGS_RECORD, PLAN, FILE_INFO, upgrade, package, sequences, key, journal, trial, rejected]
};

const _: () = assert!(ERASE_SIZE.is_multiple_of(WRITE_SIZE), "QTH_ERASE_SIZE has to be a multiple of QTH_WRITE_SIZE");
const _: () = assert!(PIECE.is_multiple_of(WRITE_SIZE), "QTH_PIECE has to be a multiple of QTH_WRITE_SIZE");
const _: () = assert!(
    PIECE >= FILE_INFO && FILE_INFO >= URL + http::REQUEST_BESIDE_URL,
    "QTH_PIECE has to hold a request of the longest address, and the information about a file: QTH_URL and 384 bytes more"
);
#[cfg(feature = "inplace")]
const _: () = assert!(PIECE >= 2048, "QTH_PIECE has to hold all that a package has before its delta: 2048 bytes");
#[cfg(feature = "pack")]
const _: () =
    assert!(PIECE >= qth_package::BEFORE_PAYLOAD_MAX, "QTH_PIECE has to hold all that a package has before its payload");
const _: () = assert!(FRAME >= MESSAGE + frame::HEADER, "QTH_PACKET_OUT has to be larger than QTH_MESSAGE by 177 bytes");
const _: () = assert!(PACKET_OUT >= CONNECT, "QTH_PACKET_OUT has to hold the packet by which a device connects");
const _: () = assert!(
    OUTBOX >= OUTBOX_RESERVE + MESSAGE + crate::data::outbox::HEAD + frame::HEADER,
    "QTH_OUTBOX has to be larger than QTH_MESSAGE by 528 bytes: reports of an upgrade have a place of their own"
);
const _: () = assert!(
    EVENTS >= PACKET_IN + 64 || !MESSAGES,
    "QTH_EVENTS has to hold the largest packet, QTH_PACKET_IN and 64 bytes more, where there are messages for the application"
);
const _: () = assert!(PLAN <= PACKET_IN, "QTH_PLAN can't be larger than QTH_PACKET_IN: a plan comes in one packet");
