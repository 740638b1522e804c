//! The library linked for a Cortex-M3 as a board would have it: one device in static memory, every function of it in use,
//! inputs that the compiler cannot know. It is measured by `make size`, never run.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;

#[cfg(not(target_os = "none"))]
fn main() {}
