//! HPatchLite, built by `benches/delta/hpatchlite`, at the work of [`qth_package::delta`].

use crate::cost;
use crate::host::Terminal;
use core::fmt::Write;

extern "C" {
    fn peer_memory() -> u32;
    fn peer_apply(old: *const u8, patch: *const u8, patch_length: usize, new: *mut u8, new_length: usize) -> u32;
}

/// Prints what applying a patch costs, and the memory that it takes.
pub fn run(old: &[u8], patch: &[u8], new: &[u8], room: &mut [u8]) -> Result<(), &'static str> {
    let made = room.get_mut(..new.len()).ok_or("no room for the new image")?;
    // SAFETY: it reads the patch and writes the new image within their lengths; the patch is one for this old image.
    let done = cost::of(|| unsafe { peer_apply(old.as_ptr(), patch.as_ptr(), patch.len(), made.as_mut_ptr(), made.len()) });
    // SAFETY: it returns a constant.
    let _ = writeln!(Terminal, "static {}", unsafe { peer_memory() });
    if done == 1 && made == new {
        Ok(())
    } else {
        Err("the patch does not lead to the new image")
    }
}
