//! What a device does with a delta, by its own code.

use crate::Memory;
use qth_package::delta::{Decoder, Error, RestartPoint, Slices, Standard, Step, Tiny};

/// The new image that a delta makes of the old one on a device with this memory.
///
/// # Errors
/// The delta is damaged, or not for this image or memory; damage that makes sense is found by the new image's digest only.
pub(crate) fn apply(old: &[u8], delta: &[u8], memory: Memory) -> Result<Vec<u8>, Error> {
    match memory {
        Memory::Standard => apply_by(&mut Standard::new(), old, delta),
        Memory::Tiny => apply_by(&mut Tiny::new(), old, delta),
    }
}

fn apply_by<const MODELS: usize, const SHIFTS: usize, const PAGE: usize>(
    decoder: &mut Decoder<MODELS, SHIFTS, PAGE>,
    old: &[u8],
    delta: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut new = Vec::new();
    decoder.begin(RestartPoint::START);
    let mut rest = delta;
    loop {
        let step = decoder.poll(&mut Slices { old, new: &new })?;
        match step {
            Step::Input if rest.is_empty() => return Err(Error::Data),
            Step::Input => {
                let taken = decoder.push(rest);
                rest = &rest[taken..];
            }
            Step::Page { bytes, .. } => new.extend_from_slice(bytes),
            Step::Skip { .. } | Step::Point(_) => {}
            Step::Done => return Ok(new),
        }
    }
}
