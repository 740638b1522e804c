//! What a device does with a delta, by its own code.

use qth::delta::{Error, Images, RestartPoint, Standard, Step};

/// The image that runs, and the new one as far as it is there.
struct Both<'a> {
    old: &'a [u8],
    new: Vec<u8>,
}

fn fill(image: &[u8], offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
    let from = image.get(offset as usize..).and_then(|rest| rest.get(..bytes.len())).ok_or(Error::Unreadable)?;
    bytes.copy_from_slice(from);
    Ok(())
}

impl Images for Both<'_> {
    fn read_old(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        fill(self.old, offset, bytes)
    }

    fn read_new(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        fill(&self.new, offset, bytes)
    }
}

/// The new image that a delta makes of the old one.
///
/// # Errors
/// The delta is damaged, or not for this image; damage that makes sense is found by the new image's digest only.
pub fn apply(old: &[u8], delta: &[u8]) -> Result<Vec<u8>, Error> {
    let mut images = Both { old, new: Vec::new() };
    let mut decoder = Box::new(Standard::new());
    decoder.begin(RestartPoint::START);
    let mut rest = delta;
    loop {
        match decoder.poll(&mut images)? {
            Step::Input if rest.is_empty() => return Err(Error::Data),
            Step::Input => {
                let taken = decoder.push(rest);
                rest = &rest[taken..];
            }
            Step::Page { bytes, .. } => images.new.extend_from_slice(bytes),
            Step::Skip { .. } | Step::Point(_) => {}
            Step::Done => return Ok(images.new),
        }
    }
}
