//! The TTLV ids of commands that both sides write or read. Those of upgrades are in [`crate::ota::id`].
//!
//! Facts: wire protocol, section 4.

/// Device configuration, [`crate::command::CONFIG`].
pub mod configuration {
    /// Another server: a struct of [`DOMAIN`], [`IP`] and [`PORT`].
    pub const DNS: u16 = 1;
    /// The server's name.
    pub const DOMAIN: u16 = 2;
    /// The server's address, where it has no name.
    pub const IP: u16 = 3;
    /// The server's port.
    pub const PORT: u16 = 4;
    /// Device secret (DS).
    pub const DEVICE_SECRET: u16 = 5;
    /// Session key, 16 bytes.
    pub const SESSION_KEY: u16 = 6;
    /// Product key (PK) to be used from now on.
    pub const PRODUCT_KEY: u16 = 7;
    /// Product secret (PS) to be used from now on.
    pub const PRODUCT_SECRET: u16 = 8;
    /// True: the device forgets its secret and authenticates as it did the first time.
    pub const REAUTHENTICATE: u16 = 9;
    /// Device secret to connect again with.
    pub const NEW_DEVICE_SECRET: u16 = 10;
}

/// Status, [`crate::command::STATUS_REPORT`] and [`crate::command::STATUS_READ_REPLY`].
pub mod status {
    /// Battery, percent.
    pub const BATTERY: u16 = 1;
    /// Voltage, volts.
    pub const VOLTAGE: u16 = 2;
    /// Signal, dBm.
    pub const SIGNAL: u16 = 3;
    /// Free flash, bytes.
    pub const FREE_FLASH: u16 = 4;
    /// Reference signal received power, dBm.
    pub const RSRP: u16 = 5;
    /// Reference signal received quality, dB.
    pub const RSRQ: u16 = 6;
    /// Signal to noise ratio, dB.
    pub const SNR: u16 = 7;
}

/// Information, [`crate::command::INFO_REPORT`] and [`crate::command::INFO_READ_REPLY`].
pub mod information {
    /// Type of the module.
    pub const MODULE: u16 = 1;
    /// Version of the module's firmware.
    pub const VERSION: u16 = 2;
    /// Versions of the MCUs.
    pub const MCU_VERSIONS: u16 = 3;
    /// Number of the SIM card.
    pub const ICCID: u16 = 5;
    /// Version of the software that speaks this protocol.
    pub const SDK_VERSION: u16 = 11;
    /// Locators that the module has.
    pub const LOCATORS: u16 = 12;
    /// Version of the data protocol.
    pub const DATA_PROTOCOL: u16 = 13;
    /// Version of the communication protocol.
    pub const COMMUNICATION_PROTOCOL: u16 = 14;
}

/// Exceptions, [`crate::command::EXCEPTION_DOWN`] and [`crate::command::EXCEPTION_UP`].
pub mod exception {
    /// What is wrong.
    pub const CODE: u16 = 1;
    /// Package id of the message that it is about.
    pub const PACKAGE: u16 = 2;
    /// Product key.
    pub const PRODUCT: u16 = 3;
    /// Device key.
    pub const DEVICE: u16 = 4;
}

/// Location, [`crate::command::LOCATION_REPORT`] and [`crate::command::LOCATION_READ_REPLY`].
pub mod location {
    /// Sentences of NMEA 0183, each followed by `;`.
    pub const SENTENCES: u16 = 2;
}
