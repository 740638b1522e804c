//! The bootloader's part: decides by `qth::flash::boot` and checks what was decided on.

use crate::options::Options;
use crate::say;
use qth::flash::file::FileFlash;
use qth::flash::layout::Layout;
use qth::flash::ram::RamFlash;
use qth::flash::records::Records;
use qth::flash::slot::{self, Reason, Slots};
use qth::flash::{boot, Error};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

const LAYOUT: Layout = Layout::UNIX;

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

/// Decides what to start; a blank flash gets the factory image first. The flash is closed again when this returns.
pub fn choose(options: &Options) -> Result<Chosen, String> {
    let path = options.flash.display();
    let mut flash = FileFlash::open(&options.flash, LAYOUT.size()).map_err(|error| format!("flash {path}: {error}"))?;
    loop {
        let decision = boot::decide(&mut flash, LAYOUT).map_err(|error| trouble(options, error))?;
        let Some(decision) = decision else {
            program_factory(&mut flash, options)?;
            continue;
        };
        let mut image = Vec::with_capacity(decision.size as usize);
        let region = LAYOUT.slots[decision.slot];
        slot::read(&mut flash, region, decision.size, |bytes| image.extend_from_slice(bytes))
            .map_err(|error| trouble(options, error))?;
        if <[u8; 32]>::from(Sha256::digest(&image)) == decision.sha256 {
            let records = Records::open(&mut flash, LAYOUT);
            let slots = Slots::load(&mut flash, LAYOUT, &records);
            let version = slots.info(decision.slot).map(|info| info.version.to_string()).unwrap_or_default();
            return Ok(Chosen { slot: decision.slot, version, trial: decision.trial, reverted: slots.reverted(), image });
        }
        say(&format!("slot {}: the image is damaged", slot_name(decision.slot)));
        boot::reject_damaged(&mut flash, LAYOUT).map_err(|_| {
            format!("flash {path}: the image in slot {} is damaged and there is no other", slot_name(decision.slot))
        })?;
    }
}

fn program_factory(flash: &mut FileFlash, options: &Options) -> Result<(), String> {
    let path = options.factory.display();
    let image = fs::read(&options.factory).map_err(|error| format!("factory image {path}: {error}"))?;
    let region = LAYOUT.slots[0];
    let size = u32::try_from(image.len()).ok().filter(|size| *size > 0 && *size <= region.len);
    let size = size.ok_or(format!("factory image {path}: {} bytes do not fit a slot of {}", image.len(), region.len))?;
    let mut write = || -> Result<(), Error> {
        slot::erase(flash, region)?;
        slot::write_padded(flash, region.start, &image)?;
        let mut records = Records::open(flash, LAYOUT);
        let mut slots = Slots::load(flash, LAYOUT, &records);
        slots.factory(flash, &mut records, size, Sha256::digest(&image).into(), &options.factory_version)
    };
    write().map_err(|error| trouble(options, error))?;
    say(&format!("new flash {}, programmed with {path}", options.flash.display()));
    Ok(())
}

fn trouble(options: &Options, error: Error) -> String {
    format!("flash {}: {error:?}; if it is not a flash of this board, name another file", options.flash.display())
}

/// Whether the trial is still open. Only reads, because the firmware may run.
pub fn is_on_trial(path: &Path) -> Result<bool, String> {
    Ok(load(path)?.is_trial())
}

/// The state of the slots, read without locking the flash.
pub fn load(path: &Path) -> Result<Slots, String> {
    let bytes = fs::read(path).map_err(|error| format!("flash {}: {error}", path.display()))?;
    let mut flash = RamFlash::with_content(bytes, LAYOUT.size());
    let records = Records::open(&mut flash, LAYOUT);
    Ok(Slots::load(&mut flash, LAYOUT, &records))
}
