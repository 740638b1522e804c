//! What the core asks of the board that it runs on.
#![forbid(unsafe_code)]

use crate::flash::layout::Layout;
use crate::ota::strategy::Status;
use embedded_storage::nor_flash::NorFlash;

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

    /// Seconds that a new firmware has to reach the Center before the old one comes back.
    fn trial_seconds(&self) -> u32 {
        20 * 60
    }

    /// Switches the network off and on, where there is a modem to reset.
    fn reset_network(&mut self) {}
}
