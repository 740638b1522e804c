//! What the two sides say of upgrades: the plan, the file that leads to a component's new version, and the reports.
//!
//! Facts: wire protocol, section 5.

#[macro_use]
mod coded;
mod digests;
mod failure;
mod file_info;
mod kind;
mod plan;
mod status;

pub use digests::Expected;
pub use failure::Failure;
pub use file_info::{BadFileInfo, FileInfo, URL_MAX};
pub use kind::Kind;
pub use plan::{BadPlan, Component, Plan};
pub use status::Status;

/// Longest component name, in bytes.
pub const COMPONENT_MAX: usize = 32;
/// Longest version text, in bytes.
pub const VERSION_MAX: usize = 64;
/// Component of the Python application, which the environment variable `QTH_APPLICATION` names at build time; otherwise `APP`.
/// On the wire it is one like that of an MCU.
pub const APPLICATION: &str = match option_env!("QTH_APPLICATION") {
    Some(name) => name,
    None => "APP",
};
const _: () = assert!(
    !APPLICATION.is_empty() && APPLICATION.len() <= COMPONENT_MAX,
    "QTH_APPLICATION has to be a component's name, of 1 to 32 bytes"
);
/// Most components in one plan.
pub const COMPONENTS_MAX: usize = 20;

/// The TTLV ids of the OTA commands.
pub mod id {
    /// Address of the package.
    pub const URL: u16 = 1;
    /// Size of the package in bytes.
    pub const SIZE: u16 = 2;
    /// MD5 of the package, 32 hexadecimal digits.
    pub const MD5: u16 = 3;
    /// Component name.
    pub const COMPONENT: u16 = 4;
    /// Version that the plan starts from.
    pub const SOURCE_VERSION: u16 = 5;
    /// Version that the plan leads to.
    pub const TARGET_VERSION: u16 = 6;
    /// Component type, a number of [`super::Kind`].
    pub const KIND: u16 = 7;
    /// Minimum battery, percent.
    pub const BATTERY: u16 = 8;
    /// Required space, bytes.
    pub const SPACE: u16 = 9;
    /// Minimum signal, dBm.
    pub const SIGNAL: u16 = 10;
    /// False or 0: the confirmation of an older device is a refusal.
    pub const SUBMIT: u16 = 11;
    /// Status code of a report.
    pub const STATUS: u16 = 13;
    /// Name of the status code, with the reason of a failure behind it.
    pub const STATUS_TEXT: u16 = 14;
    /// CRC-32/MPEG-2 of the package, hexadecimal.
    pub const CRC32: u16 = 15;
    /// SHA-256 of the package, 64 hexadecimal digits.
    pub const SHA256: u16 = 16;
    /// Digest that the device asks for ("sha256").
    pub const SIGNATURE: u16 = 19;
    /// Array of files.
    pub const FILES: u16 = 20;
    /// Version of the module firmware that runs.
    pub const MODULE_VERSION: u16 = 25;
    /// Versions of the MCU components.
    pub const MCU_VERSIONS: u16 = 26;
    /// Present: the device confirms at once, without asking the application.
    pub const CONTROL: u16 = 27;
    /// Array of component plans.
    pub const COMPONENTS: u16 = 28;
    /// Place of a file in its array.
    pub const INDEX: u16 = 30;
}
