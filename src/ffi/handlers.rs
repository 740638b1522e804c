//! The handlers that a script has set, by their place in the table that C keeps.

use super::delivery::{QthEvent, QthKind};
use super::memory::{slice, text};
use super::setup::HOST;
use qth_protocol::ota::FileInfo;
use qth_protocol::ota::{APPLICATION, COMPONENT_MAX};
use heapless::String;
use spin::Mutex;

/// Components of external MCUs that a script can register.
pub const QTH_MCUS: usize = 8;
/// Handlers that a script can set: one for each kind of event, two for each MCU and for the application.
pub const QTH_HANDLERS: usize = 8 + 2 * (QTH_MCUS + 1);
/// Handler of the first MCU's information; its result is the next, then come the other MCUs'.
pub const QTH_MCU_HANDLERS: usize = 8;

/// A script's callable: the host's function closed over a handle.
#[derive(Clone, Copy)]
pub(super) struct Closure {
    pub(super) call: extern "C" fn(handle: u32, event: *const QthEvent) -> bool,
    pub(super) handle: u32,
}

/// The handlers that the script has set.
pub(super) struct Handlers {
    closures: [Option<Closure>; QTH_HANDLERS],
    /// Names of the registered MCUs, in the order of their handlers.
    mcus: heapless::Vec<String<COMPONENT_MAX>, QTH_MCUS>,
}

impl Handlers {
    /// Forgets them all.
    pub(super) fn clear(&mut self) {
        self.closures = [None; QTH_HANDLERS];
        self.mcus.clear();
    }
}

pub(super) static HANDLERS: Mutex<Handlers> = Mutex::new(Handlers { closures: [None; QTH_HANDLERS], mcus: heapless::Vec::new() });

/// Sets the handler at a place of the table: a closure over the handle, which the host calls for it.
#[no_mangle]
pub extern "C" fn qth_set_handler(place: usize, handle: u32) {
    let Some(call) = HOST.get().map(|host| host.call) else { return };
    if let Some(handler) = HANDLERS.lock().closures.get_mut(place) {
        *handler = Some(Closure { call, handle });
    }
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

/// The handler of an event, if the script has set one.
pub(super) fn handler_of(event: &QthEvent) -> Option<Closure> {
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
