//! The bootloader's part on a board with one slot.

use qth_flash::layout::Layout;
use qth_flash::ram::RamFlash;

/// Rewrites the slot; returns false where the power was cut.
///
/// # Panics
/// The slot can't be rewritten though there is power.
#[cfg(feature = "inplace")]
pub fn rewrite<const E: usize, const W: usize>(flash: &mut RamFlash<E, W>, layout: Layout) -> bool {
    use qth_package::inplace::{block, Error, Installer};

    let mut memory = vec![0; block::<RamFlash<E, W>>() as usize];
    match Installer::new().run(flash, layout, &mut memory, &mut |_| ()) {
        Ok(()) => true,
        Err(Error::Flash) if flash.lost_power() => false,
        Err(error) => panic!("the slot can't be rewritten: {error}"),
    }
}

/// Rewrites no slot.
///
/// # Panics
/// Always: a board with two slots never asks for it.
#[cfg(not(feature = "inplace"))]
#[must_use]
pub fn rewrite<const E: usize, const W: usize>(_: &mut RamFlash<E, W>, _: Layout) -> bool {
    panic!("no slot is rewritten");
}
