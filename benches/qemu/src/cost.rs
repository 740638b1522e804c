//! What a piece of work costs.

use crate::host::Terminal;
use crate::machine::{instructions, stack_limit, stack_pointer, start_clock};
use core::fmt::Write;

const PAINT: u32 = 0xc5c5_c5c5;
/// Bytes of stack that the painter itself may use.
const PAINTER: usize = 128;

/// Does the work and prints the instructions that it took, and the bytes of stack below the caller's.
#[inline(never)]
pub fn of<T>(work: impl FnOnce() -> T) -> T {
    let top = stack_pointer();
    let words = (top - PAINTER - stack_limit()) / 4;
    let stack = stack_limit() as *mut u32;
    for word in 0..words {
        // SAFETY: free stack, with room for this function.
        unsafe { stack.add(word).write_volatile(PAINT) };
    }
    start_clock();
    let result = work();
    let taken = instructions();
    // SAFETY: as above.
    let unused = (0..words).take_while(|word| unsafe { stack.add(*word).read_volatile() } == PAINT).count();
    let _ = writeln!(Terminal, "instructions {taken}\nstack {}", top - stack_limit() - unused * 4);
    result
}
