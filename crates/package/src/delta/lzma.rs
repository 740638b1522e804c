//! LZMA1 with lc = lp = pb = 0: its symbols, and where its models lie.
//!
//! Facts: the LZMA specification that comes with the LZMA SDK. Added here: a match of the longest length, 273, may go on.

use super::coder::CLASSES;
use super::{Coder, Error};

/// Of a state: is it a match?
pub const IS_MATCH: usize = 0;
/// Of a state: does it repeat a distance?
pub const IS_REPEAT: usize = IS_MATCH + STATES;
/// Of a state: is it another than the last distance?
pub const NOT_LAST: usize = IS_REPEAT + STATES;
/// Of a state: is it another than the last two?
pub const NOT_SECOND: usize = NOT_LAST + STATES;
/// Of a state: is it another than the last three?
pub const NOT_THIRD: usize = NOT_SECOND + STATES;
/// Of a state: is the last distance's match longer than one byte?
pub const IS_LONGER: usize = NOT_THIRD + STATES;
/// Lengths of matches.
pub const LENGTH: usize = IS_LONGER + STATES;
/// Lengths of matches that repeat a distance.
pub const REPEAT_LENGTH: usize = LENGTH + LENGTH_MODELS;
/// Of a length's class: the distance's slot.
pub const SLOT: usize = REPEAT_LENGTH + LENGTH_MODELS;
/// The lower bits of small distances.
pub const NEAR: usize = SLOT + 4 * 64;
/// The lowest four bits of large distances.
pub const ALIGN: usize = NEAR + 115;
/// Literals: without a match before, and with the bits of the byte that the last distance has.
pub const LITERAL: usize = ALIGN + 16;
/// How far a match of the longest length goes on.
pub const LONGER: usize = LITERAL + 3 * 256;
/// All of them.
pub const MODELS: usize = LONGER + CLASSES;

const STATES: usize = 12;
/// Two choices, two trees of three bits, one of eight.
const LENGTH_MODELS: usize = 2 + 8 + 8 + 256;
/// Shortest match.
pub const MATCH_MIN: u32 = 2;
/// Longest match of plain LZMA.
pub const MATCH_MAX: u32 = 273;
/// States below this follow a literal.
const AFTER_LITERAL: u8 = 7;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// This byte.
    Byte(u8),
    /// The byte at the distance, with this added.
    Change(u8),
    /// So many bytes from the distance; `u32::MAX`: all to the end of the segment.
    Copy(u32),
}

/// What LZMA remembers between two symbols, besides its models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lzma {
    /// What the last symbols were, 0 to 11.
    pub state: u8,
    /// The last four distances, the latest first; 0 is the byte before.
    pub distances: [u32; 4],
}

impl Lzma {
    /// At the beginning of a segment, with the distance of the last match before it.
    #[must_use]
    pub const fn new(distance: u32) -> Self {
        Self { state: 0, distances: [distance; 4] }
    }

    /// The distance of matches that have no other.
    #[must_use]
    pub const fn distance(&self) -> u32 {
        let [distance, ..] = self.distances;
        distance
    }

    /// Returns whether the next literal is coded by the byte at [`Lzma::distance`].
    #[must_use]
    pub const fn is_matched(&self) -> bool {
        self.state >= AFTER_LITERAL
    }

    /// Notes a literal.
    pub const fn literal(&mut self) {
        self.state = match self.state {
            0..=3 => 0,
            4..=9 => self.state.wrapping_sub(3),
            _ => self.state.wrapping_sub(6),
        };
    }

    /// Notes a match with a new distance.
    pub const fn matched(&mut self, distance: u32) {
        let [a, b, c, _] = self.distances;
        self.distances = [distance, a, b, c];
        self.state = if self.state < AFTER_LITERAL { 7 } else { 10 };
    }

    /// Notes a match that repeats the distance at `place`, 0 to 3.
    pub const fn repeated(&mut self, place: u8) {
        let [a, b, c, d] = self.distances;
        self.distances = match place {
            0 => [a, b, c, d],
            1 => [b, a, c, d],
            2 => [c, a, b, d],
            _ => [d, a, b, c],
        };
        self.state = if self.state < AFTER_LITERAL { 8 } else { 11 };
    }

    /// Notes a match of one byte at the last distance.
    pub const fn repeated_byte(&mut self) {
        self.state = if self.state < AFTER_LITERAL { 9 } else { 11 };
    }

    /// The next symbol. `at_distance` is the byte at [`Lzma::distance`], where [`Lzma::is_matched`]; with `longer`, the
    /// longest matches may go on.
    ///
    /// # Errors
    /// There is no such symbol.
    pub fn symbol(&mut self, coder: &mut Coder, models: &mut [u16], at_distance: u8, longer: bool) -> Result<Symbol, Error> {
        let state = usize::from(self.state);
        if coder.bit(models, IS_MATCH.wrapping_add(state)) == 0 {
            let byte = if self.is_matched() { matched_byte(coder, models, at_distance) } else { coder.tree(models, LITERAL, 8) };
            self.literal();
            return Ok(Symbol::Byte(byte as u8));
        }
        let lengths = if coder.bit(models, IS_REPEAT.wrapping_add(state)) == 0 {
            LENGTH
        } else {
            let place = if coder.bit(models, NOT_LAST.wrapping_add(state)) == 0 {
                if coder.bit(models, IS_LONGER.wrapping_add(state)) == 0 {
                    self.repeated_byte();
                    return Ok(Symbol::Copy(1));
                }
                0
            } else if coder.bit(models, NOT_SECOND.wrapping_add(state)) == 0 {
                1
            } else if coder.bit(models, NOT_THIRD.wrapping_add(state)) == 0 {
                2
            } else {
                3
            };
            self.repeated(place);
            REPEAT_LENGTH
        };
        let mut length = length(coder, models, lengths);
        if lengths == LENGTH {
            let slots = SLOT.wrapping_add(slots(length));
            let distance = distance(coder, models, slots);
            self.matched(distance);
        }
        if longer && length == MATCH_MAX {
            length = length.saturating_add(coder.length(models, LONGER)?);
        }
        Ok(Symbol::Copy(length))
    }
}

/// Where, behind [`SLOT`], the slots of a match of this length are.
#[must_use]
pub const fn slots(length: u32) -> usize {
    let class = length.saturating_sub(MATCH_MIN);
    (if class < 3 { class as usize } else { 3 }).wrapping_mul(64)
}

fn matched_byte(coder: &mut Coder, models: &mut [u16], at_distance: u8) -> u32 {
    let mut other = u32::from(at_distance);
    let mut mask = 0x100;
    let mut byte = 1u32;
    while byte < 0x100 {
        other <<= 1;
        let same = other & mask;
        let place = mask.wrapping_add(same).wrapping_add(byte) as usize;
        let bit = coder.bit(models, LITERAL.wrapping_add(place));
        byte = byte << 1 | bit;
        // Until the first bit that differs.
        mask &= if bit == 1 { same } else { !same };
    }
    byte
}

fn length(coder: &mut Coder, models: &mut [u16], at: usize) -> u32 {
    let (from, tree, bits) = if coder.bit(models, at) == 0 {
        (MATCH_MIN, 2, 3)
    } else if coder.bit(models, at.wrapping_add(1)) == 0 {
        (MATCH_MIN + 8, 10, 3)
    } else {
        (MATCH_MIN + 16, 18, 8)
    };
    coder.tree(models, at.wrapping_add(tree), bits).wrapping_add(from)
}

fn distance(coder: &mut Coder, models: &mut [u16], slots: usize) -> u32 {
    let slot = coder.tree(models, slots, 6);
    if slot < 4 {
        return slot;
    }
    let bits = (slot >> 1).wrapping_sub(1);
    let high = (2 | slot & 1).wrapping_shl(bits);
    let low = if slot < 14 {
        let at = NEAR.wrapping_add(high.wrapping_sub(slot) as usize);
        coder.reverse_tree(models, at, bits)
    } else {
        coder.direct(bits.wrapping_sub(4)) << 4 | coder.reverse_tree(models, ALIGN, 4)
    };
    high.wrapping_add(low)
}
