//! The device on a board without an operating system: everything happens in the interpreter's thread. The driver runs
//! when it is due, and the board's table of C functions says how flash, network, time and random numbers are to be had.

pub mod board;
mod link;

use super::Hooks;
use crate::device::{Action, Device, Link};
use crate::time::Instant;
use board::{BareBoard, QthBoard};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use link::Transport;
use spin::{Mutex, Once};

/// This build's board.
pub type Board = BareBoard;

/// How often the driver looks at open links, which can't call it, and tells of events that are not taken, in milliseconds.
const LOOK_MILLIS: u64 = 10;
/// Rounds of exchange before the script may go on.
const ROUNDS: u32 = 8;
/// How long a restart waits for the farewell to the Center to leave, in milliseconds.
const FAREWELL_MILLIS: u64 = 1500;
/// The longest that the driver is not due: well within the half of the board's clock that counts as future.
const IDLE_MILLIS: u64 = 3_600_000;

/// The device of this firmware, once it is started.
pub struct Port(Once<Started>);

/// The device and its driver.
struct Started {
    device: Mutex<Device<BareBoard>>,
    driver: Mutex<Driver>,
    clock: Mutex<Clock>,
    board: &'static QthBoard,
    hooks: Hooks,
    /// When the driver is due, by the board's clock.
    due: AtomicU32,
    has_link: AtomicBool,
    is_interrupted: AtomicBool,
}

struct Driver {
    links: [Transport; 2],
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
    pub const fn new() -> Self {
        Self(Once::new())
    }

    /// Makes the device on this board; true also when it is there already, false when the board's flash can't be used
    /// as it is laid out. `version` is the firmware's.
    pub fn start(&self, version: &str, hooks: Hooks, board: Option<&'static QthBoard>) -> bool {
        let started = self.0.try_call_once(|| {
            let table = board.ok_or(())?;
            let board = BareBoard::new(table, version).ok_or(())?;
            Ok::<_, ()>(Started::new(table, board, hooks))
        });
        started.is_ok()
    }

    /// Calls the device for the application; the driver is due then.
    pub fn call<R: Default>(&self, function: impl FnOnce(&mut Device<BareBoard>, Instant) -> R) -> R {
        let Some(started) = self.0.get() else { return R::default() };
        let result = started.call(function);
        started.set_due(0);
        result
    }

    /// Reads from the device; `None` before it is there.
    pub fn read<R>(&self, function: impl FnOnce(&Device<BareBoard>) -> R) -> Option<R> {
        self.0.get().map(|started| started.read(function))
    }

    /// A link is open or being opened. After a stop: its farewell is still on its way.
    pub fn has_link(&self) -> bool {
        self.0.get().is_some_and(|started| started.has_link.load(Ordering::Acquire))
    }

    /// The delivery of events was interrupted, as by Ctrl-C: the driver asks for it again.
    pub fn set_interrupted(&self, is_interrupted: bool) {
        let Some(started) = self.0.get() else { return };
        started.is_interrupted.store(is_interrupted, Ordering::Release);
        if is_interrupted {
            started.set_due(0);
        }
    }

    /// Whether [`Port::drive`] is due. May be asked in an interrupt.
    pub fn is_due(&self) -> bool {
        self.0.get().is_some_and(Started::is_due)
    }

    /// Lets device and network exchange what they have for each other, in the interpreter's thread. From inside itself, as
    /// by a socket that is a script's object, it does nothing.
    pub fn drive(&self) {
        if let Some(started) = self.0.get() {
            started.drive();
        }
    }
}

impl Started {
    fn new(table: &'static QthBoard, board: BareBoard, hooks: Hooks) -> Self {
        let last = (table.millis)();
        let links = [Transport::new(Link::Center), Transport::new(Link::Package)];
        Self {
            device: Mutex::new(Device::new(Instant::default(), board)),
            driver: Mutex::new(Driver { links, restart_by: None }),
            clock: Mutex::new(Clock { millis: 0, last }),
            board: table,
            hooks,
            due: AtomicU32::new(last),
            has_link: AtomicBool::new(false),
            is_interrupted: AtomicBool::new(false),
        }
    }

    fn call<R>(&self, function: impl FnOnce(&mut Device<BareBoard>, Instant) -> R) -> R {
        let now = self.now();
        function(&mut self.device.lock(), now)
    }

    fn read<R>(&self, function: impl FnOnce(&Device<BareBoard>) -> R) -> R {
        function(&self.device.lock())
    }

    fn is_due(&self) -> bool {
        // A moment up to half the clock's range ago is past.
        (self.board.millis)().wrapping_sub(self.due.load(Ordering::Acquire)) <= u32::MAX / 2
    }

    fn drive(&self) {
        let Some(mut driver) = self.driver.try_lock() else { return };
        let Driver { links, restart_by } = &mut *driver;
        let network = &self.board.network;
        self.set_due(IDLE_MILLIS);
        self.call(|device, now| device.timeout(now));
        let mut is_quiet = false;
        for _ in 0..ROUNDS {
            is_quiet = true;
            while let Some(action) = self.call(|device, now| device.poll(now)) {
                is_quiet = false;
                let of = |link| move |transport: &&mut Transport| transport.is_of(link);
                match action {
                    Action::Open(link) => links.iter_mut().filter(of(link)).for_each(|link| link.open(self, network)),
                    Action::Close(link) => links.iter_mut().filter(of(link)).for_each(|link| link.close(network)),
                    Action::Restart => *restart_by = Some(self.now().after_millis(FAREWELL_MILLIS)),
                }
            }
            for link in links.iter_mut() {
                is_quiet &= !link.exchange(self, network);
            }
            if is_quiet {
                break;
            }
        }
        let has_link = links.iter().any(Transport::is_used);
        self.has_link.store(has_link, Ordering::Release);
        let now = self.now();
        let restart = restart_by.take_if(|by| !has_link || now >= *by).is_some();
        let is_restarting = restart_by.is_some();
        drop(driver);

        let events_wait = self.call(|device, _| device.event().is_some()) || self.is_interrupted.load(Ordering::Acquire);
        let next = match (is_quiet, has_link || events_wait || is_restarting) {
            (false, _) => 0,
            (true, true) => LOOK_MILLIS,
            (true, false) => IDLE_MILLIS,
        };
        let poll_at = self.read(Device::poll_at).map_or(IDLE_MILLIS, |at| at.millis_since(now));
        // What was called meanwhile may have made it due sooner.
        if !self.is_due() {
            self.set_due(next.min(poll_at));
        }
        if events_wait {
            (self.hooks.events_wait)();
        }
        if restart {
            (self.hooks.restart)();
        }
    }

    fn now(&self) -> Instant {
        let mut clock = self.clock.lock();
        let now = (self.board.millis)();
        clock.millis = clock.millis.saturating_add(u64::from(now.wrapping_sub(clock.last)));
        clock.last = now;
        Instant::from_millis(clock.millis)
    }

    /// The driver is due in so many milliseconds.
    fn set_due(&self, millis: u64) {
        let millis = u32::try_from(millis).unwrap_or_default();
        self.due.store((self.board.millis)().wrapping_add(millis), Ordering::Release);
    }
}
