//! What a device does with a delta, by its own code.

use qth_package::delta::{Error, RestartPoint, Slices, Standard, Step};

/// The new image that a delta makes of the old one.
///
/// # Errors
/// The delta is damaged, or not for this image; damage that makes sense is found by the new image's digest only.
pub fn apply(old: &[u8], delta: &[u8]) -> Result<Vec<u8>, Error> {
    let mut new = Vec::new();
    let mut decoder = Standard::new();
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
