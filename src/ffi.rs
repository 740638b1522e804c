//! The interface of the MicroPython module: what C calls, as plain data, pointers with lengths, and status codes.
//!
//! The only unsafe code of the crate. No object of the interpreter comes here, only handles: numbers under which C keeps
//! a callable alive for its collector. No exception crosses: C catches them before it returns. `make header` writes
//! `cmodule/qth/qth.h` from this file.
#![allow(unsafe_code)]

use crate::device::event::Event;
use crate::device::{limits, Device};
use crate::port::bare::board::QthBoard;
use crate::port::native::{Board, Port};
use crate::port::Hooks;
use crate::time::Instant;
use core::mem::{align_of, size_of, MaybeUninit};
use heapless::String;
use qth_protocol::nmea;
use qth_protocol::ota::Failure;
use qth_protocol::ota::FileInfo;
use qth_protocol::ota::Plan;
use qth_protocol::ota::{id, APPLICATION, COMPONENT_MAX};
use qth_protocol::ttlv::{self, Reader, Value, WriteError, Writer};
use spin::{Mutex, Once};

/// Components of external MCUs that a script can register.
pub const QTH_MCUS: usize = 8;
/// Handlers that a script can set: one for each kind of event, two for each MCU and for the application.
pub const QTH_HANDLERS: usize = 8 + 2 * (QTH_MCUS + 1);
/// Handler of the first MCU's information; its result is the next, then come the other MCUs'.
pub const QTH_MCU_HANDLERS: usize = 8;
/// Largest message that a script can send, in bytes of TTLV.
pub const QTH_MESSAGE: usize = 1024;
const _: () = assert!(QTH_MESSAGE == limits::MESSAGE);
/// Longest public key that packages are signed with, as PEM.
pub const QTH_OTA_KEY: usize = 256;
#[cfg(feature = "pack")]
const _: () = assert!(QTH_OTA_KEY == qth_package::PEM_MAX);

/// Events delivered in one go, before the script may run again.
const BATCH: u32 = 16;
/// Room for what is delivered: a message that fits into half of the queue (see [`crate::device::event`]), or a plan.
const DELIVERY: usize = limits::PLAN;
const _: () = assert!(DELIVERY >= limits::EVENTS / 2 + 16);

/// What an event tells, and the place of its handler in the table. An MCU's handlers follow from its component.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthKind {
    /// `devEvent(number, result)`.
    DevEvent,
    /// `recvTrans(bytes)`.
    RecvTrans,
    /// `recvTsl`: bytes are a TTLV message.
    RecvTsl,
    /// `readTsl`: bytes are ids of two bytes, the number is the package id.
    ReadTsl,
    /// `readTslServer`: bytes are a TTLV message that holds the service's struct, the number is the package id.
    ReadTslServer,
    /// `otaPlan`: bytes are for `qth_plan_component`.
    OtaPlan,
    /// `fotaResult`: bytes are the component, the number is 1 for success.
    FotaResult,
    /// The application's package is there, and can be read by `qth_mcu_read`.
    AppPackage,
    /// An MCU's `infoCB`: bytes are for `qth_mcu_file`.
    McuInfo,
    /// An MCU's `resultCB`, like `FotaResult`.
    McuResult,
}

/// One event. The bytes are valid until the handler returns.
#[repr(C)]
pub struct QthEvent {
    /// What it tells.
    pub kind: QthKind,
    /// See the kind.
    pub number: i32,
    /// See the kind.
    pub result: i32,
    /// See the kind; never null.
    pub bytes: *const u8,
    /// Number of bytes.
    pub length: usize,
}

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

/// A script's callable: the host's function closed over a handle.
#[derive(Clone, Copy)]
struct Closure {
    call: extern "C" fn(handle: u32, event: *const QthEvent) -> bool,
    handle: u32,
}

/// The handlers that the script has set.
struct Handlers {
    closures: [Option<Closure>; QTH_HANDLERS],
    /// Names of the registered MCUs, in the order of their handlers.
    mcus: heapless::Vec<String<COMPONENT_MAX>, QTH_MCUS>,
}

static HOST: Once<QthHost> = Once::new();
static PORT: Port = Port::new();
static HANDLERS: Mutex<Handlers> = Mutex::new(Handlers { closures: [None; QTH_HANDLERS], mcus: heapless::Vec::new() });
/// What is being delivered; locked as long as a handler runs, so that none runs inside another.
static DELIVERED: Mutex<[u8; DELIVERY]> = Mutex::new([0; DELIVERY]);

/// Calls the device; before `qth_init` it is not there, and everything is refused.
fn device<R: Default>(function: impl FnOnce(&mut Device<Board>, Instant) -> R) -> R {
    PORT.call(function)
}

/// The bytes that C has passed.
///
/// # Safety
/// `bytes` points to `length` bytes that nobody writes to before the caller has returned to C; null only with length 0.
unsafe fn slice<'a>(bytes: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(bytes, length) }
}

/// The text that C has passed; `None` when it is not UTF-8.
///
/// # Safety
/// As [`slice`].
unsafe fn text<'a>(bytes: *const u8, length: usize) -> Option<&'a str> {
    // SAFETY: the caller's promise.
    core::str::from_utf8(unsafe { slice(bytes, length) }).ok()
}

// Set-up and connection

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

fn restart() {
    if let Some(host) = HOST.get() {
        (host.restart)();
    }
}

/// The interpreter goes away, as at a soft reset: no handler is called any more, and the device disconnects.
#[no_mangle]
pub extern "C" fn qth_detach() {
    {
        let mut handlers = HANDLERS.lock();
        handlers.closures = [None; QTH_HANDLERS];
        handlers.mcus.clear();
    }
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

// Data

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

/// The ids that C has passed.
///
/// # Safety
/// `ids` points to `count` numbers; null only with count 0.
unsafe fn numbers<'a>(ids: *const u16, count: usize) -> impl Iterator<Item = u16> + 'a {
    let ids = match count {
        0 => &[],
        // SAFETY: the caller's promise.
        _ => unsafe { core::slice::from_raw_parts(ids, count) },
    };
    ids.iter().copied()
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

// Upgrades

/// Asks for plans.
#[no_mangle]
pub extern "C" fn qth_ota_request(with_sha256: bool) -> bool {
    device(|device, _| device.ota_request(with_sha256))
}

/// Accepts (1) or refuses (0) the plan, asks for the next piece (2), says that the MCU is being updated (3).
#[no_mangle]
pub extern "C" fn qth_ota_action(action: u8) -> bool {
    device(|device, now| device.ota_action(now, action))
}

/// Reads from the downloaded package of an MCU to `out`; returns the number of bytes, 0 while no package is there, and
/// behind its end.
///
/// # Safety
/// `out` points to `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_mcu_read(offset: u32, out: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { core::slice::from_raw_parts_mut(out, size) };
    device(|device, now| device.mcu_package_read(now, offset, out)).unwrap_or_default()
}

/// Sets the public key that packages must be signed with, in PEM. False for every key where the library is built without
/// packages.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_set_ota_key(pem: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let Some(pem) = (unsafe { text(pem, length) }) else { return false };
    device(|device, _| device.set_ota_key(pem))
}

/// Writes the public key that packages must be signed with to `out`; returns its length, 0 when none is set or it is longer
/// than `size`.
///
/// # Safety
/// `out` points to `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_ota_key(out: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { core::slice::from_raw_parts_mut(out, size) };
    device(|device, _| {
        let pem = device.ota_key().as_bytes();
        out.get_mut(..pem.len()).map_or(0, |out| {
            out.copy_from_slice(pem);
            pem.len()
        })
    })
}

/// Why an application was not upgraded.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthFault {
    /// Its package can't be unpacked.
    Archive,
    /// It was tried before and reverted.
    KnownBad,
    /// It did not start, and the one before is back.
    DidNotStart,
    /// There is no space for it.
    Space,
}

/// The application's package could not be installed, or what was installed did not run; false when none is in progress.
#[no_mangle]
pub extern "C" fn qth_application_failed(fault: QthFault) -> bool {
    let failure = match fault {
        QthFault::Archive => Failure::BadArchive,
        QthFault::KnownBad => Failure::KnownBad,
        QthFault::DidNotStart => Failure::DidNotStart,
        QthFault::Space => Failure::Space,
    };
    device(|device, now| device.application_failed(now, failure))
}

/// The place of an MCU's two handlers, from [`QTH_MCU_HANDLERS`] on, which it gets if it has none yet; -1 when its name
/// is no good or there are too many.
///
/// # Safety
/// A pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_mcu_handlers(component: *const u8, length: usize) -> i32 {
    // SAFETY: the caller's promise.
    let Some(component) = (unsafe { text(component, length) }) else { return -1 };
    let mut handlers = HANDLERS.lock();
    let place = component_handler(&handlers.mcus, component).or_else(|| {
        let name = String::try_from(component).ok().filter(|name| !name.is_empty())?;
        handlers.mcus.push(name).ok()?;
        handlers.mcus.len().checked_sub(1).map(mcu_handler)
    });
    place.and_then(|place| i32::try_from(place).ok()).unwrap_or(-1)
}

/// Place of a component's handlers; the application's are the last.
fn component_handler(mcus: &[String<COMPONENT_MAX>], component: &str) -> Option<usize> {
    let place = match component {
        APPLICATION => Some(QTH_MCUS),
        component => mcus.iter().position(|mcu| mcu == component),
    };
    place.map(mcu_handler)
}

/// Handler of an MCU's information; the result's is the next.
fn mcu_handler(place: usize) -> usize {
    QTH_MCU_HANDLERS.saturating_add(place.saturating_mul(2))
}

/// Tells the version that an MCU runs.
///
/// # Safety
/// Pointers with their lengths.
#[no_mangle]
pub unsafe extern "C" fn qth_set_mcu_version(
    component: *const u8,
    component_length: usize,
    version: *const u8,
    version_length: usize,
) -> bool {
    // SAFETY: the caller's promise.
    let texts = unsafe { (text(component, component_length), text(version, version_length)) };
    let (Some(component), Some(version)) = texts else { return false };
    device(|device, now| device.set_mcu_version(now, component, version))
}

// Events

/// Sets the handler at a place of the table: a closure over the handle, which the host calls for it.
#[no_mangle]
pub extern "C" fn qth_set_handler(place: usize, handle: u32) {
    let Some(call) = HOST.get().map(|host| host.call) else { return };
    if let Some(handler) = HANDLERS.lock().closures.get_mut(place) {
        *handler = Some(Closure { call, handle });
    }
}

/// Delivers waiting events, each to its handler. Only in the interpreter's thread; from inside a handler it does nothing.
#[no_mangle]
pub extern "C" fn qth_deliver() {
    let Some(mut room) = DELIVERED.try_lock() else { return };
    PORT.set_interrupted(false);
    for _ in 0..BATCH {
        let Some(event) = device(|device, _| take(device, room.as_mut_slice())) else { return };
        // The table is free again when the handler runs, which may change it.
        let handler = handler_of(&event);
        if handler.is_some_and(|handler| !(handler.call)(handler.handle, &event)) {
            return PORT.set_interrupted(true);
        }
    }
}

/// Takes the oldest event off the queue, with its bytes copied to `room`.
fn take(device: &mut Device<Board>, room: &mut [u8]) -> Option<QthEvent> {
    let (kind, number, result, payload) = match device.event()? {
        Event::Device(topic, result) => (QthKind::DevEvent, i32::from(topic), result, &[][..]),
        Event::Transparent(bytes) => (QthKind::RecvTrans, 0, 0, bytes),
        Event::Tsl(bytes) => (QthKind::RecvTsl, 0, 0, bytes),
        Event::ReadTsl(package, ids) => (QthKind::ReadTsl, i32::from(package), 0, ids),
        Event::ReadService(package, bytes) => (QthKind::ReadTslServer, i32::from(package), 0, bytes),
        Event::Plan => (QthKind::OtaPlan, 0, 0, device.plan()),
        Event::Result(success, component) => (QthKind::FotaResult, i32::from(success), 0, component),
        Event::McuInfo(bytes) => (QthKind::McuInfo, 0, 0, bytes),
        Event::McuResult(success, component) => (QthKind::McuResult, i32::from(success), 0, component),
        Event::McuPackage(component) => (QthKind::AppPackage, 0, 0, component),
    };
    let length = payload.len().min(room.len());
    let event = QthEvent { kind, number, result, bytes: room.as_ptr(), length };
    if let Some((room, payload)) = room.get_mut(..length).zip(payload.get(..length)) {
        room.copy_from_slice(payload);
    }
    device.event_taken();
    Some(event)
}

fn handler_of(event: &QthEvent) -> Option<Closure> {
    // SAFETY: the event was just taken, its bytes lie in the room that the delivery has locked.
    let bytes = unsafe { slice(event.bytes, event.length) };
    let handlers = HANDLERS.lock();
    let of_mcu = |component: &str| component_handler(&handlers.mcus, component);
    let place = match event.kind {
        QthKind::McuInfo => of_mcu(FileInfo::parse(bytes).ok()?.component)?,
        QthKind::McuResult => of_mcu(core::str::from_utf8(bytes).ok()?)?.saturating_add(1),
        // A script looks for its MCU's package by itself.
        QthKind::AppPackage if bytes != APPLICATION.as_bytes() => return None,
        kind => kind as usize,
    };
    *handlers.closures.get(place)?
}

/// A text in the bytes of an event.
#[repr(C)]
pub struct QthText {
    /// UTF-8, not terminated; never null.
    pub bytes: *const u8,
    /// Number of bytes.
    pub length: usize,
}

impl From<&str> for QthText {
    fn from(text: &str) -> Self {
        Self { bytes: text.as_ptr(), length: text.len() }
    }
}

/// One component of a plan. What the plan does not carry is 0 or empty.
#[repr(C)]
pub struct QthComponent {
    /// 0 module, 1 MCU.
    pub kind: u8,
    /// Minimum battery in percent.
    pub battery: u8,
    /// Minimum signal in dBm.
    pub signal: i16,
    /// Required space in bytes.
    pub space: u32,
    /// Component.
    pub name: QthText,
    /// Version that it starts from.
    pub source: QthText,
    /// Version that it leads to.
    pub target: QthText,
}

/// The component at this place of a plan; false after the last.
///
/// # Safety
/// `plan` points to `length` bytes, `out` to room for a component. The texts lie in the plan's bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_plan_component(plan: *const u8, length: usize, place: usize, out: *mut QthComponent) -> bool {
    // SAFETY: the caller's promise.
    let plan = Plan::parse(unsafe { slice(plan, length) });
    let Some(component) = plan.ok().and_then(|plan| plan.components().nth(place)) else { return false };
    let component = QthComponent {
        kind: component.kind as u8,
        battery: component.battery,
        signal: component.signal,
        space: component.space,
        name: component.name.into(),
        source: component.source.into(),
        target: component.target.into(),
    };
    // SAFETY: the caller's promise.
    unsafe { out.write(component) };
    true
}

/// The package for an MCU.
#[repr(C)]
pub struct QthFile {
    /// Component.
    pub component: QthText,
    /// Version that the package leads to.
    pub version: QthText,
    /// Address of the package.
    pub url: QthText,
    /// MD5, hexadecimal.
    pub md5: QthText,
    /// CRC-32/MPEG-2, hexadecimal.
    pub crc: QthText,
    /// Size in bytes.
    pub size: u32,
}

/// Reads an event of the kind `McuInfo`.
///
/// # Safety
/// `bytes` points to `length` bytes, `out` to room for a file. The texts lie in the bytes.
#[no_mangle]
pub unsafe extern "C" fn qth_mcu_file(bytes: *const u8, length: usize, out: *mut QthFile) -> bool {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(bytes, length) };
    let Ok(file) = FileInfo::parse(bytes) else { return false };
    let file = QthFile {
        component: file.component.into(),
        version: file.target.into(),
        url: file.url.into(),
        md5: file.md5.into(),
        crc: crc_text(bytes).unwrap_or_default().into(),
        size: file.size,
    };
    // SAFETY: the caller's promise.
    unsafe { out.write(file) };
    true
}

/// The CRC as it was sent: at the top of the file information, or in the only element of its array.
fn crc_text(bytes: &[u8]) -> Option<&str> {
    let crc = ttlv::find(bytes, id::CRC32).or_else(|| {
        let mut files = ttlv::find(bytes, id::FILES)?.as_struct()?;
        files.next().ok()??.value.as_struct()?.find(id::CRC32)
    });
    crc?.as_text()
}

// TTLV messages

/// A reader of TTLV items; its inside is the library's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthReader {
    // Some of these bytes are the padding of a `Reader`, which has no value.
    inside: MaybeUninit<[usize; 4]>,
}
const _: () = assert!(size_of::<Reader<'static>>() <= size_of::<QthReader>());
const _: () = assert!(align_of::<Reader<'static>>() <= align_of::<QthReader>());

/// What a TTLV item holds.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthType {
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// A number with decimals, or beyond the range of an integer.
    Float,
    /// Text.
    Text,
    /// Bytes that are no text.
    Bytes,
    /// Items with ids.
    Struct,
    /// Items without ids.
    Array,
}

/// One TTLV item. Of the values, the one that its type names is there.
#[repr(C)]
pub struct QthItem {
    /// 1 to 8191; 0 for an element of an array.
    pub id: u16,
    /// What it holds.
    pub kind: QthType,
    /// `Bool`.
    pub boolean: bool,
    /// `Int`.
    pub integer: i64,
    /// `Float`.
    pub real: f64,
    /// `Text`, `Bytes`.
    pub bytes: QthText,
    /// `Struct`, `Array`.
    pub items: QthReader,
}

fn keep_reader(reader: Reader<'_>) -> QthReader {
    let mut kept = QthReader { inside: MaybeUninit::uninit() };
    // SAFETY: size and alignment are asserted above, and a reader has nothing to drop.
    unsafe { kept.inside.as_mut_ptr().cast::<Reader<'_>>().write(reader) };
    kept
}

/// A reader of a TTLV message; false when the message is malformed. An empty one has no items.
///
/// # Safety
/// `bytes` points to `length` bytes that stay as long as the reader; `reader` to room for one.
#[no_mangle]
pub unsafe extern "C" fn qth_reader_open(reader: *mut QthReader, bytes: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(bytes, length) };
    if !bytes.is_empty() && ttlv::check(bytes).is_err() {
        return false;
    }
    // SAFETY: the caller's promise.
    unsafe { reader.write(keep_reader(Reader::new(bytes))) };
    true
}

/// The next item; false after the last.
///
/// # Safety
/// `reader` was opened by `qth_reader_open` or came in an item, `item` points to room for one.
#[no_mangle]
pub unsafe extern "C" fn qth_reader_next(reader: *mut QthReader, item: *mut QthItem) -> bool {
    // SAFETY: the caller's promise; every QthReader holds a Reader.
    let reader = unsafe { &mut *reader.cast::<Reader<'_>>() };
    let Ok(Some(next)) = reader.next() else { return false };
    let mut out = QthItem {
        id: next.id,
        kind: QthType::Bool,
        boolean: false,
        integer: 0,
        real: 0.0,
        bytes: "".into(),
        items: keep_reader(Reader::new(&[])),
    };
    match next.value {
        Value::Bool(value) => out.boolean = value,
        Value::Number(number) => match number.as_i64() {
            Some(integer) => (out.kind, out.integer) = (QthType::Int, integer),
            None => (out.kind, out.real) = (QthType::Float, number.to_f64()),
        },
        Value::Bytes(bytes) => {
            out.kind = if core::str::from_utf8(bytes).is_ok() { QthType::Text } else { QthType::Bytes };
            out.bytes = QthText { bytes: bytes.as_ptr(), length: bytes.len() };
        }
        Value::Struct(items) => {
            out.kind = if items.is_array() { QthType::Array } else { QthType::Struct };
            out.items = keep_reader(items);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { item.write(out) };
    true
}

/// A writer of a TTLV message; its inside is the library's.
#[repr(C)]
pub struct QthWriter {
    // As in a reader.
    inside: MaybeUninit<[usize; 16]>,
}
const _: () = assert!(size_of::<Writer<'static>>() <= size_of::<QthWriter>());
const _: () = assert!(align_of::<Writer<'static>>() <= align_of::<QthWriter>());

/// How the writing of a message went.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QthWritten {
    /// The message is there.
    Complete,
    /// It is too large.
    Full,
    /// An id is out of range.
    Id,
    /// A float is not finite, or too large.
    Float,
    /// Structs lie too deep in each other.
    Depth,
}

/// The writer that C keeps.
///
/// # Safety
/// `writer` was opened by `qth_writer_open`, and its buffer is still there.
unsafe fn writer<'a>(writer: *mut QthWriter) -> &'a mut Writer<'a> {
    // SAFETY: the caller's promise; every QthWriter holds a Writer.
    unsafe { &mut *writer.cast::<Writer<'a>>() }
}

/// A writer of a message into `buffer`. The functions below write an item each; `qth_writer_finish` tells how it went.
///
/// # Safety
/// `writer` points to room for one, `buffer` to `size` bytes, not 0, that stay as long as the writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_open(writer: *mut QthWriter, buffer: *mut u8, size: usize) {
    // SAFETY: the caller's promise; size and alignment are asserted above.
    unsafe { writer.cast::<Writer<'_>>().write(Writer::new(core::slice::from_raw_parts_mut(buffer, size))) };
}

/// Writes true or false.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_bool(this: *mut QthWriter, id: u16, value: bool) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.bool(id, value);
}

/// Writes an integer.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_int(this: *mut QthWriter, id: u16, value: i64) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.int(id, value);
}

/// Writes a float.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_float(this: *mut QthWriter, id: u16, value: f64) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.float(id, value);
}

/// Writes bytes or text.
///
/// # Safety
/// An open writer; a pointer with its length.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_bytes(this: *mut QthWriter, id: u16, bytes: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { writer(this).bytes(id, slice(bytes, length)) };
}

/// Begins a struct or an array, whose elements have id 0.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_begin(this: *mut QthWriter, id: u16) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.begin(id);
}

/// Ends the struct or array that was begun last.
///
/// # Safety
/// An open writer.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_end(this: *mut QthWriter) {
    // SAFETY: the caller's promise.
    unsafe { writer(this) }.end();
}

/// How it went, and the length of the message.
///
/// # Safety
/// An open writer; `length` points to room for a number.
#[no_mangle]
pub unsafe extern "C" fn qth_writer_finish(this: *mut QthWriter, length: *mut usize) -> QthWritten {
    // SAFETY: the caller's promise.
    match unsafe { writer(this) }.finish() {
        Ok(written) => {
            // SAFETY: the caller's promise.
            unsafe { length.write(written) };
            QthWritten::Complete
        }
        Err(WriteError::Id) => QthWritten::Id,
        Err(WriteError::Float) => QthWritten::Float,
        Err(WriteError::Depth) => QthWritten::Depth,
        Err(_) => QthWritten::Full,
    }
}

/// Nothing in the library panics; should it all the same, the board starts again.
#[cfg(all(not(feature = "std"), not(test)))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {
        restart();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::bare::board::{QthFlash, QthMeasures, QthName, QthNetwork, QthOpening};
    use std::sync::atomic::{AtomicU32, Ordering};

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
    static BOARD: QthBoard = QthBoard {
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

    static CALLS: Mutex<Vec<(u32, QthKind, i32, i32)>> = Mutex::new(Vec::new());
    static DEPTH: AtomicU32 = AtomicU32::new(0);

    extern "C" fn call(handle: u32, event: *const QthEvent) -> bool {
        // SAFETY: the library passes an event.
        let event = unsafe { &*event };
        CALLS.lock().push((handle, event.kind, event.number, event.result));
        assert_eq!(DEPTH.fetch_add(1, Ordering::SeqCst), 0, "a handler runs inside another");
        // As a callback does that waits for something.
        qth_deliver();
        DEPTH.fetch_sub(1, Ordering::SeqCst);
        true
    }

    extern "C" fn nothing() {}

    /// What was delivered.
    fn delivered() -> Vec<(u32, QthKind, i32, i32)> {
        qth_deliver();
        std::mem::take(&mut *CALLS.lock())
    }

    /// One test: there is one device in a process.
    #[test]
    fn events_go_to_the_handler_of_their_kind_until_the_interpreter_goes_away() {
        let host = QthHost { call, events_wait: nothing, restart: nothing, board: Some(&BOARD) };
        assert!(!qth_start(), "not there yet");
        for _ in 0..2 {
            // SAFETY: a host, and a text with its length.
            assert!(unsafe { qth_init(&host, b"1.0.0".as_ptr(), 5) });
        }

        // Nobody handles it: it is dropped.
        assert!(!qth_start());
        assert_eq!(delivered(), []);

        qth_set_handler(QthKind::DevEvent as usize, 7);
        assert!(!qth_start() && !qth_start());
        let no_product = (7, QthKind::DevEvent, 2, -4352);
        assert_eq!(delivered(), [no_product, no_product]);
        assert_eq!(delivered(), []);

        // A soft reset: what waits is forgotten, and the next interpreter begins without handlers.
        assert!(!qth_start());
        qth_detach();
        qth_set_handler(QthKind::DevEvent as usize, 8);
        assert_eq!(delivered(), []);
        qth_detach();
        assert!(!qth_start());
        assert_eq!(delivered(), []);
    }

    #[test]
    fn the_items_of_a_message_are_read_as_they_were_written() {
        let mut buffer = [0; 64];
        let (mut writer, mut length) = (QthWriter { inside: MaybeUninit::uninit() }, 0);
        // SAFETY: buffers and states outlive their use here.
        unsafe {
            qth_writer_open(&mut writer, buffer.as_mut_ptr(), buffer.len());
            qth_writer_int(&mut writer, 1, -5);
            qth_writer_begin(&mut writer, 2);
            qth_writer_float(&mut writer, 0, 2.5);
            qth_writer_bytes(&mut writer, 0, [0xFF].as_ptr(), 1);
            qth_writer_end(&mut writer);
            assert_eq!(qth_writer_finish(&mut writer, &mut length), QthWritten::Complete);

            let mut reader = QthReader { inside: MaybeUninit::uninit() };
            assert!(qth_reader_open(&mut reader, buffer.as_ptr(), length));
            let mut item = MaybeUninit::uninit();
            assert!(qth_reader_next(&mut reader, item.as_mut_ptr()));
            let first = item.assume_init_read();
            assert_eq!((first.id, first.kind, first.integer), (1, QthType::Int, -5));
            assert!(qth_reader_next(&mut reader, item.as_mut_ptr()));
            let mut second = item.assume_init_read();
            assert_eq!((second.id, second.kind), (2, QthType::Array));
            assert!(qth_reader_next(&mut second.items, item.as_mut_ptr()));
            assert_eq!(item.assume_init_read().real, 2.5);
            assert!(qth_reader_next(&mut second.items, item.as_mut_ptr()));
            assert_eq!(item.assume_init_read().kind, QthType::Bytes);
            assert!(!qth_reader_next(&mut second.items, item.as_mut_ptr()));
            assert!(!qth_reader_next(&mut reader, item.as_mut_ptr()));

            assert!(!qth_reader_open(&mut reader, [1].as_ptr(), 1), "malformed");
        }
    }
}
