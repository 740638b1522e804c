//! The generator and the decoder together: whatever two images are, a delta is made that leads from the one to the other, in pieces
//! of any size and from each restart point on.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use qth_package::delta::decoder::{Decoder, RestartPoint, Standard, Step, Tiny};
use qth_package::delta::field::InstructionSet;
use qth_package::delta::{Method, Slices};
use qth_packer::{make, Memory, Options};

/// Images do not grow beyond this: it takes long to make a delta of long repetitions.
const SIZE_MAX: usize = 1 << 12;

/// What is done to an image. Places count modulo its length.
#[derive(Arbitrary, Debug)]
enum Edit<'a> {
    Insert(u16, &'a [u8]),
    Overwrite(u16, u8),
    Delete(u16, u16),
    /// Nothing but these bytes is left.
    Take(u16, u16),
    /// What is before this place comes behind what follows it.
    Swap(u16),
    /// So many bytes, from here to there.
    Move(u16, u16, u16),
    /// So many bytes, so often again.
    Repeat(u16, u16, u8),
    /// Bytes without a pattern, and a seed for them.
    Noise(u16, u8),
}

#[derive(Arbitrary, Debug)]
struct Images<'a> {
    instructions: u8,
    method: u8,
    is_tiny: bool,
    /// Bytes between two restart points: none, or 1 KB and more.
    interval: u8,
    old: Vec<Edit<'a>>,
    /// The new image, from the old one on.
    new: Vec<Edit<'a>>,
}

fn edited(mut image: Vec<u8>, edits: &[Edit<'_>]) -> Vec<u8> {
    for edit in edits {
        let place = |at: &u16, image: &[u8]| usize::from(*at) % (image.len() + 1);
        let range = |at: &u16, length: &u16, image: &[u8]| {
            let begin = place(at, image);
            begin..image.len().min(begin + usize::from(*length))
        };
        match edit {
            Edit::Insert(at, bytes) => {
                let at = place(at, &image);
                image.splice(at..at, bytes.iter().copied());
            }
            Edit::Overwrite(at, byte) => {
                let at = place(at, &image);
                image.splice(at..image.len().min(at + 1), [*byte]);
            }
            Edit::Delete(at, length) => drop(image.drain(range(at, length, &image))),
            Edit::Take(at, length) => image = image[range(at, length, &image)].to_vec(),
            Edit::Swap(at) => {
                let at = place(at, &image);
                image.rotate_left(at);
            }
            Edit::Move(at, length, to) => {
                let moved: Vec<u8> = image.drain(range(at, length, &image)).collect();
                let to = place(to, &image);
                image.splice(to..to, moved);
            }
            Edit::Repeat(at, length, times) => {
                let range = range(at, length, &image);
                let length = range.len().max(1);
                let again = image[range.clone()].repeat(usize::from(*times).min(SIZE_MAX / length));
                image.splice(range.end..range.end, again);
            }
            Edit::Noise(length, seed) => {
                let mut state = u32::from(*seed);
                image.extend((0..usize::from(*length).min(SIZE_MAX)).map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                }));
            }
        }
        image.truncate(SIZE_MAX);
    }
    image
}

/// The image that the delta leads to from a point on, and the restart points on the way.
fn apply<const M: usize, const S: usize, const P: usize>(
    mut decoder: Decoder<M, S, P>,
    old: &[u8],
    delta: &[u8],
    (point, mut new): (RestartPoint, Vec<u8>),
    piece: usize,
) -> (Vec<u8>, Vec<RestartPoint>) {
    decoder.begin(point);
    let (mut rest, mut points) = (delta, Vec::new());
    loop {
        match decoder.poll(&mut Slices { old, new: &new }).expect("the delta is good") {
            Step::Input => {
                assert!(!rest.is_empty(), "no more than there is");
                let taken = decoder.push(&rest[..rest.len().min(piece)]);
                rest = &rest[taken..];
            }
            Step::Page { bytes, .. } => new.extend_from_slice(bytes),
            Step::Skip { offset } => rest = &delta[offset as usize..],
            Step::Point(point) => points.push(point),
            Step::Done => return (new, points),
        }
    }
}

fuzz_target!(|images: Images<'_>| {
    let old = edited(Vec::new(), &images.old);
    let new = edited(old.clone(), &images.new);
    let memory = if images.is_tiny { Memory::Tiny } else { Memory::Standard };
    let method = [Method::Bsdiff, Method::LzmaLonger, Method::Lzma][usize::from(images.method) % 3];
    let options = Options {
        // An ELF file would have to be one.
        instructions: [InstructionSet::Plain, InstructionSet::Thumb, InstructionSet::Riscv32]
            .get(usize::from(images.instructions) % 3)
            .copied(),
        interval: (images.interval > 0).then(|| 1 << (10 + images.interval % 3)),
        memory,
        methods: vec![if images.is_tiny { Method::Bsdiff } else { method }],
        ..Options::default()
    };
    let delta = make(&old, &new, &options, &mut |_| ()).expect("a delta can be made of any two images").bytes;
    let apply = |from, piece| match memory {
        Memory::Standard => apply(Standard::new(), &old, &delta, from, piece),
        Memory::Tiny => apply(Tiny::new(), &old, &delta, from, piece),
    };
    let (image, points) = apply((RestartPoint::START, Vec::new()), 1);
    assert!(image == new, "the delta leads elsewhere");
    for point in points {
        let written = new[..point.output as usize].to_vec();
        assert!(apply((point, written), usize::MAX).0 == new, "the delta leads elsewhere from {point:?}");
    }
});
