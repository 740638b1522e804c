//! The bootloader's part: decides by `qth_flash::boot` and checks what was decided on.

use crate::options::Options;
use crate::say;
use embedded_storage::nor_flash::NorFlash;
use qth_flash::boot::Decision;
use qth_flash::file::{self, FileFlash};
use qth_flash::layout::Layout;
use qth_flash::ram::RamFlash;
use qth_flash::records::Records;
use qth_flash::slot::{self, Reason, Slots};
use qth_flash::{boot, Error};
use qth_package::inplace::{self, Installer, Progress};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// What is started.
pub struct Chosen {
    pub slot: usize,
    pub version: String,
    /// Starts left, if it is on trial.
    pub trial: Option<u8>,
    pub reverted: Option<Reason>,
    pub image: Vec<u8>,
}

impl Chosen {
    pub fn slot_name(&self) -> &'static str {
        slot_name(self.slot)
    }
}

pub fn slot_name(slot: usize) -> &'static str {
    if slot == 0 {
        "A"
    } else {
        "B"
    }
}

/// Decides what to start; a blank flash gets the factory image first, and an only slot is rewritten where that is due. The flash is
/// closed again when this returns.
pub fn choose(options: &Options) -> Result<Chosen, String> {
    let path = options.flash.display();
    let there = layout(&options.flash);
    let layout = options.layout.unwrap_or(there);
    if layout != there && fs::metadata(&options.flash).is_ok_and(|file| file.len() == u64::from(there.size())) {
        let slots = if there.has_one_slot() { "one slot" } else { "two slots" };
        return Err(format!("flash {path}: it has {slots}; leave --layout out, or name another file"));
    }
    let mut flash = FileFlash::open(&options.flash, layout.size()).map_err(|error| format!("flash {path}: {error}"))?;
    loop {
        let decision = boot::decide(&mut flash, layout).map_err(|error| trouble(options, error))?;
        let decision = match decision {
            Decision::Start(decision) => decision,
            Decision::Rewrite => {
                rewrite(&mut flash, layout, options)?;
                continue;
            }
            Decision::Nothing => {
                program_factory(&mut flash, layout, options)?;
                continue;
            }
        };
        let mut image = Vec::with_capacity(decision.size as usize);
        let region = layout.slots[decision.slot];
        slot::read(&mut flash, region, decision.size, |bytes| image.extend_from_slice(bytes))
            .map_err(|error| trouble(options, error))?;
        if <[u8; 32]>::from(Sha256::digest(&image)) == decision.sha256 {
            let records = Records::open(&mut flash, layout);
            let slots = Slots::load(&mut flash, layout, &records).map_err(|error| trouble(options, error))?;
            let version = slots.info(decision.slot).map(|info| info.version.to_string()).unwrap_or_default();
            return Ok(Chosen { slot: decision.slot, version, trial: decision.trial, reverted: slots.reverted(), image });
        }
        say(&format!("slot {}: the image is damaged", slot_name(decision.slot)));
        boot::reject_damaged(&mut flash, layout).map_err(|_| {
            format!("flash {path}: the image in slot {} is damaged and there is no other", slot_name(decision.slot))
        })?;
    }
}

/// The layout of a flash that is there.
fn layout(path: &Path) -> Layout {
    Layout::unix(fs::metadata(path).map_or(0, |file| file.len()))
}

/// Rewrites the only slot, to the new image or back.
fn rewrite(flash: &mut FileFlash, layout: Layout, options: &Options) -> Result<(), String> {
    let mut announced = false;
    let mut told = |progress: Progress| {
        if !progress.is_tried && !std::mem::replace(&mut announced, true) {
            let to = if progress.back { "back to the old image" } else { "to the new image" };
            let from = if progress.done > 0 { format!(", going on at block {}", progress.done) } else { String::new() };
            say(&format!("slot A: rewritten in place {to}, {} blocks{from}", progress.of));
        }
    };
    Installer::new().run(flash, layout, &mut [0; file::ERASE], &mut told).map_err(|error| {
        let path = options.flash.display();
        match error {
            inplace::Error::Damaged => format!("flash {path}: the image in slot A is damaged and there is no other"),
            _ => format!("flash {path}: slot A can't be rewritten: {error}"),
        }
    })
}

fn program_factory(flash: &mut FileFlash, layout: Layout, options: &Options) -> Result<(), String> {
    let path = options.factory.display();
    let image = fs::read(&options.factory).map_err(|error| format!("factory image {path}: {error}"))?;
    let room = layout.slots[0].len;
    if image.is_empty() || image.len() > room as usize {
        return Err(format!("factory image {path}: {} bytes do not fit a slot of {room}", image.len()));
    }
    let mut programmed: RamFlash = RamFlash::new(layout.size());
    program(&mut programmed, layout, &image, &options.factory_version).map_err(|error| trouble(options, error))?;
    if !is_unused(flash, layout, &mut programmed).map_err(|error| trouble(options, error))? {
        return Err(format!(
            "flash {}: it holds no firmware, but is not blank; it stays as it is: name another file, or remove it to begin anew",
            options.flash.display()
        ));
    }
    program(flash, layout, &image, &options.factory_version).map_err(|error| trouble(options, error))?;
    say(&format!("new flash {}, programmed with {path}", options.flash.display()));
    Ok(())
}

fn program<F: NorFlash>(flash: &mut F, layout: Layout, image: &[u8], version: &str) -> Result<(), Error> {
    slot::erase(flash, layout.records)?;
    slot::erase(flash, layout.slots[0])?;
    Slots::program(flash, layout, image, version).map(drop)
}

/// Records and slot A are blank, but for what an earlier programming has left that was cut off.
fn is_unused(flash: &mut FileFlash, layout: Layout, programmed: &mut RamFlash) -> Result<bool, Error> {
    for region in [layout.records, layout.slots[0]] {
        let mut at = region.start as usize;
        let mut is_unused = true;
        slot::read(flash, region, region.len, |bytes| {
            let expected = &programmed.bytes_mut()[at..];
            is_unused &= bytes.iter().zip(expected).all(|(byte, expected)| *byte == 0xFF || byte == expected);
            at += bytes.len();
        })?;
        if !is_unused {
            return Ok(false);
        }
    }
    Ok(true)
}

fn trouble(options: &Options, error: Error) -> String {
    format!("flash {}: {error}; if it is not a flash of this board, name another file", options.flash.display())
}

/// Whether the trial is still open. Only reads, because the firmware may run.
pub fn is_on_trial(path: &Path) -> Result<bool, String> {
    Ok(load(path)?.is_trial())
}

/// Returns whether the firmware has the flash open.
pub fn is_in_use(path: &Path) -> Result<bool, String> {
    let fail = |error: std::io::Error| format!("flash {}: {error}", path.display());
    match fs::File::open(path).map_err(fail)?.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(fs::TryLockError::WouldBlock) => Ok(true),
        Err(fs::TryLockError::Error(error)) => Err(fail(error)),
    }
}

/// The state of the slots, read without locking the flash.
pub fn load(path: &Path) -> Result<Slots, String> {
    let bytes = fs::read(path).map_err(|error| format!("flash {}: {error}", path.display()))?;
    let layout = layout(path);
    let mut flash: RamFlash = RamFlash::with_content(bytes, layout.size());
    let records = Records::open(&mut flash, layout);
    Slots::load(&mut flash, layout, &records).map_err(|error| format!("flash {}: {error}", path.display()))
}
