//! What C does for the library.

use super::board::QthBoard;
use super::border::call;
use super::delivery::QthEvent;
use cty::uint32_t;

/// What C does for the library. No exception leaves these functions, and they keep no pointer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QthHost {
    /// Calls the callable behind a handle, in the interpreter's thread, and reports what it raises; false: the delivery
    /// is to stop here, as after Ctrl-C.
    pub(crate) call: unsafe extern "C" fn(handle: uint32_t, event: &QthEvent<'_>) -> bool,
    /// Has `qth_deliver` called soon in the interpreter's thread. Called where the driver runs.
    pub(crate) events_wait: unsafe extern "C" fn(),
    /// Restarts the board. Called where the driver runs.
    pub(crate) restart: unsafe extern "C" fn(),
    /// The board, which stays; null on a host, where the library itself is the board.
    pub board: Option<&'static QthBoard>,
}

impl QthHost {
    /// Calls the callable behind a handle; false: the delivery is to stop.
    #[must_use]
    pub fn call(&self, handle: u32, event: &QthEvent<'_>) -> bool {
        call!(self.call(handle, event))
    }

    /// Has `qth_deliver` called soon.
    pub fn events_wait(&self) {
        call!(self.events_wait());
    }

    /// Restarts the board.
    pub fn restart(&self) {
        call!(self.restart());
    }
}
