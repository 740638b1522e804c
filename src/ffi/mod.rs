//! The interface of the MicroPython module: what C calls, as plain data, pointers with lengths, and status codes.
//!
//! The only unsafe code of the crate. No object of the interpreter comes here, only handles: numbers under which C keeps
//! a callable alive for its collector. No exception crosses: C catches them before it returns. `make header` writes
//! `cmodule/qth/qth.h` from these files, each of which serves the C file of its name (`setup.rs` serves `modqth.c`).
#![allow(unsafe_code)]

pub mod data;
pub mod delivery;
pub mod handlers;
mod memory;
pub mod setup;
#[cfg(test)]
mod test_board;
pub mod upgrade;
pub mod values;

use crate::device::Device;
use crate::port::native::{Board, Port};
use crate::time::Instant;

static PORT: Port = Port::new();

/// Calls the device; before `qth_init` it is not there, and everything is refused.
fn device<R: Default>(function: impl FnOnce(&mut Device<Board>, Instant) -> R) -> R {
    PORT.call(function)
}

/// Nothing in the library panics; should it all the same, the board starts again.
#[cfg(all(not(feature = "std"), not(test)))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {
        setup::restart();
    }
}
