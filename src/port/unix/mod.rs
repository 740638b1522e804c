//! The device on a host: one thread owns the sockets and moves bytes between them and the device; the application calls
//! the device from any thread.

pub mod board;
mod driver;
mod environment;
pub mod flash;
mod resolve;
mod transport;

use crate::device::Device;
use crate::time::Instant;
use board::UnixBoard;
use mio::{Poll, Token, Waker};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The poll's token of the waker; those of the links follow.
const WAKER: Token = Token(0);
/// How often the driver steps aside for a call of the application before it takes the device again.
const COURTESY: u32 = 100;

/// What the driver asks of the interpreter's side. It is asked in the driver's thread, with nothing locked.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Events wait for the application, or it was interrupted. Asked again every few milliseconds while that is so.
    pub events_wait: fn(),
    /// The board is to be restarted, at once.
    pub restart: fn(),
}

/// The device of this process and the way to its driver.
pub struct Port {
    device: Mutex<Device<UnixBoard>>,
    waker: Arc<Waker>,
    clock: std::time::Instant,
    /// Calls of the application that wait for the device.
    callers: AtomicU32,
    /// A link is open or being opened.
    has_link: AtomicBool,
    /// See [`Port::set_interrupted`].
    is_interrupted: AtomicBool,
}

impl Port {
    /// A device on the board that the environment describes, and the poll for its driver. `version` is the firmware's.
    ///
    /// # Errors
    /// The system has no poll for us, or the flash file can't be used.
    pub fn open(version: &str) -> io::Result<(Self, Poll)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let clock = std::time::Instant::now();
        let board = UnixBoard::from_environment(version)?;
        let mut device = Device::new(Instant::default(), board);
        device.set_empty_user_name(environment::is_set("QTH_EMPTY_USER_NAME"));
        let port = Self {
            device: Mutex::new(device),
            waker,
            clock,
            callers: AtomicU32::new(0),
            has_link: AtomicBool::new(false),
            is_interrupted: AtomicBool::new(false),
        };
        Ok((port, poll))
    }

    /// Starts the driver's thread. It lives as long as the process.
    ///
    /// # Errors
    /// The system has no thread for us.
    pub fn start(&'static self, poll: Poll, hooks: Hooks) -> io::Result<()> {
        thread::Builder::new().name("qth".into()).spawn(move || driver::run(self, poll, hooks)).map(drop)
    }

    /// Calls the device for the application, and lets the driver carry out what comes of it.
    pub fn call<R>(&self, function: impl FnOnce(&mut Device<UnixBoard>, Instant) -> R) -> R {
        self.callers.fetch_add(1, Ordering::Relaxed);
        let mut device = self.lock();
        self.callers.fetch_sub(1, Ordering::Relaxed);
        let result = function(&mut device, self.now());
        drop(device);
        // Without a wake the driver looks at its next deadline.
        let _ = self.waker.wake();
        result
    }

    /// Reads from the device, which leaves the driver nothing to do.
    pub fn read<R>(&self, function: impl FnOnce(&Device<UnixBoard>) -> R) -> R {
        function(&self.lock())
    }

    /// A link is open or being opened. After a stop: its farewell is still on its way.
    pub fn has_link(&self) -> bool {
        self.has_link.load(Ordering::Acquire)
    }

    /// The delivery of events was interrupted, as by Ctrl-C: the interpreter's system call has to end, events or not.
    pub fn set_interrupted(&self, is_interrupted: bool) {
        if self.is_interrupted.swap(is_interrupted, Ordering::AcqRel) != is_interrupted {
            let _ = self.waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Device<UnixBoard>> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The device for the driver, which lets the application go first: a busy download would starve it otherwise.
    fn lock_for_driver(&self) -> MutexGuard<'_, Device<UnixBoard>> {
        for _ in 0..COURTESY {
            if self.callers.load(Ordering::Relaxed) == 0 {
                break;
            }
            thread::yield_now();
        }
        self.lock()
    }

    fn now(&self) -> Instant {
        Instant::from_millis(u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}
