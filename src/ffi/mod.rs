//! The interface of the MicroPython module: what C calls, as plain data, memory with its length, and status codes.
//!
//! No object of the interpreter comes here, only handles: numbers under which C keeps a callable alive for its collector. No
//! exception crosses: C catches them before it returns. `make header` writes `cmodule/qth/qth.h` from these files: most serve the
//! C file of their name, `setup.rs` serves `modqth.c`.
//!
//! Unsafe code is in `border.rs` alone. The lint counts a function's name that C can find as unsafe too.
#![allow(unsafe_code)]

pub mod board;
pub mod border;
pub mod data;
pub mod delivery;
pub mod handlers;
pub mod host;
pub mod setup;
#[cfg(test)]
pub(crate) mod test_board;
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
