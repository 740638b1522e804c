//! The library linked for a Cortex-M3 as a board would have it. It is measured by `make size`, never run.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board {
    use core::hint::black_box;
    use qth::protocol::{auth, frame, ttlv};

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! {
        loop {
            core::hint::spin_loop();
        }
    }

    #[no_mangle]
    extern "C" fn _start() -> ! {
        let mut bytes = [0u8; 128];
        black_box(frame::open(black_box(&mut bytes)).is_ok());
        black_box(auth::first_password("pk", "ps", "dk", &[0; 16], true).is_ok());
        black_box(ttlv::Reader::new(&bytes).next().is_ok());
        loop {
            core::hint::spin_loop();
        }
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
