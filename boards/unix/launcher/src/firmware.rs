//! The firmware as a process.

use crate::boot::{self, Chosen};
use crate::options::Options;
use qth::flash::boot::RESET_EXIT_CODE;
use rustix::fs::{memfd_create, MemfdFlags};
use rustix::process::{kill_process, Pid, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A firmware on trial that hangs is switched off this long after the time that it has for itself.
const TRIAL_GRACE: Duration = Duration::from_secs(30);
const TRIAL_SECONDS: u64 = 20 * 60;
/// How often a firmware on trial is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How the firmware ended.
pub enum Ending {
    /// It asked for a restart.
    Reset,
    Exit(u8),
    Crash(i32),
    /// Its trial took too long.
    TooSlow,
    /// The person or a service manager has switched the board off.
    SwitchedOff(u8),
}

/// Signals to this program.
pub struct Signals {
    switched_off: Arc<AtomicBool>,
    child: Arc<AtomicI32>,
}

impl Signals {
    /// Passes SIGTERM and SIGHUP on to the firmware. Ctrl-C reaches it by itself, from the terminal.
    pub fn watch() -> Result<Self, String> {
        let signals = Self { switched_off: Arc::default(), child: Arc::default() };
        let mut arriving = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map_err(|error| format!("signals can't be watched: {error}"))?;
        let (switched_off, child) = (signals.switched_off.clone(), signals.child.clone());
        thread::spawn(move || {
            for signal in arriving.forever() {
                switched_off.store(true, Ordering::SeqCst);
                let to = Pid::from_raw(child.load(Ordering::SeqCst));
                if let (Some(to), true) = (to, signal != SIGINT) {
                    let _ = kill_process(to, if signal == SIGHUP { Signal::HUP } else { Signal::TERM });
                }
            }
        });
        Ok(signals)
    }
}

pub struct Firmware {
    child: Child,
    /// When a firmware on trial is switched off.
    deadline: Option<Instant>,
    flash: PathBuf,
}

impl Firmware {
    /// Starts the chosen image out of memory, or the interpreter that stands for it.
    pub fn start(chosen: &Chosen, options: &Options, signals: &Signals) -> Result<Self, String> {
        match &options.interpreter {
            Some(interpreter) => Self::spawn(interpreter.clone(), chosen, options, signals),
            None => {
                let fail = |error: std::io::Error| format!("slot {}: can't be run from memory: {error}", chosen.slot_name());
                let memory = memfd_create("micropython", MemfdFlags::empty()).map_err(|error| fail(error.into()))?;
                // Open until the firmware is started; then it is the firmware's own program.
                let mut memory = File::from(memory);
                memory.write_all(&chosen.image).map_err(fail)?;
                let program = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
                Self::spawn(program, chosen, options, signals)
            }
        }
    }

    fn spawn(program: PathBuf, chosen: &Chosen, options: &Options, signals: &Signals) -> Result<Self, String> {
        let flash = std::path::absolute(&options.flash).map_err(|error| error.to_string())?;
        let mut command = Command::new(&program);
        command
            .arg0("micropython")
            .args(&options.arguments)
            .env("QTH_FLASH", &flash)
            .env("QTH_BOARD", std::process::id().to_string())
            .env("QTH_SLOT", chosen.slot_name().to_lowercase());
        if options.interpreter.is_some() && !chosen.version.is_empty() {
            command.env("QTH_VERSION", &chosen.version);
        }
        let child = command.spawn().map_err(|error| format!("firmware {}: {error}", program.display()))?;
        signals.child.store(child.id() as i32, Ordering::SeqCst);
        let deadline = chosen.trial.map(|_| Instant::now() + trial_time() + TRIAL_GRACE);
        Ok(Self { child, deadline, flash })
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
                self.deadline = None;
                if boot::is_on_trial(&self.flash)? {
                    too_slow = true;
                    self.child.kill().map_err(fail)?;
                }
            }
            thread::sleep(LOOK);
        }
        let status = self.child.wait().map_err(fail)?;
        signals.child.store(0, Ordering::SeqCst);
        let code = status.code().map(|code| code as u8);
        let signal = status.signal().unwrap_or(0);
        Ok(match code {
            _ if too_slow => Ending::TooSlow,
            Some(RESET_EXIT_CODE) => Ending::Reset,
            _ if signals.switched_off.load(Ordering::SeqCst) => Ending::SwitchedOff(code.unwrap_or(0)),
            Some(code) => Ending::Exit(code),
            None => Ending::Crash(signal),
        })
    }
}

/// Seconds that a new firmware has, as the firmware itself reads them.
fn trial_time() -> Duration {
    let seconds = std::env::var("QTH_TRIAL_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(TRIAL_SECONDS))
}
