//! The commands, and where and how each is sent (wire protocol, section 4).
#![forbid(unsafe_code)]

/// The Center reads TSL values: 2-byte ids, none for all.
pub const TSL_READ: u16 = 0x0011;
/// Answer to [`TSL_READ`].
pub const TSL_READ_REPLY: u16 = 0x0012;
/// The Center writes TSL values.
pub const TSL_WRITE: u16 = 0x0013;
/// The device reports TSL values.
pub const TSL_REPORT: u16 = 0x0014;
/// The Center calls a TSL service.
pub const TSL_SERVICE: u16 = 0x0015;
/// Answer to [`TSL_SERVICE`].
pub const TSL_SERVICE_REPLY: u16 = 0x0016;
/// Transparent data to the device.
pub const TRANSPARENT_DOWN: u16 = 0x0023;
/// Transparent data from the device.
pub const TRANSPARENT_UP: u16 = 0x0024;
/// The Center reads the device's status: 2-byte ids.
pub const STATUS_READ: u16 = 0x0031;
/// Answer to [`STATUS_READ`].
pub const STATUS_READ_REPLY: u16 = 0x0032;
/// The device reports its status unasked.
pub const STATUS_REPORT: u16 = 0x0034;
/// The Center reads information about the device: 2-byte ids.
pub const INFO_READ: u16 = 0x0041;
/// Answer to [`INFO_READ`].
pub const INFO_READ_REPLY: u16 = 0x0042;
/// The device reports information about itself unasked.
pub const INFO_REPORT: u16 = 0x0044;
/// The Center reports an error.
pub const EXCEPTION_DOWN: u16 = 0x00A3;
/// The device reports a message that it dropped; codes in [`exception`].
pub const EXCEPTION_UP: u16 = 0x00A4;
/// The Center configures the device: secrets, session key, server.
pub const CONFIG: u16 = 0x00B4;
/// Bind code.
pub const BIND_CODE: u16 = 0x00B5;
/// The Center offers an upgrade plan.
pub const OTA_PLAN: u16 = 0x0111;
/// Confirmation of a plan by older devices.
pub const OTA_CONFIRM: u16 = 0x0112;
/// The Center tells the firmware's files.
pub const OTA_FIRMWARE: u16 = 0x0113;
/// The device reports the state of an upgrade.
pub const OTA_STATUS: u16 = 0x0114;
/// The device asks for plans and tells its versions.
pub const OTA_REQUEST: u16 = 0x0115;
/// The device reports its location.
pub const LOCATION_REPORT: u16 = 0x0122;
/// The Center asks for the location.
pub const LOCATION_READ: u16 = 0x0123;
/// Answer to [`LOCATION_READ`].
pub const LOCATION_READ_REPLY: u16 = 0x0124;

/// Codes of [`EXCEPTION_UP`]: what was wrong with a message that was dropped.
pub mod exception {
    /// No frame, or one with an invalid package id.
    pub const PROTOCOL: u8 = 1;
    /// Wrong length.
    pub const LENGTH: u8 = 2;
    /// Wrong sum.
    pub const SUM: u8 = 3;
    /// Unknown command.
    pub const COMMAND: u8 = 4;
    /// Malformed TTLV.
    pub const TTLV: u8 = 5;
}

/// Codes of [`EXCEPTION_DOWN`] for messages of data that the Center did not keep.
pub mod limit {
    /// The device has sent too many in a minute.
    pub const MINUTE: i64 = 10428;
    /// The device has sent too many in a day.
    pub const DAY: i64 = 10429;
}

/// The part of a topic's name that groups commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Status, information, configuration, exceptions.
    Sys,
    /// Data: TSL, transparent data, location.
    Bus,
    /// Upgrades.
    Ota,
}

impl Class {
    /// The level of the topic: `sys`, `bus` or `ota`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sys => "sys",
            Self::Bus => "bus",
            Self::Ota => "ota",
        }
    }

    /// The class with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "sys" => Some(Self::Sys),
            "bus" => Some(Self::Bus),
            "ota" => Some(Self::Ota),
            _ => None,
        }
    }
}

/// Who sends a command, and with which quality of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The Center.
    Center,
    /// The device, with this MQTT QoS.
    Device(u8),
    /// The device, with the QoS that the application chose.
    DeviceMode,
}

use Class::{Bus, Ota, Sys};
use Sender::{Center, Device, DeviceMode};

const TABLE: [(u16, Class, Sender); 26] = [
    (TSL_READ, Bus, Center),
    (TSL_READ_REPLY, Bus, Device(0)),
    (TSL_WRITE, Bus, Center),
    (TSL_REPORT, Bus, DeviceMode),
    (TSL_SERVICE, Bus, Center),
    (TSL_SERVICE_REPLY, Bus, Device(1)),
    (TRANSPARENT_DOWN, Bus, Center),
    (TRANSPARENT_UP, Bus, DeviceMode),
    (STATUS_READ, Sys, Center),
    (STATUS_READ_REPLY, Sys, Device(0)),
    (STATUS_REPORT, Sys, Device(1)),
    (INFO_READ, Sys, Center),
    (INFO_READ_REPLY, Sys, Device(0)),
    (INFO_REPORT, Sys, Device(1)),
    (EXCEPTION_DOWN, Sys, Center),
    (EXCEPTION_UP, Sys, Device(1)),
    (CONFIG, Sys, Center),
    (BIND_CODE, Sys, Device(1)),
    (OTA_PLAN, Ota, Center),
    (OTA_CONFIRM, Ota, Device(2)),
    (OTA_FIRMWARE, Ota, Center),
    (OTA_STATUS, Ota, Device(2)),
    (OTA_REQUEST, Ota, Device(2)),
    (LOCATION_REPORT, Bus, Device(1)),
    (LOCATION_READ, Bus, Center),
    (LOCATION_READ_REPLY, Bus, Device(1)),
];

/// The class a command is sent under; `None` when there is no such command.
#[must_use]
pub fn class(command: u16) -> Option<Class> {
    row(command).map(|row| row.1)
}

/// Who sends a command and how; `None` when there is no such command.
#[must_use]
pub fn sender(command: u16) -> Option<Sender> {
    row(command).map(|row| row.2)
}

fn row(command: u16) -> Option<&'static (u16, Class, Sender)> {
    TABLE.iter().find(|row| row.0 == command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_found_by_the_name_it_has_in_topics() {
        for class in [Sys, Bus, Ota] {
            assert_eq!(Class::from_name(class.name()), Some(class));
        }
        assert_eq!(Class::from_name("SYS"), None);
    }

    #[test]
    fn unknown_commands_have_no_class_and_no_sender() {
        for command in [0, 0x0010, 0x0025, 0x0116, 0xFFFF] {
            assert_eq!((class(command), sender(command)), (None, None), "{command:#06x}");
        }
    }

    #[test]
    fn upgrade_reports_go_out_exactly_once() {
        assert_eq!(sender(OTA_STATUS), Some(Device(2)));
        assert_eq!(class(OTA_STATUS), Some(Ota));
    }

    #[test]
    fn no_command_stands_in_the_table_twice() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(TABLE.iter().position(|other| other.0 == row.0), Some(at), "{:#06x}", row.0);
        }
    }
}
