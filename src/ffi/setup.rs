//! Set-up and connection.

use super::delivery::QthEvent;
use super::handlers::HANDLERS;
use super::memory::text;
use super::{device, PORT};
use crate::device::Device;
use crate::port::bare::board::QthBoard;
use crate::port::Hooks;
use spin::Once;

/// What C does for the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthHost {
    /// Calls the callable behind a handle, in the interpreter's thread, and reports what it raises; false: the delivery
    /// is to stop here, as after Ctrl-C.
    pub call: extern "C" fn(handle: u32, event: *const QthEvent) -> bool,
    /// Has `qth_deliver` called soon in the interpreter's thread. Called where the driver runs.
    pub events_wait: extern "C" fn(),
    /// Restarts the board. Called where the driver runs.
    pub restart: extern "C" fn(),
    /// The board, which stays; null on a host, where the library itself is the board.
    pub board: Option<&'static QthBoard>,
}

pub(super) static HOST: Once<QthHost> = Once::new();

/// Makes the device and starts its driver; true also when both are there already. `version` is the firmware's.
///
/// # Safety
/// `host` points to a host, `version` to `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_init(host: *const QthHost, version: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let (host, version) = unsafe { (*host, text(version, length)) };
    let host = HOST.call_once(|| host);
    PORT.start(version.unwrap_or_default(), Hooks { events_wait: tell_events_wait, restart }, host.board)
}

fn tell_events_wait() {
    if let Some(host) = HOST.get() {
        (host.events_wait)();
    }
}

pub(super) fn restart() {
    if let Some(host) = HOST.get() {
        (host.restart)();
    }
}

/// The interpreter goes away, as at a soft reset: no handler is called any more, and the device disconnects.
#[no_mangle]
pub extern "C" fn qth_detach() {
    HANDLERS.lock().clear();
    device(|device, now| {
        device.stop(now);
        device.forget_events();
    });
}

/// Connects, and keeps connected.
#[no_mangle]
pub extern "C" fn qth_start() -> bool {
    device(|device, now| device.start(now))
}

/// Disconnects.
#[no_mangle]
pub extern "C" fn qth_stop() {
    device(|device, now| device.stop(now));
}

/// Started, and not stopped since.
#[no_mangle]
pub extern "C" fn qth_is_started() -> bool {
    PORT.read(Device::is_started).unwrap_or_default()
}

/// Connected and subscribed.
#[no_mangle]
pub extern "C" fn qth_is_online() -> bool {
    PORT.read(Device::is_online).unwrap_or_default()
}

/// A connection is open: after `qth_stop`, the farewell has not left yet.
#[no_mangle]
pub extern "C" fn qth_has_link() -> bool {
    PORT.has_link()
}

/// Forgets the device secret and connects anew.
#[no_mangle]
pub extern "C" fn qth_reset() {
    device(|device, now| device.reset(now));
}

/// Sets product key and secret.
///
/// # Safety
/// Pointers with their lengths.
#[no_mangle]
pub unsafe extern "C" fn qth_set_product(pk: *const u8, pk_length: usize, ps: *const u8, ps_length: usize) -> bool {
    // SAFETY: the caller's promise.
    let (Some(pk), Some(ps)) = (unsafe { text(pk, pk_length) }, unsafe { text(ps, ps_length) }) else { return false };
    device(|device, _| device.set_product(pk, ps))
}

/// Sets the Center's address.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_set_server(url: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let Some(url) = (unsafe { text(url, length) }) else { return false };
    device(|device, _| device.set_server(url))
}

/// Sets the keep alive.
#[no_mangle]
pub extern "C" fn qth_set_lifetime(seconds: u32) -> bool {
    device(|device, _| device.set_lifetime(seconds))
}

/// Replaces the board's device key.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_set_device_key(dk: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let Some(dk) = (unsafe { text(dk, length) }) else { return false };
    device(|device, _| device.set_device_key(dk))
}

/// Replaces the firmware's version.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_set_version(version: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let Some(version) = (unsafe { text(version, length) }) else { return false };
    device(|device, _| device.set_version(version))
}

/// Asks for an encrypted session from the next connection on; false before `qth_init`.
#[no_mangle]
pub extern "C" fn qth_set_encrypted_session(encrypted: bool) -> bool {
    device(|device, _| {
        device.set_encrypted_session(encrypted);
        true
    })
}

/// An encrypted session is asked for.
#[no_mangle]
pub extern "C" fn qth_encrypted_session() -> bool {
    PORT.read(Device::encrypted_session).unwrap_or_default()
}

/// Whether `qth_drive` is due; never on a host, whose driver has a thread of its own. May be asked in an interrupt.
#[no_mangle]
pub extern "C" fn qth_is_due() -> bool {
    PORT.is_due()
}

/// Runs the driver, in the interpreter's thread.
#[no_mangle]
pub extern "C" fn qth_drive() {
    PORT.drive();
}
