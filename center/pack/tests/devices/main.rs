//! The whole device, in the simulated world of `tests/sim`, is sent packages.

#[allow(dead_code, reason = "not all that can happen to plain images happens to packages")]
#[path = "../../../../tests/sim/board.rs"]
mod board;
#[path = "../../../../tests/sim/bootloader.rs"]
mod bootloader;
#[allow(dead_code, reason = "not all that can happen to plain images happens to packages")]
#[path = "../../../../tests/sim/center.rs"]
mod center;
#[path = "../../../../tests/sim/files.rs"]
mod files;
#[path = "../../../../tests/sim/mcu.rs"]
mod mcu;
#[path = "../../../../tests/sim/random.rs"]
mod random;
#[path = "../../../../tests/sim/wire.rs"]
mod wire;
#[allow(dead_code, reason = "not all that can happen to plain images happens to packages")]
#[path = "../../../../tests/sim/world.rs"]
mod world;

mod packages;
