//! What the core asks of the board that it runs on.
#![forbid(unsafe_code)]

use embedded_storage::nor_flash::NorFlash;
use qth_flash::layout::Layout;

/// What the board measures of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Battery in percent.
    pub battery: u8,
    /// Supply voltage in millivolts.
    pub millivolts: u16,
    /// Signal strength in dBm.
    pub signal: i16,
    /// Free space for an upgrade in bytes.
    pub free: u32,
}

/// How the firmware that runs was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// By a bootloader that chooses between two slots.
    BySlot,
    /// Without one: there is nowhere to put a new image.
    Directly,
}

/// What the board tells of itself in the information report (wire protocol, section 4).
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// Module type; also the default name of the module's component.
    pub module: &'a str,
    /// Version of the firmware that runs.
    pub version: &'a str,
    /// Device key: IMEI or MAC, at most 16 characters.
    pub dk: &'a str,
    /// ICCID of the SIM card; empty without one.
    pub iccid: &'a str,
}

/// What a new firmware is given to prove itself. The numbers by default are those of a board whose reset hook tells
/// [`crate::device::Device::before_reset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Starts, of which crashes and resets by a watchdog use up one each; 1 to 255.
    pub starts: u8,
    /// Seconds to reach the Center in while the network is there.
    pub seconds: u32,
    /// Seconds in all, with those in which there is no network.
    pub limit_seconds: u32,
}

impl Trial {
    /// Three starts, 20 minutes, a day.
    pub const DEFAULT: Self = Self { starts: 3, seconds: 20 * 60, limit_seconds: 24 * 60 * 60 };
    /// Starts where orderly restarts can't be told from crashes.
    pub const STARTS_UNTOLD: u8 = 10;
}

/// The board below the core: flash, random numbers, measurements.
pub trait Board {
    /// The flash that holds records and slots.
    type Flash: NorFlash;

    /// The flash.
    fn flash(&mut self) -> &mut Self::Flash;

    /// Where records and slots lie in it.
    fn layout(&self) -> Layout;

    /// How this firmware was started.
    fn started(&self) -> Started;

    /// Fills `bytes` with random numbers fit for secrets.
    fn random(&mut self, bytes: &mut [u8]);

    /// Measures battery, signal and free space.
    fn status(&mut self) -> Status;

    /// Names the board and its firmware.
    fn about(&self) -> About<'_>;

    /// The Center to connect to unless the script names one.
    fn server(&self) -> &str;

    /// The driver can open connections with TLS.
    fn has_tls(&self) -> bool {
        false
    }

    /// What a new firmware is given to prove itself before the old one comes back.
    fn trial(&self) -> Trial {
        Trial::DEFAULT
    }

    /// Switches the network off and on, where there is a modem to reset.
    fn reset_network(&mut self) {}
}
