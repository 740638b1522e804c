//! `qth-center`: the Developer Center and its command line.
#![forbid(unsafe_code)]

use clap::Parser;
use qth_center::cli::Command;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Command::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qth-center: {error:#}");
            ExitCode::FAILURE
        }
    }
}
