//! The device on a host: one thread owns the sockets and moves bytes between them and the device; the application calls
//! the device from any thread.

pub mod board;
mod driver;
mod environment;
pub mod flash;
mod resolve;
mod transport;

use super::Hooks;
use crate::device::Device;
use crate::time::Instant;
use board::UnixBoard;
use mio::{Poll, Token, Waker};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{mpsc, Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

/// This build's board.
pub type Board = UnixBoard;

/// The poll's token of the waker; those of the links follow.
const WAKER: Token = Token(0);
/// How often the driver steps aside for a call of the application before it takes the device again.
const COURTESY: u32 = 100;

/// The device of this process, once it is started.
pub struct Port {
    starting: Mutex<()>,
    started: OnceLock<Started>,
}

/// The device and the way to its driver.
struct Started {
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
    /// No device yet: every call of it is refused.
    #[allow(clippy::new_without_default)]
    #[must_use]
    pub const fn new() -> Self {
        Self { starting: Mutex::new(()), started: OnceLock::new() }
    }

    /// Makes the device on the board that the environment describes and starts its driver's thread, which lives as long
    /// as the process; true also when both are there already. `version` is the firmware's. What stands in the way is named
    /// on standard error.
    #[must_use]
    pub fn start<T>(&'static self, version: &str, hooks: Hooks, _board: Option<T>) -> bool {
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.started.get().is_some() {
            return true;
        }
        let is_started = self.start_driver(version.to_owned(), hooks);
        if let Err(error) = &is_started {
            eprintln!("Qth: the device can't start: {error}");
        }
        is_started.is_ok()
    }

    /// Starts the driver's thread, which makes the device: on the stack of a script's thread there may be no room for that.
    fn start_driver(&'static self, version: String, hooks: Hooks) -> io::Result<()> {
        let (tell, told) = mpsc::sync_channel(1);
        thread::Builder::new().name("qth".into()).spawn(move || {
            let opened = Started::open(&version).map(|(started, poll)| (self.started.get_or_init(|| started), poll));
            match opened {
                Ok((started, poll)) => {
                    let _ = tell.send(Ok(()));
                    driver::run(started, poll, hooks);
                }
                Err(error) => _ = tell.send(Err(error)),
            }
        })?;
        told.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
    }

    /// Calls the device for the application, and lets the driver carry out what comes of it.
    pub fn call<R: Default>(&self, function: impl FnOnce(&mut Device<UnixBoard>, Instant) -> R) -> R {
        self.started.get().map(|started| started.call(function)).unwrap_or_default()
    }

    /// Reads from the device, which leaves the driver nothing to do; `None` before it is there.
    pub fn read<R>(&self, function: impl FnOnce(&Device<UnixBoard>) -> R) -> Option<R> {
        self.started.get().map(|started| function(&started.lock()))
    }

    /// Returns whether a link is open or being opened. After a stop: its farewell is still on its way.
    pub fn has_link(&self) -> bool {
        self.started.get().is_some_and(Started::has_link)
    }

    /// The delivery of events was interrupted, as by Ctrl-C: the interpreter's system call has to end, events or not.
    pub fn set_interrupted(&self, is_interrupted: bool) {
        let Some(started) = self.started.get() else { return };
        if started.is_interrupted.swap(is_interrupted, Ordering::AcqRel) != is_interrupted {
            let _ = started.waker.wake();
        }
    }

    /// Returns false: the driver has a thread of its own.
    pub fn is_due(&self) -> bool {
        false
    }

    /// Does nothing: the driver has a thread of its own.
    pub fn drive(&self) {}
}

impl Started {
    /// # Errors
    /// The system has no poll for us, or the flash file can't be used.
    fn open(version: &str) -> io::Result<(Self, Poll)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let clock = std::time::Instant::now();
        let board = UnixBoard::from_environment(version)?;
        let mut device = Device::new(Instant::default(), board);
        device.set_empty_user_name(environment::is_set("QTH_EMPTY_USER_NAME"));
        let started = Self {
            device: Mutex::new(device),
            waker,
            clock,
            callers: AtomicU32::new(0),
            has_link: AtomicBool::new(false),
            is_interrupted: AtomicBool::new(false),
        };
        Ok((started, poll))
    }

    fn call<R>(&self, function: impl FnOnce(&mut Device<UnixBoard>, Instant) -> R) -> R {
        self.callers.fetch_add(1, Ordering::Relaxed);
        let mut device = self.lock();
        self.callers.fetch_sub(1, Ordering::Relaxed);
        let result = function(&mut device, self.now());
        drop(device);
        // Without a wake the driver looks at its next deadline.
        let _ = self.waker.wake();
        result
    }

    fn has_link(&self) -> bool {
        self.has_link.load(Ordering::Acquire)
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
