//! A simulated world for a device, under virtual time and with chance from a seed: the Center, the file server, the network
//! between them, flash with real rules, the power supply, and a bootloader.
//!
//! [`world::World`] runs whole upgrades and checks itself that what runs in the end is what was reported;
//! [`pair::Pair`] is a device and as little of a Center as a connection takes.

pub mod board;
pub mod bootloader;
pub mod center;
pub mod files;
pub mod mcu;
pub mod pair;
pub mod random;
pub mod wire;
pub mod world;
