//! What this build of the library has, by cargo features. A board that needs less leaves something out: the functions of what
//! is missing refuse, and the Center's commands for it are answered with an exception.

/// Messages of the product's data model.
pub const TSL: bool = cfg!(feature = "tsl");
/// Transparent data.
pub const TRANSPARENT: bool = cfg!(feature = "transparent");
/// Locations that the application finds.
pub const LOCATION: bool = cfg!(feature = "location");
/// Upgrades of MCUs and of the application.
pub const MCU: bool = cfg!(feature = "mcu");
/// Encrypted sessions.
pub const SESSION: bool = cfg!(feature = "session");
/// There are messages for the application.
pub const MESSAGES: bool = TSL || TRANSPARENT || MCU;
