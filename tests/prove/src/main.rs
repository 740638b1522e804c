//! The proof that no loss of power breaks an upgrade: the whole device of `tests/world`, boot decision included, whose power is cut
//! at every flash operation, before it, torn within it, and after it, once, twice and many times.
//!
//! Bugs that are planted in it are caught (`--mutants`): so the proof is one.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod case;
mod geometry;
mod images;
mod plan;
mod report;
mod scenario;
mod tally;
mod wear;

use case::Case;
use images::FOLDER;
use plan::Extent;
use qth_flash::mutant::{self, Mutant};
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tally::Tally;

const HELP: &str = "\
qth-prove: cuts the power of upgrades at every flash operation, and checks what comes of it.

  qth-prove                 all of it
  qth-prove --quick         a part that represents it
  qth-prove --mutants       bugs are planted; each must be caught
  qth-prove --wear          erases and bytes written by an upgrade
  qth-prove --case CASE     one run, as a failure names it

  --firmware FOLDER         upgrades of real firmware too, which benches/delta/images FOLDER builds
  --report FILE             writes a page with pictures of all runs
  --threads N               2 unless said
";

struct Options {
    extent: Extent,
    mutants: bool,
    wear: bool,
    case: Option<Case>,
    /// The folder that real firmware is in.
    firmware: Option<PathBuf>,
    report: Option<PathBuf>,
    threads: usize,
}

impl Options {
    /// How much real firmware is upgraded.
    fn firmware(&self) -> usize {
        if self.firmware.is_some() {
            self.extent.firmware()
        } else {
            0
        }
    }
}

fn options() -> Result<Options, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options =
        Options { extent: Extent::Full, mutants: false, wear: false, case: None, firmware: None, report: None, threads: 2 };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => options.extent = Extent::Quick,
            Long("mutants") => options.mutants = true,
            Long("wear") => options.wear = true,
            Long("case") => options.case = Some(parser.value()?.parse()?),
            Long("firmware") => options.firmware = Some(parser.value()?.into()),
            Long("report") => options.report = Some(parser.value()?.into()),
            Long("threads") => options.threads = parser.value()?.parse()?,
            Short('h') | Long("help") => {
                print!("{HELP}");
                std::process::exit(0);
            }
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("qth-prove: {error}; --help says what there is");
            return ExitCode::from(2);
        }
    };
    if let Some(folder) = &options.firmware {
        FOLDER.get_or_init(|| folder.clone());
    }
    if let Some(case) = &options.case {
        return match case.run() {
            Ok(end) => {
                println!("{case}: good, {} starts, {} operations, cut at {:?}", end.starts, end.operations.len(), end.cut_at);
                ExitCode::SUCCESS
            }
            Err(why) => {
                println!("{case}: {why}");
                ExitCode::FAILURE
            }
        };
    }
    // Each failure is told once, with its case.
    std::panic::set_hook(Box::new(|_| ()));
    let is_proven = match (options.mutants, options.wear) {
        (true, _) => catch_mutants(options.threads),
        (_, true) => wear::measure(options.firmware()).map(|wear| print!("{}", wear::text(&wear))).map_err(failed).is_ok(),
        _ => prove(&options).map_err(failed).unwrap_or(false),
    };
    ExitCode::from(u8::from(!is_proven))
}

fn failed((case, why): (Case, String)) {
    println!("qth-prove --case {case}\n  {}", why.lines().next().unwrap_or_default());
}

fn prove(options: &Options) -> Result<bool, (Case, String)> {
    let begin = Instant::now();
    let wear = wear::measure(options.firmware())?;
    let jobs = plan::jobs(options.extent, options.firmware())?;
    let mut uncut = HashMap::new();
    let mut tally = Tally::default();
    let mut progress = Progress { begin, shown: begin, all: jobs.len() };
    plan::run(&jobs, options.threads, |done, ran| {
        let key = (ran.case.scenario, ran.case.geometry, ran.case.images);
        let uncut = *uncut.entry(key).or_insert_with(|| {
            let alone = Case { cuts: Vec::new(), seed: 0, ..ran.case.clone() };
            alone.run().map_or(0, |end| end.all_slot_erases)
        });
        tally.take(ran, uncut);
        progress.show(done, &tally);
        true
    });
    progress.end();
    for (case, why) in tally.failures.iter().take(10) {
        failed((case.clone(), why.clone()));
    }
    let time = begin.elapsed();
    let name = if options.extent == Extent::Full { "all of it" } else { "a part that represents it" };
    println!(
        "{} upgrades, {} power cuts, {} failed, {} s; with up to two cuts a block of the slot was erased {} times at most, {} banks of records in a start",
        tally.runs,
        tally.cuts,
        tally.failures.len(),
        time.as_secs(),
        tally.most_slot_erases,
        tally.most_record_erases
    );
    if let Some(path) = &options.report {
        if let Err(error) = std::fs::write(path, report::page(&tally, &wear, time, name)) {
            println!("qth-prove: {}: {error}", path.display());
            return Ok(false);
        }
    }
    Ok(tally.failures.is_empty())
}

/// Plants each bug in turn; true when every one was caught.
fn catch_mutants(threads: usize) -> bool {
    let jobs = match plan::jobs(Extent::Least, 0) {
        Ok(jobs) => jobs,
        Err(failure) => {
            failed(failure);
            return false;
        }
    };
    Mutant::ALL.into_iter().fold(true, |all, planted| {
        mutant::plant(Some(planted));
        let mut caught = None;
        plan::run(&jobs, threads, |_, ran| {
            if let Err(why) = ran.result {
                caught.get_or_insert((ran.case, why));
            }
            caught.is_none()
        });
        mutant::plant(None);
        match &caught {
            Some((case, why)) => println!("caught  {planted:?}: {case}\n          {}", why.lines().next().unwrap_or_default()),
            None => println!("MISSED  {planted:?}"),
        }
        all & caught.is_some()
    })
}

/// A bar on a terminal; a line a minute elsewhere.
struct Progress {
    begin: Instant,
    shown: Instant,
    all: usize,
}

impl Progress {
    fn show(&mut self, done: usize, tally: &Tally) {
        const WIDTH: usize = 30;
        let is_terminal = std::io::stderr().is_terminal();
        if self.shown.elapsed() < Duration::from_millis(if is_terminal { 200 } else { 60_000 }) {
            return;
        }
        self.shown = Instant::now();
        let full = done * WIDTH / self.all.max(1);
        let left = self.begin.elapsed().as_secs_f64() * (self.all - done) as f64 / done.max(1) as f64;
        let (minutes, seconds) = (left as u64 / 60, left as u64 % 60);
        if !is_terminal {
            eprintln!("{done}/{} jobs, {} upgrades, {} failed", self.all, tally.runs, tally.failures.len());
            return;
        }
        eprint!(
            "\r{}{} {done}/{} jobs, {} upgrades, {} failed, {minutes}:{seconds:02} left  ",
            "█".repeat(full),
            "░".repeat(WIDTH - full),
            self.all,
            tally.runs,
            tally.failures.len()
        );
        let _ = std::io::stderr().flush();
    }

    fn end(&self) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}
