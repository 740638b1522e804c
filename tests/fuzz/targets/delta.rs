//! Packages and deltas: whatever arrives is refused or applied, in the same way whatever the pieces are that it comes in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qth_package::delta::decoder::{Decoder, RestartPoint, Standard, Step, Tiny};
use qth_package::delta::{Error, Slices};

/// A few bytes can stand for a very long image.
const OUTPUT_MAX: usize = 1 << 16;

/// The image that runs: words that look like addresses, branches and code.
fn old() -> Vec<u8> {
    let word = |at: u32| if at % 3 == 0 { 0x0800_0000 + at * 7 % 4096 } else { at.wrapping_mul(0x9e37_79b9) };
    (0..1024_u32).flat_map(|at| word(at).to_le_bytes()).collect()
}

fn apply<const M: usize, const S: usize, const P: usize>(
    mut decoder: Decoder<M, S, P>,
    delta: &[u8],
    piece: usize,
) -> Result<Vec<u8>, Error> {
    let (old, mut new) = (old(), Vec::new());
    decoder.begin(RestartPoint::START);
    let mut rest = delta;
    loop {
        let step = decoder.poll(&mut Slices { old: &old, new: &new })?;
        match step {
            Step::Input if rest.is_empty() => return Err(Error::Data),
            Step::Input => {
                let taken = decoder.push(&rest[..rest.len().min(piece)]);
                rest = &rest[taken..];
            }
            Step::Page { offset, bytes } => {
                assert_eq!(offset as usize, new.len(), "pages come in order");
                new.extend_from_slice(bytes);
                if new.len() > OUTPUT_MAX {
                    new.truncate(OUTPUT_MAX);
                    return Ok(new);
                }
            }
            Step::Skip { .. } => panic!("an update that begins skips nothing"),
            Step::Point(point) => assert_eq!(point.output as usize, new.len()),
            Step::Done => {
                assert_eq!(decoder.header().map(|header| header.new_size as usize), Some(new.len()));
                return Ok(new);
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(package) = qth_package::parse(bytes) {
        assert_eq!(package.signed.len() + package.signature.len() + package.payload.len(), bytes.len());
    }
    let whole = apply(Standard::new(), bytes, usize::MAX);
    assert!(apply(Standard::new(), bytes, 1) == whole, "the pieces make a difference");
    // What the small decoder can do, both do alike.
    match apply(Tiny::new(), bytes, usize::MAX) {
        Err(Error::Memory) => {}
        // Pages of other lengths come to the end of what is looked at sooner or later.
        Ok(image) if image.len() == OUTPUT_MAX => {}
        _ if whole.as_ref().is_ok_and(|image| image.len() == OUTPUT_MAX) => {}
        tiny => assert!(tiny == whole, "the decoders differ"),
    }
});
