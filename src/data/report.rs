//! What the device tells of itself: status and information (wire protocol, section 4).

use crate::board::{About, Status};
use crate::settings::Settings;
use qth_protocol::id::{information, status};
use qth_protocol::ota::id;
use qth_protocol::ttlv::{Number, WriteError, Writer};

/// Status ids that are reported unasked after every subscription.
pub const STATUS_IDS: [u16; 4] = [status::BATTERY, status::VOLTAGE, status::SIGNAL, status::FREE_FLASH];
/// Information ids that are reported unasked after every subscription.
pub const INFORMATION_IDS: [u16; 8] = [
    information::MODULE,
    information::VERSION,
    information::MCU_VERSIONS,
    information::ICCID,
    information::SDK_VERSION,
    information::LOCATORS,
    information::DATA_PROTOCOL,
    information::COMMUNICATION_PROTOCOL,
];

/// Version of this software, reported where the reference device names its SDK.
const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Locators that the module itself has: none; the application may send what its own finds.
const LOCATORS: &str = "NONE;";
const DATA_PROTOCOL: &str = "1.3.0";
const COMMUNICATION_PROTOCOL: &str = "3.0.0";

/// Writes the values with these status ids; an id that this board does not measure is left out.
pub fn status(ids: &mut dyn Iterator<Item = u16>, measured: &Status, out: &mut [u8]) -> Result<usize, WriteError> {
    let mut writer = Writer::new(out);
    for id in ids {
        let value = match id {
            status::BATTERY => Number::from_i64(measured.battery.into()),
            status::VOLTAGE => volts(measured.millivolts),
            status::SIGNAL => Number::from_i64(measured.signal.into()),
            status::FREE_FLASH => Number::from_i64(measured.free.into()),
            _ => continue,
        };
        writer.number(id, value);
    }
    writer.finish()
}

/// Writes the values with these information ids; an unknown id is left out.
pub fn information(
    ids: &mut dyn Iterator<Item = u16>,
    about: &About<'_>,
    settings: &Settings,
    out: &mut [u8],
) -> Result<usize, WriteError> {
    let mut writer = Writer::new(out);
    for id in ids {
        let value = match id {
            information::MODULE => about.module,
            information::VERSION => module_version(about, settings),
            information::MCU_VERSIONS => settings.mcu_versions(),
            information::ICCID => about.iccid,
            information::SDK_VERSION => SDK_VERSION,
            information::LOCATORS => LOCATORS,
            information::DATA_PROTOCOL => DATA_PROTOCOL,
            information::COMMUNICATION_PROTOCOL => COMMUNICATION_PROTOCOL,
            _ => continue,
        };
        writer.text(id, value);
    }
    writer.finish()
}

/// The module version: what the script has set, else the firmware's own.
#[must_use]
pub fn module_version<'a>(about: &About<'a>, settings: &'a Settings) -> &'a str {
    if settings.version.is_empty() {
        about.version
    } else {
        &settings.version
    }
}

/// Ids in a read command: 2-byte numbers; none at all stands for all.
pub fn requested<'a>(payload: &'a [u8], all: &'a [u16]) -> impl Iterator<Item = u16> + 'a {
    let asked = payload.chunks_exact(2).filter_map(|id| id.first_chunk().map(|id| u16::from_be_bytes(*id)));
    let all = if payload.is_empty() { all } else { &[] };
    asked.chain(all.iter().copied())
}

fn volts(millivolts: u16) -> Number {
    let mut magnitude = millivolts;
    let mut decimals = 3_u8;
    while decimals > 0 && magnitude.is_multiple_of(10) {
        magnitude /= 10;
        decimals = decimals.saturating_sub(1);
    }
    Number { negative: false, magnitude: u64::from(magnitude), decimals }
}

/// Writes what runs: the module version, and the MCU versions if there are any.
pub fn versions(writer: &mut Writer<'_>, about: &About<'_>, settings: &Settings) {
    writer.text(id::MODULE_VERSION, module_version(about, settings));
    if !settings.mcu_versions().is_empty() {
        writer.text(id::MCU_VERSIONS, settings.mcu_versions());
    }
}
