//! How deep a piece of work goes into the stack: what it has written to, of stack that was painted before.

use crate::machine::{stack_limit, stack_pointer};

const PAINT: u32 = 0xc5c5_c5c5;
/// Bytes of stack that the painter itself may use.
const PAINTER: usize = 128;

/// Does the work; returns what comes of it, and the bytes of stack that it took below the caller's.
#[inline(never)]
pub fn depth_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let top = stack_pointer();
    let words = (top - PAINTER - stack_limit()) / 4;
    let stack = stack_limit() as *mut u32;
    for word in 0..words {
        // SAFETY: free stack, with room for this function.
        unsafe { stack.add(word).write_volatile(PAINT) };
    }
    let result = work();
    // SAFETY: as above.
    let unused = (0..words).take_while(|word| unsafe { stack.add(*word).read_volatile() } == PAINT).count();
    (result, top - stack_limit() - unused * 4)
}
