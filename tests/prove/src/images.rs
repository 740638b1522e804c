//! What a run upgrades from and to.

use crate::geometry::Geometry;
use qth_package::delta::field::InstructionSet;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Which images.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Images {
    /// Made up, of few blocks.
    Small,
    /// Made up, of more blocks, so that progress is noted.
    Large,
    /// Of [`FIRMWARE`] what has this place.
    Firmware(usize),
}

/// MicroPython for a processor: `BOARD/FILE.bin`, as `benches/delta/images` builds it.
pub struct Firmware {
    pub name: &'static str,
    board: &'static str,
    /// The old image, the new one, and the one that may come in its place.
    files: [&'static str; 3],
    instructions: InstructionSet,
}

/// Where the images of microcontrollers lie in the address space.
pub const BASE: u32 = 0x0801_0000;

pub const FIRMWARE: [Firmware; 4] = [
    Firmware {
        name: "thumb-features",
        board: "cortex_m3",
        files: ["base", "features", "minor"],
        instructions: InstructionSet::Thumb,
    },
    Firmware {
        name: "thumb-minor",
        board: "cortex_m3",
        files: ["base", "minor", "features"],
        instructions: InstructionSet::Thumb,
    },
    Firmware { name: "riscv-minor", board: "rv32", files: ["base", "minor", "features"], instructions: InstructionSet::Riscv32 },
    Firmware { name: "x86-minor", board: "x86_64", files: ["base", "minor", "features"], instructions: InstructionSet::X86_64 },
];

/// The folder that the firmware is in.
pub static FOLDER: OnceLock<PathBuf> = OnceLock::new();

static LOADED: [OnceLock<[Vec<u8>; 3]>; FIRMWARE.len()] = [const { OnceLock::new() }; FIRMWARE.len()];

/// The images of a run.
pub struct Upgrade {
    pub old: Vec<u8>,
    /// The new image, and the one that may come in its place; none: made up by the world.
    pub new: Option<[Vec<u8>; 2]>,
    /// Sizes that made-up images are derived from.
    pub sizes: (usize, usize),
    /// Bytes that a slot needs.
    pub room: u32,
}

impl Images {
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
            Self::Firmware(place) => FIRMWARE[place].name,
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        let firmware = || FIRMWARE.iter().position(|firmware| firmware.name == name).map(Self::Firmware);
        match name {
            "small" => Some(Self::Small),
            "large" => Some(Self::Large),
            _ => firmware(),
        }
    }

    /// The images for this chip; why there are none.
    pub fn upgrade(self, geometry: &Geometry) -> Result<Upgrade, String> {
        let sizes = match self {
            Self::Small => geometry.small(),
            Self::Large => geometry.large(),
            Self::Firmware(place) => return firmware(place),
        };
        let old = b"1.0.0".iter().copied().chain((5..sizes.0).map(|at| (at * at / 7 + at) as u8)).collect();
        Ok(Upgrade { old, new: None, sizes, room: (sizes.0 * 2 + sizes.1 / 2) as u32 })
    }
}

fn firmware(place: usize) -> Result<Upgrade, String> {
    let images = match LOADED[place].get() {
        Some(images) => images,
        None => {
            let images = read(&FIRMWARE[place])?;
            LOADED[place].get_or_init(|| images)
        }
    };
    let [old, new, other] = images.clone();
    let room = images.iter().map(Vec::len).max().unwrap_or(0) as u32;
    Ok(Upgrade { sizes: (old.len(), new.len()), old, new: Some([new, other]), room })
}

fn read(firmware: &Firmware) -> Result<[Vec<u8>; 3], String> {
    let folder = FOLDER.get().ok_or("firmware is upgraded with --firmware FOLDER")?;
    let file = |name: &str| {
        let path = folder.join(firmware.board).join(name).with_extension("bin");
        let folder = folder.display();
        fs::read(&path).map_err(|error| format!("{}: {error}; benches/delta/images {folder} builds it", path.display()))
    };
    let [old, new, other] = firmware.files;
    Ok([file(old)?, file(new)?, file(other)?])
}

/// What this old image consists of: plain bytes where it is made up.
pub fn instructions(old: &[u8]) -> InstructionSet {
    let loaded = FIRMWARE.iter().zip(&LOADED).filter_map(|(firmware, images)| Some((firmware, images.get()?)));
    let known = loaded.into_iter().find(|(_, [image, ..])| image == old);
    known.map_or(InstructionSet::Plain, |(firmware, _)| firmware.instructions)
}
