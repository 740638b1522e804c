//! The method for boards with little memory: bsdiff's moves, coded by the same range coder in few models.

use super::coder::CLASSES;
use super::lzma::Symbol;
use super::{Coder, Error};

/// How many bytes are the old ones.
pub const EQUAL: usize = 0;
/// How many bytes are inserted.
pub const INSERTED: usize = EQUAL + CLASSES;
/// How far the place in the old image moves.
pub const MOVED: usize = INSERTED + CLASSES;
/// Is it a change, or an insertion?
pub const IS_INSERTION: usize = MOVED + CLASSES;
/// Bytes that are added to an old one.
pub const CHANGE: usize = IS_INSERTION + 1;
/// Bytes that are inserted.
pub const BYTE: usize = CHANGE + (1 << CHANGE_BITS);
/// All of them.
pub const MODELS: usize = BYTE + 256;
/// So many bits of a change have models, the highest: the lowest is worth less than its memory.
pub const CHANGE_BITS: u32 = 7;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Old bytes. Whether a move without a byte came just before.
    Equal { has_moved: bool },
    /// A change or an insertion.
    Other { has_moved: bool },
    /// So many inserted bytes.
    Inserted(u32),
}

/// What the method remembers between two symbols, besides its models.
#[derive(Clone, Copy, Debug)]
pub struct Bsdiff {
    next: Next,
    distance: u32,
}

impl Bsdiff {
    /// At the beginning of a segment, with the distance to the place in the old image.
    #[must_use]
    pub const fn new(distance: u32) -> Self {
        Self { next: Next::Equal { has_moved: false }, distance }
    }

    /// From where bytes are copied or changed.
    #[must_use]
    pub const fn distance(&self) -> u32 {
        self.distance
    }

    /// The next symbol.
    ///
    /// # Errors
    /// There is no such symbol.
    pub fn symbol(&mut self, coder: &mut Coder, models: &mut [u16]) -> Result<Symbol, Error> {
        match self.next {
            Next::Equal { has_moved } => {
                let length = coder.length(models, EQUAL)?;
                self.next = Next::Other { has_moved: has_moved && length == 0 };
                Ok(Symbol::Copy(length))
            }
            Next::Other { .. } if coder.bit(models, IS_INSERTION) == 0 => {
                self.next = Next::Equal { has_moved: false };
                let high = coder.tree(models, CHANGE, CHANGE_BITS);
                Ok(Symbol::Change((high << 1 | coder.direct(1)) as u8))
            }
            Next::Other { has_moved } => {
                let count = coder.length(models, INSERTED)?;
                let step = coder.length(models, MOVED)?;
                // Not twice in a row: the work has an end.
                if count == 0 && has_moved {
                    return Err(Error::Data);
                }
                let sign = if step & 1 == 1 { u32::MAX } else { 0 };
                self.distance = self.distance.wrapping_add(step >> 1 ^ sign);
                if count == 0 {
                    self.next = Next::Equal { has_moved: true };
                    return Ok(Symbol::Copy(0));
                }
                self.next = Next::Inserted(count);
                self.symbol(coder, models)
            }
            Next::Inserted(count) => {
                self.next = match count {
                    0 | 1 => Next::Equal { has_moved: false },
                    _ => Next::Inserted(count.wrapping_sub(1)),
                };
                Ok(Symbol::Byte(coder.tree(models, BYTE, 8) as u8))
            }
        }
    }
}
