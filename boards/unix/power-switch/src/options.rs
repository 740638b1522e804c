//! The command line.

use lexopt::prelude::*;
use qth_flash::layout::Layout;
use std::ffi::OsString;
use std::path::PathBuf;

pub const HELP: &str = "\
The power switch of the unix board: runs firmware out of a flash that it keeps in a file.

Usage: qth-board --flash FILE [options] [script.py | firmware arguments]
       qth-board --flash FILE --status [--json]

Options:
  --flash FILE            the flash; created, and programmed with the factory image, when missing
  --layout slots|inplace  how a new flash is divided: two slots, or one that packages rewrite in place (default: slots);
                          a flash that is there tells it itself
  --factory IMAGE         the factory image (default: the file 'micropython' beside this program)
  --factory-version TEXT  the factory image's version, for the record
  --interpreter FILE      run FILE whatever the slot holds, under the slot's recorded version (for tests)
  --status                show what is in the flash, and run nothing
  --json                  with --status: as a JSON object: slots, reverted, known_bad
  --help, --version

The firmware is started again after a reset. A firmware on trial that crashes or ends is started again until its starts
are used up; then the one before it comes back.

Exit status: the firmware's own, where it ends for good (250 is its wish for a reset); 1 when it crashes again and
again; 2 when there is something to mend; 128 and the signal's number when a signal has switched the board off.
";

/// What to do.
pub enum Command {
    Help,
    Version,
    Status { flash: PathBuf, json: bool },
    Run(Options),
}

/// How to run.
pub struct Options {
    pub flash: PathBuf,
    pub layout: Option<Layout>,
    pub factory: PathBuf,
    pub factory_version: String,
    pub interpreter: Option<PathBuf>,
    pub arguments: Vec<OsString>,
}

pub fn parse() -> Result<Command, String> {
    read(lexopt::Parser::from_env()).map_err(|error| format!("{error}; see --help"))
}

fn read(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut flash = None;
    let mut layout = None;
    let mut factory = None;
    let mut factory_version = String::new();
    let mut interpreter = None;
    let mut arguments = Vec::new();
    let (mut status, mut json) = (false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("flash") => flash = Some(PathBuf::from(parser.value()?)),
            Long("layout") => {
                layout = Some(match parser.value()?.string()?.as_str() {
                    "slots" => Layout::UNIX,
                    "inplace" => Layout::UNIX_INPLACE,
                    _ => return Err("--layout is slots or inplace".into()),
                });
            }
            Long("factory") => factory = Some(PathBuf::from(parser.value()?)),
            Long("factory-version") => factory_version = parser.value()?.string()?,
            Long("interpreter") => interpreter = Some(PathBuf::from(parser.value()?)),
            Long("status") => status = true,
            Long("json") => json = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("version") | Short('V') => return Ok(Command::Version),
            Short(option) => {
                // An option of the firmware's, and everything behind it.
                arguments.push(OsString::from(format!("-{option}")));
                arguments.extend(parser.raw_args()?);
            }
            Value(script) => {
                arguments.push(script);
                arguments.extend(parser.raw_args()?);
            }
            _ => return Err(argument.unexpected()),
        }
    }
    let flash = flash.ok_or("no --flash FILE is given")?;
    if status {
        return Ok(Command::Status { flash, json });
    }
    let factory = match factory {
        Some(factory) => factory,
        None => std::env::current_exe().map_err(|error| error.to_string())?.with_file_name("micropython"),
    };
    Ok(Command::Run(Options { flash, layout, factory, factory_version, interpreter, arguments }))
}
