//! Thumb-2: BL and B.W, words in literal pools and tables, MOVW with MOVT.
//!
//! Facts: Arm v7-M Architecture Reference Manual, A7.7.12 (B, T4), A7.7.18 (BL), A7.7.76 (MOV, T3), A7.7.79 (MOVT).

use super::field::{put_word, signed, word, Field, Form, Space};

/// A MOVW with its MOVT that begins before a part reaches 6 bytes into it; words need a multiple of 4.
pub(super) const MARGINS: (usize, usize) = (8, 8);

pub(super) fn fields(space: &Space, bytes: &[u8], offset: u32, found: &mut dyn FnMut(Field)) {
    let mut at = 0usize;
    while let Some(first) = word(bytes, at) {
        let place = offset.wrapping_add(at as u32);
        let here = space.address(place);
        let mut length = 2usize;
        if let Some(form) = space.word(first).filter(|_| at.is_multiple_of(4)) {
            found(Field { at, form, target: first, origin: None });
            length = 4;
        } else if !space.is_code(place) {
            // Literal pools lie in code, but branches not in data.
        } else if let Some(distance) = branch(first) {
            let target = here.wrapping_add(distance);
            if space.place(target).is_some() {
                found(Field { at, form: Form::ThumbBranch, target, origin: Some(here) });
            }
            length = 4;
        } else if let Some(target) = word(bytes, at.wrapping_add(4)).and_then(|second| moved(first, second)) {
            if space.place(target).is_some() {
                found(Field { at, form: Form::ThumbMove, target, origin: None });
                length = 8;
            }
        }
        at = at.wrapping_add(length);
    }
}

/// How far a BL or B.W jumps, counted from itself. With J1 = J2 = 1: up to 4 MB, farther than firmware is long.
fn branch(instruction: u32) -> Option<u32> {
    if instruction & 0xb800_f800 != 0xb800_f000 {
        return None;
    }
    let halves = (instruction & 0x7ff) << 11 | instruction >> 16 & 0x7ff;
    Some(signed(halves << 1, 23).wrapping_add(4))
}

pub(super) fn write_branch(bytes: &mut [u8], distance: u32) {
    let Some(instruction) = word(bytes, 0) else { return };
    let halves = distance.wrapping_sub(4) >> 1;
    put_word(bytes, instruction & 0xf800_f800 | halves >> 11 & 0x7ff | (halves & 0x7ff) << 16);
}

/// What a MOVW and a MOVT to one register load.
fn moved(low: u32, high: u32) -> Option<u32> {
    let is_pair = low & 0x8000_fbf0 == 0x0000_f240 && high & 0x8000_fbf0 == 0x0000_f2c0 && (low ^ high) & 0x0f00_0000 == 0;
    is_pair.then(|| immediate(low) | immediate(high) << 16)
}

fn immediate(instruction: u32) -> u32 {
    (instruction & 0xf) << 12 | (instruction >> 10 & 1) << 11 | (instruction >> 28 & 7) << 8 | instruction >> 16 & 0xff
}

pub(super) fn write_move(bytes: &mut [u8], value: u32) {
    for (at, part) in [(0usize, value & 0xffff), (4, value >> 16)] {
        let Some(to) = bytes.get_mut(at..) else { return };
        let Some(instruction) = word(to, 0) else { return };
        let place = part >> 12 | (part >> 11 & 1) << 10 | (part >> 8 & 7) << 28 | (part & 0xff) << 16;
        put_word(to, instruction & !0x70ff_040f | place);
    }
}
