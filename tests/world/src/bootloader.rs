//! The bootloader's part on a board with one slot.

use qth_flash::layout::Layout;
use qth_flash::ram::RamFlash;
use qth_package::inplace::{block, Error, Installer};

/// Rewrites the slot; returns false where the power was cut.
///
/// # Panics
/// The slot can't be rewritten though there is power.
pub fn rewrite<const E: usize, const W: usize>(flash: &mut RamFlash<E, W>, layout: Layout) -> bool {
    let mut memory = vec![0; block::<RamFlash<E, W>>() as usize];
    match Installer::new().run(flash, layout, &mut memory, &mut |_| ()) {
        Ok(()) => true,
        Err(Error::Flash) if flash.lost_power() => false,
        Err(error) => panic!("the slot can't be rewritten: {error}"),
    }
}
