//! Frames: whatever arrives is refused or understood, and what was understood is sealed to a frame that says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qth_protocol::frame::{open, seal, HEADER};

fuzz_target!(|bytes: &[u8]| {
    let mut received = bytes.to_vec();
    let Ok(frame) = open(&mut received) else { return };
    assert!(frame.payload.len() + HEADER <= bytes.len());

    // Every byte of the frame may need another one behind it.
    let mut sent = vec![0; 2 * (HEADER + frame.payload.len())];
    sent[HEADER..HEADER + frame.payload.len()].copy_from_slice(frame.payload);
    let length = seal(&mut sent, frame.payload.len(), frame.id, frame.command).expect("there is room for the frame");
    assert_eq!(open(&mut sent[..length]), Ok(frame));
});
