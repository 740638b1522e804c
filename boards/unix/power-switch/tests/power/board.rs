//! A board in a folder of its own, whose firmware is shell scripts.

use qth_flash::file::FileFlash;
use qth_flash::layout::Layout;
use qth_flash::records::Records;
use qth_flash::slot::Slots;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Starts of a trial.
pub const BOOTS: u8 = 3;

pub struct Board {
    folder: TempDir,
}

impl Board {
    /// A board whose factory image is this script.
    pub fn new(factory: &str) -> Self {
        let board = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(board.path("factory"), script(factory)).unwrap();
        board
    }

    /// A file in the board's folder; firmware finds it in its working directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The power switch, with these options more.
    pub fn switch(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qth-board"));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.args(["--flash", "flash.bin", "--factory", "factory", "--factory-version", "1.0.0"]).args(options);
        command
    }

    /// Switches the board on and waits for its end.
    pub fn run(&self) -> Output {
        self.switch(&[]).output().unwrap()
    }

    pub fn slots(&self) -> Slots {
        let mut flash = FileFlash::open(&self.path("flash.bin"), Layout::UNIX.size()).unwrap();
        let records = Records::open(&mut flash, Layout::UNIX);
        Slots::load(&mut flash, Layout::UNIX, &records).unwrap()
    }

    /// Puts an image into slot B, for a trial at the next start.
    pub fn put_on_trial(&self, image: &[u8], version: &str) {
        let mut flash = FileFlash::open(&self.path("flash.bin"), Layout::UNIX.size()).unwrap();
        let mut records = Records::open(&mut flash, Layout::UNIX);
        let mut slots = Slots::load(&mut flash, Layout::UNIX, &records).unwrap();
        slots.put(&mut flash, &mut records, image, version).unwrap();
        slots.arm(&mut flash, &mut records, BOOTS).unwrap();
    }

    /// How often firmware has added a line to this file.
    pub fn lines(&self, name: &str) -> usize {
        fs::read_to_string(self.path(name)).map_or(0, |text| text.lines().count())
    }
}

/// An image that the shell runs.
pub fn script(text: &str) -> Vec<u8> {
    format!("#!/bin/sh\n{text}\n").into_bytes()
}

/// What the power switch tells the person.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
