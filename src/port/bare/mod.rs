//! The device on a board without an operating system: everything happens in the interpreter's thread. The driver runs
//! when it is due, and the board's table of C functions says how flash, network, time and random numbers are to be had.

pub mod board;
mod link;

use super::Hooks;
use crate::device::limits::CHUNK;
use crate::device::{Action, Device, Link};
use crate::ffi::board::{QthBoard, QthNetwork};
use crate::time::Instant;
use board::BareBoard;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use link::Transport;
use spin::{Mutex, Once};

/// This build's board.
pub type Board = BareBoard;

const LINKS: [Link; 2] = [Link::Center, Link::Package];
/// How often the driver looks at open links, which can't call it, and tells of events that are not taken, in milliseconds.
const LOOK_MILLIS: u64 = 10;
/// Rounds of exchange before the script may go on.
const ROUNDS: u32 = 8;
/// How long a restart waits for the farewell to the Center to leave, in milliseconds.
const FAREWELL_MILLIS: u64 = 1500;
/// The longest that the driver is not due: well within the half of the board's clock that counts as future.
const IDLE_MILLIS: u64 = 3_600_000;

/// The device of this firmware and its driver. As a static it is all zeros, so that it takes no place in the image.
pub struct Port {
    device: Mutex<Device<BareBoard>>,
    driver: Mutex<Driver>,
    clock: Mutex<Clock>,
    start: Once<Start>,
    /// When the driver is due, by the board's clock.
    due: AtomicU32,
    has_link: AtomicBool,
    is_interrupted: AtomicBool,
}

/// What the device was started with.
#[derive(Clone, Copy)]
struct Start {
    board: &'static QthBoard,
    hooks: Hooks,
}

struct Driver {
    links: [Transport; 2],
    /// What a link is sending; not on the stack, which is deep enough.
    room: [u8; CHUNK],
    restart_by: Option<Instant>,
}

/// The board's clock without its end.
struct Clock {
    millis: u64,
    last: u32,
}

impl Port {
    /// No device yet: every call of it is refused.
    #[allow(clippy::new_without_default)]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            device: Mutex::new(Device::off(BareBoard::NONE)),
            driver: Mutex::new(Driver { links: [Transport::CLOSED, Transport::CLOSED], room: [0; CHUNK], restart_by: None }),
            clock: Mutex::new(Clock { millis: 0, last: 0 }),
            start: Once::new(),
            due: AtomicU32::new(0),
            has_link: AtomicBool::new(false),
            is_interrupted: AtomicBool::new(false),
        }
    }

    /// Makes the device on this board; true also when it is there already, false when the board's flash can't be used
    /// as it is laid out. `version` is the firmware's.
    #[must_use]
    pub fn start(&self, version: &str, hooks: Hooks, board: Option<&'static QthBoard>) -> bool {
        let start = self.start.try_call_once(|| {
            let board = board.ok_or(())?;
            let mut device = self.device.lock();
            *device.board_mut() = BareBoard::new(board, version).ok_or(())?;
            device.switch_on(Instant::default());
            self.clock.lock().last = board.millis();
            self.driver.lock().links.iter_mut().zip(LINKS).for_each(|(transport, link)| transport.link = link);
            Ok::<_, ()>(Start { board, hooks })
        });
        start.is_ok()
    }

    /// Calls the device for the application; the driver is due then.
    pub fn call<R: Default>(&self, function: impl FnOnce(&mut Device<BareBoard>, Instant) -> R) -> R {
        let Some(start) = self.start.get() else { return R::default() };
        let result = self.tell(start, function);
        self.set_due(start, 0);
        result
    }

    /// Reads from the device; `None` before it is there.
    pub fn read<R>(&self, function: impl FnOnce(&Device<BareBoard>) -> R) -> Option<R> {
        self.start.is_completed().then(|| function(&self.device.lock()))
    }

    /// Returns whether a link is open or being opened. After a stop: its farewell is still on its way.
    pub fn has_link(&self) -> bool {
        self.has_link.load(Ordering::Acquire)
    }

    /// The delivery of events was interrupted, as by Ctrl-C: the driver asks for it again.
    pub fn set_interrupted(&self, is_interrupted: bool) {
        self.is_interrupted.store(is_interrupted, Ordering::Release);
        if let Some(start) = self.start.get().filter(|_| is_interrupted) {
            self.set_due(start, 0);
        }
    }

    /// Whether [`Port::drive`] is due. May be asked in an interrupt.
    pub fn is_due(&self) -> bool {
        // A moment up to half the clock's range ago is past.
        let since = |start: &Start| start.board.millis().wrapping_sub(self.due.load(Ordering::Acquire));
        self.start.get().is_some_and(|start| since(start) <= u32::MAX / 2)
    }

    /// Moves bytes between device and network, in the interpreter's thread. From inside itself, as
    /// by a socket that is a script's object, it does nothing.
    pub fn drive(&self) {
        let (Some(start), Some(mut driver)) = (self.start.get(), self.driver.try_lock()) else { return };
        let Driver { links, room, restart_by } = &mut *driver;
        let network = Network { port: self, start };
        self.set_due(start, IDLE_MILLIS);
        self.tell(start, |device, now| device.timeout(now));
        let mut is_quiet = false;
        for _ in 0..ROUNDS {
            is_quiet = true;
            while let Some(action) = self.tell(start, |device, now| device.poll(now)) {
                is_quiet = false;
                let of = |link| move |transport: &&mut Transport| transport.link == link;
                match action {
                    Action::Open(link) => links.iter_mut().filter(of(link)).for_each(|link| link.open(&network)),
                    Action::Close(link) => links.iter_mut().filter(of(link)).for_each(|link| link.close(&network)),
                    Action::Restart => *restart_by = Some(self.now(start).after_millis(FAREWELL_MILLIS)),
                }
            }
            for link in links.iter_mut() {
                is_quiet &= !link.exchange(&network, room);
            }
            if is_quiet {
                break;
            }
        }
        let has_link = links.iter().any(Transport::is_used);
        self.has_link.store(has_link, Ordering::Release);
        let now = self.now(start);
        let restart = restart_by.take_if(|by| !has_link || now >= *by).is_some();
        let is_restarting = restart_by.is_some();
        drop(driver);

        let (events_wait, poll_at) = self.tell(start, |device, _| (device.event().is_some(), device.poll_at()));
        let events_wait = events_wait || self.is_interrupted.load(Ordering::Acquire);
        let next = match (is_quiet, has_link || events_wait || is_restarting) {
            (false, _) => 0,
            (true, true) => LOOK_MILLIS,
            (true, false) => IDLE_MILLIS,
        };
        // What was called meanwhile may have made it due sooner.
        if !self.is_due() {
            self.set_due(start, next.min(poll_at.map_or(IDLE_MILLIS, |at| at.millis_since(now))));
        }
        if events_wait {
            (start.hooks.events_wait)();
        }
        if restart {
            (start.hooks.restart)();
        }
    }

    /// Calls the device for the driver.
    fn tell<R>(&self, start: &Start, function: impl FnOnce(&mut Device<BareBoard>, Instant) -> R) -> R {
        let now = self.now(start);
        function(&mut self.device.lock(), now)
    }

    fn now(&self, start: &Start) -> Instant {
        let mut clock = self.clock.lock();
        let now = start.board.millis();
        clock.millis = clock.millis.saturating_add(u64::from(now.wrapping_sub(clock.last)));
        clock.last = now;
        Instant::from_millis(clock.millis)
    }

    /// The driver is due in this many milliseconds.
    fn set_due(&self, start: &Start, millis: u64) {
        let millis = u32::try_from(millis).unwrap_or_default();
        self.due.store(start.board.millis().wrapping_add(millis), Ordering::Release);
    }
}

/// The board's network and the device that uses it.
struct Network<'a> {
    port: &'a Port,
    start: &'a Start,
}

impl Network<'_> {
    fn functions(&self) -> &QthNetwork {
        &self.start.board.network
    }

    fn tell<R>(&self, function: impl FnOnce(&mut Device<BareBoard>, Instant) -> R) -> R {
        self.port.tell(self.start, function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::event::Event;
    use crate::device::limits;
    use crate::ffi::board::QthOpening;
    use crate::ffi::border::{QthBuffer, QthBytes, QthText};
    use crate::ffi::test_board;
    use crate::mqtt::packet::{self, Publish, QoS};
    use qth_protocol::frame::{self, PackageId};
    use qth_protocol::{command, ttlv};

    /// A Center of a few lines at the other end of the link.
    struct Center {
        received: Vec<u8>,
        sending: Vec<u8>,
        /// Package ids of messages that the device has refused.
        refused: Vec<i64>,
    }

    static CENTER: Mutex<Center> = Mutex::new(Center { received: Vec::new(), sending: Vec::new(), refused: Vec::new() });
    static BOARD: QthBoard = QthBoard { network: QthNetwork { open, opening, send, receive, close }, ..test_board::board(1) };

    impl Center {
        fn send(&mut self, id: PackageId, command: u16, payload: &[u8]) {
            let mut sealed = vec![0; 2 * payload.len() + frame::HEADER];
            sealed[frame::HEADER..][..payload.len()].copy_from_slice(payload);
            let length = frame::seal(&mut sealed, payload.len(), id, command).unwrap();
            let publish = Publish { topic: "q/1/d/x/bus", qos: QoS::AtMostOnce, retain: false, dup: false, id: None };
            let mut packet = vec![0; length + 64];
            let written = packet::write_publish(&mut packet, &publish, None, &mut |room| {
                room[..length].copy_from_slice(&sealed[..length]);
                Some(length)
            });
            self.sending.extend(&packet[..written.unwrap()]);
        }

        fn take(&mut self, packet: &mut [u8]) {
            match packet[0] >> 4 {
                1 => self.sending.extend([0x20, 2, 0, 0]),
                8 => {
                    self.sending.extend([0x90, 3, packet[2], packet[3], 1]);
                    let mut secret = [0; 40];
                    let mut writer = ttlv::Writer::new(&mut secret);
                    writer.text(5, "550fb4d299941da367a28636dbc70bf7");
                    let length = writer.finish().unwrap();
                    self.send(PackageId::FIRST, command::CONFIG, &secret[..length]);
                }
                3 => {
                    let Ok(packet::Incoming::Publish { payload, .. }) = packet::read(packet) else { panic!() };
                    let frame = frame::open(payload).unwrap();
                    if frame.command == command::EXCEPTION_UP {
                        self.refused.push(ttlv::find(frame.payload, 2).and_then(|id| id.as_i64()).unwrap());
                    }
                }
                _ => {}
            }
        }
    }

    extern "C" fn open(link: u8, host: QthText<'_>, port: u16) -> QthOpening {
        assert_eq!((link, host.get(), port), (0, Some("center"), 1883));
        QthOpening::Pending
    }
    extern "C" fn opening(_: u8) -> QthOpening {
        QthOpening::Open
    }
    extern "C" fn send(_: u8, bytes: QthBytes<'_>) -> i32 {
        // A network takes less than it is given.
        let bytes = bytes.get();
        let taken = bytes.len().min(100);
        let mut center = CENTER.lock();
        center.received.extend(&bytes[..taken]);
        while let Some(length) = packet::length(&center.received).unwrap().filter(|length| *length <= center.received.len()) {
            let mut packet: Vec<u8> = center.received.drain(..length).collect();
            center.take(&mut packet);
        }
        taken as i32
    }
    extern "C" fn receive(_: u8, room: QthBuffer<'_>) -> i32 {
        let room = room.get();
        let mut center = CENTER.lock();
        let count = center.sending.len().min(room.len());
        room[..count].copy_from_slice(&center.sending[..count]);
        center.sending.drain(..count);
        count as i32
    }
    extern "C" fn close(_: u8) {}

    #[test]
    fn messages_reach_the_application_over_the_boards_network_whole_or_are_refused() {
        let port = Port::new();
        assert!(!port.call(|device, now| device.start(now)), "not there yet");
        assert!(port.start("1.0.0", Hooks { events_wait: || {}, restart: || {} }, Some(&BOARD)));
        assert!(port.call(|device, _| {
            device.set_product("p111xt", "V2VUei9ZVWt2SnpL")
                && device.set_server("mqtt://center")
                && device.set_device_key("866123456789012")
        }));
        assert!(port.call(|device, now| device.start(now)));
        let drive = || (0..8).for_each(|_| port.drive());
        drive();
        assert_eq!(port.read(Device::is_online), Some(true));

        let id = |number| PackageId::new(number).unwrap();
        let whole = limits::PACKET_IN - 48;
        for (number, length) in [(7, whole), (8, limits::PACKET_IN + 1000), (9, 1)] {
            CENTER.lock().send(id(number), command::TRANSPARENT_DOWN, &vec![b'x'; length]);
        }
        let mut lengths = Vec::new();
        for _ in 0..8 {
            drive();
            while port.call(|device, _| {
                let length = match device.event() {
                    Some(Event::Transparent(bytes)) => Some(bytes.len()),
                    event => event.map(|_| 0),
                };
                device.event_taken();
                lengths.extend(length.filter(|length| *length > 0));
                length.is_some()
            }) {}
        }
        assert_eq!(lengths, [whole, 1]);
        assert_eq!(CENTER.lock().refused, [8]);
        assert!(port.has_link());
    }
}
