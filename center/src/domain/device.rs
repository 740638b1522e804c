//! Devices: who they are and what they last reported.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::package::ComponentType;

/// A device, created by its first connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// MQTT client id: `qd` + PK + DK.
    pub client_id: String,
    /// Product key.
    pub product: String,
    /// Device key (IMEI or MAC).
    pub key: String,
    /// What it reported about itself.
    #[serde(flatten)]
    pub reported: Reported,
    /// First connection.
    pub created_at: DateTime<Utc>,
    /// Last time that anything came from it.
    pub last_seen: DateTime<Utc>,
}

/// The latest values that a device reported.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// Module type, such as `EC600N` (information id 1).
    pub module_type: Option<String>,
    /// Module firmware version (information id 2).
    pub module_version: Option<String>,
    /// Version of each MCU component (information id 3).
    #[serde(default)]
    pub mcu_versions: BTreeMap<String, String>,
    /// Battery, signal and space.
    #[serde(default)]
    pub status: Status,
    /// Every other information that was text, by its name.
    #[serde(default)]
    pub information: BTreeMap<String, String>,
}

/// Device status (wire protocol, section 4: status ids 1 to 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Battery in percent.
    pub battery: Option<i64>,
    /// Supply voltage in volts.
    pub voltage: Option<f64>,
    /// Signal strength in dBm.
    pub signal: Option<i64>,
    /// Free flash in bytes.
    pub free_flash: Option<i64>,
    /// Reference signal received power in dBm.
    pub rsrp: Option<i64>,
    /// Reference signal received quality in dB.
    pub rsrq: Option<i64>,
    /// Signal to noise ratio in dB.
    pub snr: Option<i64>,
}

impl Status {
    /// Takes over every value that `newer` has.
    pub fn update(&mut self, newer: Self) {
        self.battery = newer.battery.or(self.battery);
        self.voltage = newer.voltage.or(self.voltage);
        self.signal = newer.signal.or(self.signal);
        self.free_flash = newer.free_flash.or(self.free_flash);
        self.rsrp = newer.rsrp.or(self.rsrp);
        self.rsrq = newer.rsrq.or(self.rsrq);
        self.snr = newer.snr.or(self.snr);
    }
}

impl Reported {
    /// The version of a component: the module's firmware whatever it is called, an MCU by its name.
    pub fn version(&self, component_type: ComponentType, identifier: &str) -> Option<&str> {
        match component_type {
            ComponentType::Module => self.module_version.as_deref(),
            ComponentType::Mcu => self.mcu_versions.get(identifier).map(String::as_str),
        }
    }
}

/// Reads the text of information id 3 and OTA id 26: `comp;version;comp;version`, or `comp:version` as some devices write it.
pub fn mcu_versions(text: &str) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    let mut parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    while let Some(part) = parts.next() {
        let (name, version) = match part.split_once(':') {
            Some(pair) => pair,
            None => (part, parts.next().unwrap_or_default()),
        };
        versions.insert(name.to_owned(), version.to_owned());
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcu_versions_are_read_in_both_notations() {
        let expected = BTreeMap::from([("MCU1".to_owned(), "1.0".to_owned()), ("MCU2".to_owned(), "2.0".to_owned())]);
        assert_eq!(mcu_versions("MCU1;1.0;MCU2;2.0"), expected);
        assert_eq!(mcu_versions("MCU1:1.0;MCU2:2.0;"), expected);
        assert!(mcu_versions("").is_empty());
    }

    #[test]
    fn the_module_answers_to_any_name_and_an_mcu_only_to_its_own() {
        let reported =
            Reported { module_version: Some("1.0.0".into()), mcu_versions: mcu_versions("MCU1;2.0"), ..Reported::default() };
        assert_eq!(reported.version(ComponentType::Module, "anything"), Some("1.0.0"));
        assert_eq!(reported.version(ComponentType::Mcu, "MCU1"), Some("2.0"));
        assert_eq!(reported.version(ComponentType::Mcu, "MCU2"), None);
    }

    #[test]
    fn a_partial_status_report_keeps_the_other_values() {
        let mut status = Status { battery: Some(80), signal: Some(-70), ..Status::default() };
        status.update(Status { battery: Some(79), ..Status::default() });
        assert_eq!((status.battery, status.signal), (Some(79), Some(-70)));
    }
}
