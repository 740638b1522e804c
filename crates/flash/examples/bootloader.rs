//! What a bootloader does with `qth-flash`, and what a firmware does before it, on a flash in memory:
//!
//!     cargo run -p qth-flash --features std --example bootloader
//!
//! The board has two slots. Its first firmware writes an image to the other slot; the bootloader starts that on trial, and as
//! nobody confirms it, goes back to the first one.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use embedded_storage::nor_flash::ReadNorFlash;
use qth_flash::boot::{self, Boot, Decision};
use qth_flash::layout::{Layout, Region};
use qth_flash::ram::RamFlash;
use qth_flash::records::Records;
use qth_flash::slot::{Sha256Digest, Slots};
use qth_flash::Error;
use sha2::{Digest, Sha256};

/// 16 KB of records in four banks, then two slots of 64 KB.
const LAYOUT: Layout = Layout {
    records: Region { start: 0, len: 16 * 1024 },
    bank: 4 * 1024,
    slots: [Region { start: 16 * 1024, len: 64 * 1024 }, Region { start: 80 * 1024, len: 64 * 1024 }],
};

/// Starts that a new firmware has to prove itself.
const STARTS: u8 = 3;

fn main() -> Result<(), Error> {
    let mut flash = RamFlash::new(LAYOUT.size());
    // What programming the board at the factory leaves behind: which image is in slot A.
    let (mut records, mut slots) = open(&mut flash)?;
    slots.factory(&mut flash, &mut records, 4, Sha256::digest([0xFF; 4]).into(), "1.0.0")?;
    println!("programmed {}", describe(&start(&mut flash)?));

    install(&mut flash, &[7; 10_000], "1.1.0")?;
    for _ in 0..=STARTS {
        println!("started    {}", describe(&start(&mut flash)?));
    }
    let reason = open(&mut flash)?.1.reverted().expect("the new firmware was rejected");
    println!("version 1.1.0 was rejected: {}", reason.text());
    Ok(())
}

/// All of a bootloader but the jump: decides, and checks what it has decided for.
fn start(flash: &mut RamFlash) -> Result<Boot, Error> {
    loop {
        match boot::decide(flash, LAYOUT)? {
            Decision::Start(boot) if digest(flash, &boot) == boot.sha256 => return Ok(boot),
            // Its content is not what was written: the other image is started, and this one is not tried again.
            Decision::Start(_) => boot::reject_damaged(flash, LAYOUT)?,
            Decision::Nothing => return Err(Error::State),
            // Only where there is one slot: `qth_package::inplace::Installer` rewrites it, then this is asked again.
            Decision::Rewrite => return Err(Error::State),
        }
    }
}

/// What the device of crate `qth` does with an image: writes it, and once it is verified has it started on trial.
fn install(flash: &mut RamFlash, image: &[u8], version: &str) -> Result<(), Error> {
    let (mut records, mut slots) = open(flash)?;
    slots.begin(flash, &mut records, image.len() as u32, [0; 32], version)?;
    for (index, piece) in image.chunks(4096).enumerate() {
        slots.write(flash, &mut records, (index * 4096) as u32, piece)?;
    }
    let sha256 = slots.digest(flash, image.len() as u32)?;
    slots.ready(flash, &mut records, sha256)?;
    slots.arm(flash, &mut records, STARTS)
}

fn open(flash: &mut RamFlash) -> Result<(Records, Slots), Error> {
    let records = Records::open(flash, LAYOUT);
    let slots = Slots::load(flash, LAYOUT, &records)?;
    Ok((records, slots))
}

fn digest(flash: &mut RamFlash, boot: &Boot) -> Sha256Digest {
    let mut image = vec![0; boot.size as usize];
    flash.read(LAYOUT.slots[boot.slot].start, &mut image).expect("a slot can be read");
    Sha256::digest(&image).into()
}

fn describe(boot: &Boot) -> String {
    let slot = ["A", "B"][boot.slot];
    match boot.trial {
        Some(left) => format!("slot {slot} on trial, {left} more starts"),
        None => format!("slot {slot}"),
    }
}
