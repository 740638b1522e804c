//! Random images, and random edits of them.

use crate::firmware::Program;
use fastrand::Rng;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use qth_package::delta::field::InstructionSet;
use std::ops::Range;

/// Images do not grow beyond this.
const SIZE_MAX: usize = 24 * 1024;

/// An image that is not linked for anything.
pub fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        (0..8192usize, any::<u64>()).prop_map(|(size, seed)| noise(size, seed, 256)),
        // Of few symbols: much of it comes again.
        (0..4096usize, any::<u64>()).prop_map(|(size, seed)| noise(size, seed, 2)),
    ]
}

/// A program linked for an instruction set, and its next version.
pub fn linked(instructions: InstructionSet) -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (1..24usize, 1..u64::MAX, any::<Index>(), 0..3usize).prop_map(move |(functions, seed, at, features)| {
        let program = Program::new(functions, seed);
        let next = match features {
            0 => program.clone().with_fix(at.index(functions)),
            _ => program.clone().with_features(features, seed),
        };
        (program.link(instructions), next.link(instructions))
    })
}

fn noise(size: usize, seed: u64, symbols: usize) -> Vec<u8> {
    let mut random = Rng::with_seed(seed);
    (0..size).map(|_| random.usize(..symbols) as u8).collect()
}

/// What is done to an image. Places are shares of it.
#[derive(Clone, Debug)]
pub enum Edit {
    Insert(Index, Vec<u8>),
    Overwrite(Index, Vec<u8>),
    Delete(Part),
    Move(Part, Index),
    /// What is before this place comes behind what follows it.
    Swap(Index),
    Repeat(Part, u8),
    Truncate(Index),
    Take(Part),
}

/// A few bytes, or as many as there are between two places.
#[derive(Clone, Debug)]
pub enum Part {
    Short(Index, usize),
    Between(Index, Index),
}

impl Part {
    fn range(&self, image: &[u8]) -> Range<usize> {
        let place = |index: &Index| index.index(image.len() + 1);
        match self {
            Self::Short(begin, length) => place(begin)..image.len().min(place(begin) + length),
            Self::Between(one, other) => place(one).min(place(other))..place(one).max(place(other)),
        }
    }
}

impl Edit {
    fn apply(&self, image: &mut Vec<u8>) {
        let place = |index: &Index, image: &[u8]| index.index(image.len() + 1);
        match self {
            Self::Insert(at, bytes) => {
                let at = place(at, image);
                image.splice(at..at, bytes.iter().copied());
            }
            Self::Overwrite(at, bytes) => {
                let at = place(at, image);
                let end = image.len().min(at + bytes.len());
                image.splice(at..end, bytes[..end - at].iter().copied());
            }
            Self::Delete(part) => drop(image.drain(part.range(image))),
            Self::Move(part, to) => {
                let moved: Vec<u8> = image.drain(part.range(image)).collect();
                let to = place(to, image);
                image.splice(to..to, moved);
            }
            Self::Swap(at) => {
                let at = place(at, image);
                image.rotate_left(at);
            }
            Self::Repeat(part, times) => {
                let range = part.range(image);
                let again = image[range.clone()].repeat((*times).into());
                image.splice(range.end..range.end, again);
            }
            Self::Truncate(at) => image.truncate(place(at, image)),
            Self::Take(part) => *image = image[part.range(image)].to_vec(),
        }
        image.truncate(SIZE_MAX);
    }
}

/// The image after all of these.
pub fn edited(image: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut image = image.to_vec();
    edits.iter().for_each(|edit| edit.apply(&mut image));
    image
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        (any::<Index>(), 0..300usize).prop_map(|(begin, length)| Part::Short(begin, length)),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Part::Between(one, other)),
    ]
}

/// A few edits, or none.
pub fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let some = || vec(any::<u8>(), 0..40);
    let edit = prop_oneof![
        (any::<Index>(), some()).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), some()).prop_map(|(at, bytes)| Edit::Overwrite(at, bytes)),
        part().prop_map(Edit::Delete),
        (part(), any::<Index>()).prop_map(|(part, to)| Edit::Move(part, to)),
        any::<Index>().prop_map(Edit::Swap),
        (part(), 1..4u8).prop_map(|(part, times)| Edit::Repeat(part, times)),
        any::<Index>().prop_map(Edit::Truncate),
        part().prop_map(Edit::Take),
    ];
    vec(edit, 0..6)
}
