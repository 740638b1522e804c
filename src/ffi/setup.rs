//! Set-up and connection.

use super::border::QthText;
use super::handlers::HANDLERS;
use super::host::QthHost;
use super::{device, PORT};
use crate::device::Device;
use crate::port::Hooks;
use cty::uint32_t;
use spin::Once;

pub(super) static HOST: Once<QthHost> = Once::new();

/// Makes the device and starts its driver; true also when both are there already. `version` is the firmware's.
#[no_mangle]
pub extern "C" fn qth_init(host: &QthHost, version: QthText<'_>) -> bool {
    let host = HOST.call_once(|| *host);
    PORT.start(version.get().unwrap_or_default(), Hooks { events_wait: tell_events_wait, restart }, host.board)
}

fn tell_events_wait() {
    if let Some(host) = HOST.get() {
        host.events_wait();
    }
}

pub(super) fn restart() {
    if let Some(host) = HOST.get() {
        host.restart();
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

/// The board is about to be reset in an orderly way, by a script or a power key: a firmware on trial keeps its start, and the
/// time that its trial has lasted. Call it in the reset hook, from the interpreter's thread; not from an interrupt.
#[no_mangle]
pub extern "C" fn qth_before_reset() {
    device(|device, now| device.before_reset(now));
}

/// Connects, and keeps connected; false, and told, while product key and secret are not set.
#[no_mangle]
pub extern "C" fn qth_start() -> bool {
    device(|device, now| device.start(now))
}

/// Disconnects.
#[no_mangle]
pub extern "C" fn qth_stop() {
    device(|device, now| device.stop(now));
}

/// Returns whether the device was started and not stopped since.
#[no_mangle]
pub extern "C" fn qth_is_started() -> bool {
    PORT.read(Device::is_started).unwrap_or_default()
}

/// Returns whether the device is connected and subscribed.
#[no_mangle]
pub extern "C" fn qth_is_online() -> bool {
    PORT.read(Device::is_online).unwrap_or_default()
}

/// Returns whether a connection is open: after `qth_stop`, whether the farewell has not left yet.
#[no_mangle]
pub extern "C" fn qth_has_link() -> bool {
    PORT.has_link()
}

/// Forgets the device secret and connects anew.
#[no_mangle]
pub extern "C" fn qth_reset() {
    device(|device, now| device.reset(now));
}

/// Sets product key and secret; returns whether they are valid.
#[no_mangle]
pub extern "C" fn qth_set_product(pk: QthText<'_>, ps: QthText<'_>) -> bool {
    let (Some(pk), Some(ps)) = (pk.get(), ps.get()) else { return false };
    device(|device, _| device.set_product(pk, ps))
}

/// Sets the Center's address; returns whether it is valid.
#[no_mangle]
pub extern "C" fn qth_set_server(url: QthText<'_>) -> bool {
    let Some(url) = url.get() else { return false };
    device(|device, _| device.set_server(url))
}

/// Sets the keep alive; returns whether it is valid.
#[no_mangle]
pub extern "C" fn qth_set_lifetime(seconds: uint32_t) -> bool {
    device(|device, _| device.set_lifetime(seconds))
}

/// Replaces the board's device key; returns whether the new one is valid.
#[no_mangle]
pub extern "C" fn qth_set_device_key(dk: QthText<'_>) -> bool {
    let Some(dk) = dk.get() else { return false };
    device(|device, _| device.set_device_key(dk))
}

/// Replaces the firmware's version; returns whether the new one is valid.
#[no_mangle]
pub extern "C" fn qth_set_version(version: QthText<'_>) -> bool {
    let Some(version) = version.get() else { return false };
    device(|device, _| device.set_version(version))
}

/// Asks for an encrypted session from the next connection on; false before `qth_init`, and where the library has none.
#[no_mangle]
pub extern "C" fn qth_set_encrypted_session(encrypted: bool) -> bool {
    device(|device, _| device.set_encrypted_session(encrypted))
}

/// Returns whether an encrypted session is asked for.
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
