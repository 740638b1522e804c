//! Sizes that a board's build chooses, written to `$OUT_DIR/sizes.rs`, which `src/device/limits.rs` includes. `docs/BOARDS.md`
//! describes them.
//!
//! With the feature `header`: writes the C header of the module's interface, `cmodule/qth/qth.h`, from `src/ffi`.

use std::fmt::Write;
use std::ops::RangeInclusive;

/// A size that the environment variable `QTH_` with this name sets.
pub struct Size {
    /// Its name: of the constant, and behind `QTH_` of the variable.
    pub name: &'static str,
    /// What it is without the variable.
    pub default: usize,
    /// What it may be.
    pub range: RangeInclusive<usize>,
    /// It is a power of two.
    pub is_power: bool,
    /// What it is the size of.
    pub about: &'static str,
}

/// A size of any number of bytes.
const fn size(name: &'static str, default: usize, range: RangeInclusive<usize>, about: &'static str) -> Size {
    Size { name, default, range, is_power: false, about }
}

/// A size that is a power of two.
const fn power(name: &'static str, default: usize, range: RangeInclusive<usize>, about: &'static str) -> Size {
    Size { name, default, range, is_power: true, about }
}

/// All of them. How they hang together is asserted in `src/device/limits.rs`.
pub const SIZES: [Size; 14] = [
    power("ERASE_SIZE", 4096, 2048..=131_072, "What the flash of a board behind a `QthBoard` erases at once"),
    power("WRITE_SIZE", 4, 1..=32, "What that flash writes at once"),
    size("PACKET_IN", 2048, 512..=16_384, "Largest MQTT packet that is taken; a larger one is answered with an exception"),
    size("PACKET_OUT", 1280, 512..=16_384, "MQTT packets on their way out: one with the largest message, or many small ones"),
    size("MESSAGE", 1024, 512..=1024, "Largest payload of a message that is sent"),
    size("OUTBOX", 2048, 1024..=32_768, "Messages that wait to be sent or acknowledged"),
    size("EVENTS", 2112, 128..=32_768, "Events that wait for the script"),
    size("PLAN", 1536, 256..=8192, "Largest plan"),
    power("PIECE", 4096, 1024..=16_384, "A piece of a download, and before it the request and each line of the answer"),
    size("URL", 1024, 128..=1024, "Longest address of a package"),
    size("DOWNLOAD_FLOOR", 64, 1..=1024, "Bytes a second below which a download counts as broken off"),
    size("HOST", 96, 32..=255, "Longest host name of a server"),
    size("MCU_VERSIONS", 192, 32..=512, "Names and versions of all MCUs together"),
    size("CHUNK", 512, 64..=4096, "What moves at once between the board's network and the device"),
];

impl Size {
    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("QTH_{}", self.name)
    }

    /// What this text of the variable sets it to.
    ///
    /// # Errors
    /// It must not be set so; says what it may be.
    pub fn parse(&self, text: &str) -> Result<usize, String> {
        let value = text.trim().parse().ok().filter(|value| self.range.contains(value));
        value.filter(|value: &usize| !self.is_power || value.is_power_of_two()).ok_or_else(|| {
            let kind = if self.is_power { "a power of two" } else { "a number" };
            let (least, most) = (self.range.start(), self.range.end());
            format!("{} is {text}: it has to be {kind} from {least} to {most}", self.variable())
        })
    }
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    write_sizes();
    #[cfg(feature = "header")]
    write_header();
}

fn write_sizes() {
    let mut constants = String::new();
    for size in &SIZES {
        let variable = size.variable();
        println!("cargo::rerun-if-env-changed={variable}");
        let value = match std::env::var(&variable) {
            Ok(text) => size.parse(&text),
            Err(_) => Ok(size.default),
        };
        match value {
            Ok(value) => {
                let _ = writeln!(constants, "/// {}.\npub const {}: usize = {value};", size.about, size.name);
            }
            Err(sentence) => println!("cargo::error={sentence}"),
        }
    }
    let path = std::path::Path::new(&std::env::var_os("OUT_DIR").expect("cargo sets it")).join("sizes.rs");
    std::fs::write(&path, constants).expect("OUT_DIR can be written");
}

#[cfg(feature = "header")]
fn write_header() {
    /// In the order of the header.
    const INTERFACE: [&str; 9] = [
        "src/ffi/border.rs",
        "src/ffi/board.rs",
        "src/ffi/host.rs",
        "src/ffi/setup.rs",
        "src/ffi/data.rs",
        "src/ffi/upgrade.rs",
        "src/ffi/handlers.rs",
        "src/ffi/delivery.rs",
        "src/ffi/values.rs",
    ];
    const HEADER: &str = "cmodule/qth/qth.h";
    const CONFIG: &str = "cbindgen.toml";
    for path in INTERFACE.into_iter().chain([HEADER, CONFIG]) {
        println!("cargo::rerun-if-changed={path}");
    }
    let config = cbindgen::Config::from_file(CONFIG).expect("cbindgen.toml can be read");
    // These files, not the crate: only what C needs is in the header.
    let builder = INTERFACE.into_iter().fold(cbindgen::Builder::new(), cbindgen::Builder::with_src);
    match builder.with_config(config).generate() {
        Ok(bindings) => _ = bindings.write_to_file(HEADER),
        Err(error) => panic!("{HEADER} can't be made: {error}"),
    }
}
