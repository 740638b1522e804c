//! The method bsdiff: its moves over the corrected old image, coded by segments.

use crate::align::{align, Cover};
use crate::delta_head::{number, zigzag};
use crate::lzma::first_distance;
use crate::range::{Encoder, LENGTH_END};
use crate::Error;
use qth_package::delta::bsdiff;
use qth_package::delta::coder::EVEN;

/// A byte of the new image: where it comes from, if from anywhere, and what was added to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Old { distance: u32, change: u8 },
    Inserted(u8),
}

/// Codes the new image in segments of `interval` bytes: of each, its length and its bytes.
pub(crate) fn encode(old: &[u8], new: &[u8], interval: Option<u32>) -> Result<Vec<u8>, Error> {
    Ok(segments(&origins(old, new, &align(old, new)?), first_distance(old), interval))
}

/// Where the bytes of the new image come from.
fn origins(old: &[u8], new: &[u8], covers: &[Cover]) -> Vec<Origin> {
    let mut origins: Vec<Origin> = new.iter().map(|byte| Origin::Inserted(*byte)).collect();
    let mut before = first_distance(old);
    for cover in covers {
        let distance = old.len() as u32 + cover.new - cover.old - 1;
        // What is too far away to be said is inserted.
        if step(before, distance) >= LENGTH_END {
            continue;
        }
        before = distance;
        let places = (cover.new as usize..).zip(cover.old as usize..).take(cover.length as usize);
        for (to, from) in places {
            origins[to] = Origin::Old { distance, change: new[to].wrapping_sub(old[from]) };
        }
    }
    origins
}

/// By how much the distance changes, as a number.
fn step(from: u32, to: u32) -> u32 {
    zigzag(to.wrapping_sub(from) as i32)
}

fn segments(origins: &[Origin], mut distance: u32, interval: Option<u32>) -> Vec<u8> {
    let size = interval.map_or(origins.len(), |interval| interval as usize).max(1);
    let mut segments = Vec::new();
    let mut begin = 0;
    while begin < origins.len() {
        let end = (begin + size).min(origins.len());
        let bytes = segment(origins, begin, end, &mut distance);
        number(&mut segments, bytes.len() as u32);
        segments.extend(bytes);
        begin = end;
    }
    segments
}

/// Codes the bytes from `begin` to `end`. `distance` is that before the segment, and afterwards that behind it.
fn segment(origins: &[Origin], begin: usize, end: usize, distance: &mut u32) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let mut models = vec![EVEN; bsdiff::MODELS];
    let mut at = begin;
    let run = |from: usize, same: &dyn Fn(Origin) -> bool| origins[from..end].iter().take_while(|origin| same(**origin)).count();
    let equal_from = |from: usize, distance: u32| run(from, &|origin| origin == Origin::Old { distance, change: 0 });
    if equal_from(begin, *distance) == end - begin {
        // Nothing but a copy from where the segment before has left off: an empty segment says so.
        return Vec::new();
    }
    loop {
        let here = *distance;
        let equal = equal_from(at, here);
        at += equal;
        encoder.length(&mut models, bsdiff::EQUAL, Some(equal as u32).filter(|_| at < end));
        if at == end {
            return encoder.finish();
        }
        match origins[at] {
            Origin::Old { distance, change } if distance == here => {
                encoder.bit(&mut models, bsdiff::IS_INSERTION, 0);
                encoder.tree(&mut models, bsdiff::CHANGE, bsdiff::CHANGE_BITS, u32::from(change >> 1));
                encoder.direct(1, u32::from(change & 1));
                at += 1;
            }
            _ => {
                encoder.bit(&mut models, bsdiff::IS_INSERTION, 1);
                let inserted = run(at, &|origin| matches!(origin, Origin::Inserted(_)));
                if let Some(Origin::Old { distance: next, .. }) = origins.get(at + inserted) {
                    *distance = *next;
                }
                encoder.length(&mut models, bsdiff::INSERTED, Some(inserted as u32));
                encoder.length(&mut models, bsdiff::MOVED, Some(step(here, *distance)));
                for origin in &origins[at..at + inserted] {
                    if let Origin::Inserted(byte) = origin {
                        encoder.tree(&mut models, bsdiff::BYTE, 8, u32::from(*byte));
                    }
                }
                at += inserted;
            }
        }
        if at == end {
            return encoder.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{apply, delta_head, header, Memory, Options};
    use qth_package::delta::field::InstructionSet;
    use qth_package::delta::{Header, Method};

    /// The image that a device gets by these covers.
    fn image(old: &[u8], new: &[u8], covers: &[Cover], interval: Option<u32>) -> Result<Vec<u8>, qth_package::delta::Error> {
        let options = Options { instructions: Some(InstructionSet::Plain), interval, ..Options::default() };
        let header = Header { method: Method::Bsdiff, ..header(old, new, &options).unwrap() };
        let mut delta = delta_head::begin(&header, &Default::default());
        delta.extend(segments(&origins(old, new, covers), first_distance(old), interval));
        apply(old, &delta, Memory::Tiny)
    }

    #[test]
    fn a_move_may_come_anywhere_in_a_segment() {
        let old: Vec<u8> = (0..4096u32).map(|at| (at * at / 7) as u8).collect();
        let new: Vec<u8> = (0..3000u32).map(|at| (at * at / 7) as u8 ^ u8::from(at % 900 == 500)).collect();
        // A cover ends at every place around the segment's end, with bytes of no cover behind it or none.
        for end in 1020..1030 {
            for gap in [0, 1, 3, 1100] {
                let next = end + gap;
                let covers = [Cover { old: 40, new: 0, length: end }, Cover { old: 7, new: next, length: 2500 - next }];
                for interval in [None, Some(1024)] {
                    assert!(image(&old, &new, &covers, interval).as_ref() == Ok(&new), "{end} {gap} {interval:?}");
                }
            }
        }
    }

    #[test]
    fn a_move_over_more_than_8_mb_is_done_without() {
        let old = vec![7; 9 << 20];
        let new = [7; 200];
        let end = old.len() as u32;
        for covers in [
            vec![Cover { old: end - 100, new: 0, length: 100 }],
            vec![Cover { old: 0, new: 0, length: 50 }, Cover { old: end - 100, new: 50, length: 100 }],
            vec![Cover { old: end / 2, new: 0, length: 50 }, Cover { old: end - 100, new: 60, length: 100 }],
        ] {
            assert!(image(&old, &new, &covers, None).as_deref() == Ok(&new), "{covers:?}");
        }
    }
}
