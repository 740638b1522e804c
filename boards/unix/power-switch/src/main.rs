//! The power switch of the unix board: keeps a NOR flash in a file, does the bootloader's part, and runs the firmware
//! out of the slot that was decided on, again after every reset.

mod boot;
mod firmware;
mod options;
mod status;

use anstyle::AnsiColor;
use boot::Chosen;
use firmware::{Ending, Firmware};
use options::{Command, Options};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// More crashes of a confirmed firmware than this within [`CRASH_WINDOW`] end the run.
const CRASHES_MAX: usize = 5;
const CRASH_WINDOW: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    match options::parse().and_then(run) {
        Ok(code) => code,
        Err(message) => {
            say(&format!("error: {message}"));
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Help => {
            print!("{}", options::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Command::Version => {
            println!("qth-board {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        Command::Status { flash, json } => {
            print!("{}", status::report(&flash, json)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Run(options) => power_on(&options),
    }
}

/// Boots and runs until the firmware ends for good.
fn power_on(options: &Options) -> Result<ExitCode, String> {
    let signals = firmware::Signals::watch()?;
    let mut crashes: Vec<Instant> = Vec::new();
    loop {
        if let Some(signal) = signals.off() {
            return Ok(switched_off(signal));
        }
        let chosen = boot::choose(options)?;
        announce(&chosen);
        let ending = match Firmware::start(&chosen, options, &signals)? {
            Ok(firmware) => firmware.wait(&signals)?,
            Err(ending) => ending,
        };
        let on_trial = chosen.trial.is_some() && boot::is_on_trial(&options.flash)?;
        match ending {
            Ending::Reset => {}
            Ending::SwitchedOff(signal) => return Ok(switched_off(signal)),
            Ending::TooSlow => say("the firmware on trial did not reach the Center in time"),
            Ending::Exit(code) if on_trial => say(&format!("the firmware on trial ended with status {code}")),
            Ending::Crash(signal) if on_trial => say(&format!("the firmware on trial died of signal {signal}")),
            Ending::NotRun(why) if on_trial => say(&format!("the firmware on trial can't be run: {why}")),
            Ending::NotRun(why) => {
                return Err(format!(
                    "slot {}: the firmware can't be run: {why}; is it built for this computer?",
                    chosen.slot_name()
                ))
            }
            Ending::Exit(code) => return Ok(ExitCode::from(code)),
            Ending::Crash(signal) => {
                say(&format!("the firmware died of signal {signal}; it is started again"));
                let now = Instant::now();
                crashes.retain(|crash| now.duration_since(*crash) < CRASH_WINDOW);
                crashes.push(now);
                if crashes.len() > CRASHES_MAX {
                    say(&format!(
                        "error: the firmware has died {} times within {} s; '--flash {} --status' shows what is in the flash",
                        crashes.len(),
                        CRASH_WINDOW.as_secs(),
                        options.flash.display()
                    ));
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
    }
}

/// As a shell reports a program that a signal has ended.
fn switched_off(signal: i32) -> ExitCode {
    ExitCode::from(128_u8.saturating_add(signal as u8))
}

fn announce(chosen: &Chosen) {
    if let Some(reason) = chosen.reverted {
        say(&format!("the new firmware was rejected: {}", reason.text()));
    }
    let slot = chosen.slot_name();
    let version = if chosen.version.is_empty() { "of unnamed version" } else { chosen.version.as_str() };
    match chosen.trial {
        Some(left) => say(&format!("slot {slot}: firmware {version} on trial, {left} more starts")),
        None => say(&format!("slot {slot}: firmware {version}")),
    }
}

/// Tells the person at the terminal, with a coloured name there unless `NO_COLOR` is set.
fn say(message: &str) {
    let style = AnsiColor::Cyan.on_default();
    anstream::eprintln!("{style}qth-board:{style:#} {message}");
}
