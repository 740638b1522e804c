//! A device that applies deltas, with its flash in memory.

use fastrand::Rng;
use qth_package::delta::{Decoder, Error, RestartPoint, Slices, Step};

/// Room for an image.
const SLOT: usize = 1 << 18;

/// What came of a delta.
pub struct Applied {
    pub image: Vec<u8>,
    pub points: Vec<RestartPoint>,
}

/// Applies a delta that comes in pieces of random sizes, from a restart point on. `image` is what was written before.
pub fn apply<const MODELS: usize, const SHIFTS: usize, const PAGE: usize>(
    decoder: &mut Decoder<MODELS, SHIFTS, PAGE>,
    old: &[u8],
    delta: &[u8],
    point: RestartPoint,
    mut image: Vec<u8>,
    random: &mut Rng,
) -> Result<Applied, Error> {
    decoder.begin(point);
    let mut points = Vec::new();
    let mut at = 0;
    let mut idle = 0;
    loop {
        let step = decoder.poll(&mut Slices { old, new: &image })?;
        match step {
            Step::Input => {
                let piece = &delta[at.min(delta.len())..delta.len().min(at + random.usize(..40))];
                let taken = decoder.push(piece);
                at += taken;
                // A delta that was cut off asks for more for ever; so does one whose pieces are empty by chance.
                idle = if taken == 0 { idle + 1 } else { 0 };
                if idle > 1000 {
                    return Err(Error::Data);
                }
            }
            Step::Skip { offset } => at = offset as usize,
            Step::Page { offset, bytes } => {
                assert_eq!(offset as usize, image.len(), "pages come in order");
                assert!(!bytes.is_empty(), "each page brings something");
                image.extend_from_slice(bytes);
                if image.len() > SLOT {
                    return Err(Error::Memory);
                }
            }
            Step::Point(point) => points.push(point),
            Step::Done => return Ok(Applied { image, points }),
        }
    }
}
