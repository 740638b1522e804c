//! What a piece of work costs.

use crate::host::Terminal;
use crate::machine::{instructions, start_clock};
use crate::paint;
use core::fmt::Write;

/// Does the work and prints the instructions that it took, and the bytes of stack below the caller's.
pub fn of<T>(work: impl FnOnce() -> T) -> T {
    let ((result, taken), stack) = paint::depth_of(|| {
        start_clock();
        let result = work();
        (result, instructions())
    });
    let _ = writeln!(Terminal, "instructions {taken}\nstack {stack}");
    result
}
