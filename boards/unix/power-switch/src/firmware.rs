//! The firmware as a process.

use crate::boot::{self, Chosen};
use crate::options::Options;
use qth_flash::boot::RESET_EXIT_CODE;
use rustix::fs::{memfd_create, MemfdFlags};
use rustix::process::{kill_process, Pid, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A firmware on trial that hangs is switched off this long after the time that it has for itself.
const TRIAL_GRACE: Duration = Duration::from_secs(30);
const TRIAL_SECONDS: u64 = 20 * 60;
const TRIAL_LIMIT_SECONDS: u64 = 24 * 60 * 60;
/// How often a firmware on trial is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How the firmware ended.
pub enum Ending {
    /// It asked for a restart.
    Reset,
    Exit(u8),
    /// It died of a signal that nobody sent to switch it off.
    Crash(i32),
    /// Its trial took too long.
    TooSlow,
    /// The image is no program that can be run here.
    NotRun(String),
    /// The person or a service manager has switched the board off, by this signal.
    SwitchedOff(i32),
}

/// Signals to this program.
pub struct Signals {
    /// The one that switches the board off; 0: none yet.
    off: Arc<AtomicI32>,
    /// Ctrl-C came since the firmware was started. What it does is the firmware's affair.
    interrupted: Arc<AtomicBool>,
    runs: Arc<AtomicBool>,
    child: Arc<AtomicI32>,
}

impl Signals {
    /// Passes SIGTERM and SIGHUP on to the firmware. Ctrl-C reaches it by itself, from the terminal; while none runs, it
    /// switches the board off.
    pub fn watch() -> Result<Self, String> {
        let signals = Self { off: Arc::default(), interrupted: Arc::default(), runs: Arc::default(), child: Arc::default() };
        let mut arriving = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map_err(|error| format!("signals can't be watched: {error}"))?;
        let (off, interrupted) = (signals.off.clone(), signals.interrupted.clone());
        let (runs, child) = (signals.runs.clone(), signals.child.clone());
        thread::spawn(move || {
            for signal in arriving.forever() {
                if signal == SIGINT && runs.load(Ordering::SeqCst) {
                    interrupted.store(true, Ordering::SeqCst);
                } else {
                    off.store(signal, Ordering::SeqCst);
                    pass_on(signal, &child);
                }
            }
        });
        Ok(signals)
    }

    /// The signal that has switched the board off.
    pub fn off(&self) -> Option<i32> {
        Some(self.off.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// A firmware is about to run: it may get Ctrl-C before its start is known here.
    fn starting(&self) {
        self.interrupted.store(false, Ordering::SeqCst);
        self.runs.store(true, Ordering::SeqCst);
    }

    /// The firmware runs. A signal that came just before reaches it, too.
    fn started(&self, child: &Child) {
        self.child.store(child.id() as i32, Ordering::SeqCst);
        if let Some(signal) = self.off() {
            pass_on(signal, &self.child);
        }
    }

    fn ended(&self) {
        self.runs.store(false, Ordering::SeqCst);
        self.child.store(0, Ordering::SeqCst);
    }
}

fn pass_on(signal: i32, child: &AtomicI32) {
    if let Some(to) = Pid::from_raw(child.load(Ordering::SeqCst)) {
        let _ = kill_process(to, if signal == SIGHUP { Signal::HUP } else { Signal::TERM });
    }
}

pub struct Firmware {
    child: Child,
    /// When a firmware on trial is switched off, unless it keeps the time of its trial itself.
    deadline: Option<Instant>,
    /// When it is switched off all the same.
    limit: Instant,
    flash: PathBuf,
}

impl Firmware {
    /// Starts the chosen image out of memory, or the interpreter that stands for it.
    ///
    /// # Errors
    /// What the person has to mend. An image that can't be run is none of that: [`Ending::NotRun`].
    pub fn start(chosen: &Chosen, options: &Options, signals: &Signals) -> Result<Result<Self, Ending>, String> {
        match &options.interpreter {
            Some(interpreter) => Self::spawn(interpreter, chosen, options, signals)
                .map(Ok)
                .map_err(|error| format!("interpreter {}: {error}", interpreter.display())),
            None => {
                let fail = |error: std::io::Error| format!("slot {}: can't be run from memory: {error}", chosen.slot_name());
                let memory = memfd_create("micropython", MemfdFlags::empty()).map_err(|error| fail(error.into()))?;
                // Open until the firmware is started; then it is the firmware's own program.
                let mut memory = File::from(memory);
                memory.write_all(&chosen.image).map_err(fail)?;
                let program = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
                match Self::spawn(&program, chosen, options, signals) {
                    Ok(firmware) => Ok(Ok(firmware)),
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::OutOfMemory) => Err(fail(error)),
                    Err(error) => Ok(Err(Ending::NotRun(error.to_string()))),
                }
            }
        }
    }

    fn spawn(program: &Path, chosen: &Chosen, options: &Options, signals: &Signals) -> std::io::Result<Self> {
        let flash = std::path::absolute(&options.flash)?;
        let mut command = Command::new(program);
        command
            .arg0("micropython")
            .args(&options.arguments)
            .env("QTH_FLASH", &flash)
            .env("QTH_BOARD", std::process::id().to_string())
            .env("QTH_SLOT", chosen.slot_name().to_lowercase());
        if options.interpreter.is_some() && !chosen.version.is_empty() {
            command.env("QTH_VERSION", &chosen.version);
        }
        signals.starting();
        let child = command.spawn().inspect_err(|_| signals.ended())?;
        signals.started(&child);
        let seconds = from_environment("QTH_TRIAL_SECONDS", TRIAL_SECONDS);
        let deadline = chosen.trial.map(|_| Instant::now() + seconds + TRIAL_GRACE);
        let limit = Instant::now() + seconds.max(from_environment("QTH_TRIAL_LIMIT_SECONDS", TRIAL_LIMIT_SECONDS)) + TRIAL_GRACE;
        Ok(Self { child, deadline, limit, flash })
    }

    /// Waits for its end.
    pub fn wait(mut self, signals: &Signals) -> Result<Ending, String> {
        let fail = |error: std::io::Error| format!("the firmware can't be waited for: {error}");
        let mut too_slow = false;
        while let Some(deadline) = self.deadline {
            if self.child.try_wait().map_err(fail)?.is_some() {
                break;
            }
            if Instant::now() >= deadline {
                let is_on_trial = boot::is_on_trial(&self.flash)?;
                // Once `Qth.init()` was called the firmware has the flash open, and time without a network does not count.
                let keeps_time = Instant::now() < self.limit && boot::is_in_use(&self.flash)?;
                self.deadline = Some(deadline + TRIAL_GRACE).filter(|_| is_on_trial && keeps_time);
                if is_on_trial && !keeps_time {
                    too_slow = true;
                    self.child.kill().map_err(fail)?;
                }
            }
            thread::sleep(LOOK);
        }
        let status = self.child.wait().map_err(fail)?;
        signals.ended();
        let code = status.code().map(|code| code as u8);
        let signal = status.signal().unwrap_or(0);
        Ok(match (signals.off(), code) {
            (Some(signal), _) => Ending::SwitchedOff(signal),
            _ if too_slow => Ending::TooSlow,
            (None, Some(RESET_EXIT_CODE)) => Ending::Reset,
            (None, Some(_)) if signals.interrupted.load(Ordering::SeqCst) => Ending::SwitchedOff(SIGINT),
            (None, Some(code)) => Ending::Exit(code),
            // Sent to the firmware alone, but by someone who wants it to end.
            (None, None) if [SIGINT, SIGTERM, SIGHUP].contains(&signal) => Ending::SwitchedOff(signal),
            (None, None) => Ending::Crash(signal),
        })
    }
}

/// Seconds that a new firmware has, as the firmware itself reads them.
fn from_environment(name: &str, default: u64) -> Duration {
    let seconds = std::env::var(name).ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(default))
}
