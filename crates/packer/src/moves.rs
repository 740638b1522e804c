//! The method bsdiff: its moves over the corrected old image, coded by segments.

use crate::align::align;
use crate::package::{number, zigzag};
use crate::range::Encoder;
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
pub fn encode(old: &[u8], new: &[u8], interval: Option<u32>) -> Result<Vec<u8>, Error> {
    let mut origins: Vec<Origin> = new.iter().map(|byte| Origin::Inserted(*byte)).collect();
    for cover in align(old, new)? {
        let distance = old.len() as u32 + cover.new - cover.old - 1;
        let places = (cover.new as usize..).zip(cover.old as usize..).take(cover.length as usize);
        for (to, from) in places {
            origins[to] = Origin::Old { distance, change: new[to].wrapping_sub(old[from]) };
        }
    }
    let size = interval.map_or(new.len(), |interval| interval as usize).max(1);
    let mut segments = Vec::new();
    let mut distance = (old.len() as u32).wrapping_sub(1);
    let mut begin = 0;
    while begin < origins.len() {
        let end = (begin + size).min(origins.len());
        let bytes = segment(&origins, begin, end, &mut distance);
        number(&mut segments, bytes.len() as u32);
        segments.extend(bytes);
        begin = end;
    }
    Ok(segments)
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
                encoder.length(&mut models, bsdiff::MOVED, Some(zigzag(distance.wrapping_sub(here) as i32)));
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
