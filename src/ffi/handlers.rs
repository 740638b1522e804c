//! The handlers that a script has set, by their place in the table that C keeps.

use super::border::QthText;
use super::delivery::{QthEvent, QthKind};
use super::host::QthHost;
use super::setup::HOST;
use cty::{int32_t, size_t, uint32_t};
use heapless::String;
use qth_protocol::ota::FileInfo;
use qth_protocol::ota::{APPLICATION, COMPONENT_MAX};
use spin::Mutex;

/// Components of external MCUs that a script can register.
pub const QTH_MCUS: size_t = 8;
/// Handlers that a script can set: one for each kind of event, two for each MCU and for the application.
pub const QTH_HANDLERS: size_t = 8 + 2 * (QTH_MCUS + 1);
/// Handler of the first MCU's information; its result is the next, then come the other MCUs'.
pub const QTH_MCU_HANDLERS: size_t = 8;

/// A script's callable: the host's function closed over a handle.
#[derive(Clone, Copy)]
pub(super) struct Closure {
    host: &'static QthHost,
    handle: u32,
}

impl Closure {
    /// Calls it; false: the delivery is to stop.
    #[must_use]
    pub(super) fn call(&self, event: &QthEvent<'_>) -> bool {
        self.host.call(self.handle, event)
    }
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
pub extern "C" fn qth_set_handler(place: size_t, handle: uint32_t) {
    let Some(host) = HOST.get() else { return };
    if let Some(handler) = HANDLERS.lock().closures.get_mut(place) {
        *handler = Some(Closure { host, handle });
    }
}

/// The place of an MCU's two handlers, from [`QTH_MCU_HANDLERS`] on, which it gets if it has none yet; -1 when its name
/// is no good or there are too many.
#[no_mangle]
pub extern "C" fn qth_mcu_handlers(component: QthText<'_>) -> int32_t {
    let Some(component) = component.get() else { return -1 };
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
pub(super) fn handler_of(event: &QthEvent<'_>) -> Option<Closure> {
    let bytes = event.bytes.get();
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
