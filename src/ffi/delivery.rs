//! Delivery of events to the script's handlers.

use super::border::QthBytes;
use super::handlers::handler_of;
use super::{device, PORT};
use crate::data::event::Event;
use crate::device::{limits, Device};
use crate::port::native::Board;
use crate::profile::MESSAGES;
use cty::int32_t;
use qth_protocol::ota::COMPONENT_MAX;
use spin::Mutex;

/// Events delivered in one go, before the script may run again.
const BATCH: u32 = 16;
/// Room for what is delivered: the largest message that is taken, which is smaller than its packet, or a plan, which is no larger.
const DELIVERY: usize = if MESSAGES { limits::PACKET_IN } else { limits::PLAN };
const _: () = assert!(DELIVERY >= COMPONENT_MAX);

/// What is being delivered; locked as long as a handler runs, so that none runs inside another.
static DELIVERED: Mutex<[u8; DELIVERY]> = Mutex::new([0; DELIVERY]);

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
pub struct QthEvent<'a> {
    /// What it tells.
    pub kind: QthKind,
    /// See the kind.
    pub number: int32_t,
    /// See the kind.
    pub result: int32_t,
    /// See the kind.
    pub bytes: QthBytes<'a>,
}

/// Delivers waiting events, each to its handler. Only in the interpreter's thread; from inside a handler it does nothing.
#[no_mangle]
pub extern "C" fn qth_deliver() {
    let Some(mut room) = DELIVERED.try_lock() else { return };
    PORT.set_interrupted(false);
    for _ in 0..BATCH {
        let room = room.as_mut_slice();
        let Some(event) = device(move |device, _| take(device, room)) else { return };
        // The table is free again when the handler runs, which may change it.
        let handler = handler_of(&event);
        if handler.is_some_and(|handler| !handler.call(&event)) {
            return PORT.set_interrupted(true);
        }
    }
}

/// Takes the oldest event off the queue, with its bytes copied to `room`.
fn take<'a>(device: &mut Device<Board>, room: &'a mut [u8]) -> Option<QthEvent<'a>> {
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
    let room = room.get_mut(..payload.len())?;
    room.copy_from_slice(payload);
    device.event_taken();
    Some(QthEvent { kind, number, result, bytes: (&*room).into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::board::QthBoard;
    use crate::ffi::handlers::qth_set_handler;
    use crate::ffi::host::QthHost;
    use crate::ffi::setup::{qth_detach, qth_init, qth_start};
    use crate::ffi::test_board;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// What the driver without an operating system runs on; a host's has its own board.
    static BOARD: QthBoard = test_board::board(0);
    static CALLS: Mutex<Vec<(u32, QthKind, i32, i32)>> = Mutex::new(Vec::new());
    static DEPTH: AtomicU32 = AtomicU32::new(0);

    extern "C" fn call(handle: u32, event: &QthEvent<'_>) -> bool {
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
            assert!(qth_init(&host, "1.0.0".into()));
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
}
