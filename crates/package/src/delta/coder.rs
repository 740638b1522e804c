//! The input of a delta: numbers of the header, and LZMA's range decoder within a segment.

use super::Error;

/// Most bytes that one symbol takes: a match with the longest of distances and lengths has 27 adaptive bits of at most
/// 6.05 bits each and 50 direct ones, 214 bits.
const SYMBOL_MAX: usize = 28;
const BUFFER: usize = 32;
/// A model says how likely a 0 is, in 1/2048. In its lowest four bits is how often it was used, up to [`USES_MAX`].
const ONE: u32 = 2048;
const USES_BITS: u16 = 4;
const USES: u16 = (1 << USES_BITS) - 1;
/// From this use on, a model adapts evenly.
const USES_MAX: u16 = 4;
/// A model that knows nothing, and adapts fast in its first uses: segments are short.
pub const EVEN: u16 = 1024 << USES_BITS;
/// A model that knows nothing, and adapts as LZMA's.
pub const EVEN_LZMA: u16 = EVEN | USES;
const TOP: u32 = 1 << 24;
/// Bits of a number's class.
const CLASS_BITS: u32 = 5;
/// Models of one [`Coder::length`].
pub(super) const CLASSES: usize = 1 << CLASS_BITS;
/// Class that stands for everything to the end of the segment.
const CLASS_REST: u32 = 31;
/// Largest class that is a number: 2^23 to 2^24 - 1.
const CLASS_MAX: u32 = 24;

/// Bytes that have come in and were not decoded yet, and the range decoder over them.
pub struct Coder {
    buffer: [u8; BUFFER],
    start: usize,
    end: usize,
    /// Bytes taken out of the buffer since the delta's first.
    taken: u32,
    /// Bytes of the segment that were not taken yet; behind its last there are zeros without end.
    left: u32,
    range: u32,
    code: u32,
}

impl Coder {
    /// Without input.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffer: [0; BUFFER], start: 0, end: 0, taken: 0, left: 0, range: 0, code: 0 }
    }

    /// Takes as many bytes as there is room for, and says how many.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        self.buffer.copy_within(self.start.min(self.end)..self.end, 0);
        self.end = self.buffered();
        self.start = 0;
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.end = self.end.saturating_add(count);
        count
    }

    fn buffered(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Bytes taken since the delta's first.
    pub(super) fn taken(&self) -> u32 {
        self.taken
    }

    /// Goes on at this place of the delta: whatever is buffered is of another.
    pub(super) fn skip_to(&mut self, offset: u32) {
        self.start = self.end;
        self.taken = offset;
    }

    fn take(&mut self) -> u8 {
        match self.buffer.get(self.start).filter(|_| self.start < self.end) {
            Some(byte) => {
                self.start = self.start.saturating_add(1);
                self.taken = self.taken.saturating_add(1);
                *byte
            }
            None => 0,
        }
    }

    /// A number outside of segments (LEB128); `None` until all of it has come in.
    ///
    /// # Errors
    /// It does not fit 32 bits.
    pub fn number(&mut self) -> Result<Option<u32>, Error> {
        let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
        if !waiting.iter().take(5).any(|byte| *byte < 0x80) {
            return if waiting.len() < 5 { Ok(None) } else { Err(Error::Data) };
        }
        let mut value = 0u64;
        for place in 0..5u32 {
            let byte = self.take();
            value |= u64::from(byte & 0x7f) << place.wrapping_mul(7);
            if byte < 0x80 {
                break;
            }
        }
        u32::try_from(value).map(Some).map_err(|_| Error::Data)
    }

    /// Starts a segment of this many bytes.
    pub fn begin(&mut self, length: u32) {
        self.left = length;
    }

    /// Returns whether all of the input that one more symbol can need is here.
    #[must_use]
    pub fn has_symbol(&self) -> bool {
        self.buffered() >= SYMBOL_MAX.min(self.left as usize)
    }

    /// Takes the first bytes of a segment; call when [`Coder::has_symbol`].
    pub fn start(&mut self) {
        self.range = u32::MAX;
        self.code = 0;
        for _ in 0..4 {
            self.code = self.code << 8 | self.next();
        }
    }

    /// Drops what is left of the segment; `false` while some of it has not come in.
    pub(super) fn drain(&mut self) -> bool {
        while self.left > 0 && self.buffered() > 0 {
            self.next();
        }
        self.left == 0
    }

    fn next(&mut self) -> u32 {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                u32::from(self.take())
            }
            None => 0,
        }
    }

    fn normalize(&mut self) {
        if self.range < TOP {
            self.range <<= 8;
            self.code = self.code << 8 | self.next();
        }
    }

    /// A bit by the model at `index`.
    pub(super) fn bit(&mut self, models: &mut [u16], index: usize) -> u32 {
        let Some(model) = models.get_mut(index) else { return 0 };
        self.normalize();
        let chance = u32::from(*model >> USES_BITS);
        let bound = (self.range / ONE).wrapping_mul(chance);
        let bit = if self.code < bound {
            self.range = bound;
            0
        } else {
            self.range = self.range.wrapping_sub(bound);
            self.code = self.code.wrapping_sub(bound);
            1
        };
        *model = adapted(*model, bit);
        bit
    }

    /// So many bits, the highest first, each by a model that the bits before choose.
    pub(super) fn tree(&mut self, models: &mut [u16], at: usize, bits: u32) -> u32 {
        let mut place = 1u32;
        for _ in 0..bits {
            let bit = self.bit(models, at.wrapping_add(place as usize));
            place = place << 1 | bit;
        }
        place ^ 1u32.wrapping_shl(bits)
    }

    /// As [`Coder::tree`], the lowest bit first.
    pub(super) fn reverse_tree(&mut self, models: &mut [u16], at: usize, bits: u32) -> u32 {
        let mut place = 1u32;
        let mut value = 0;
        for shift in 0..bits {
            let bit = self.bit(models, at.wrapping_add(place as usize));
            place = place << 1 | bit;
            value |= bit.wrapping_shl(shift);
        }
        value
    }

    /// So many bits without a model.
    pub(super) fn direct(&mut self, bits: u32) -> u32 {
        let mut value = 0;
        for _ in 0..bits {
            self.normalize();
            self.range >>= 1;
            let bit = u32::from(self.code >= self.range);
            if bit == 1 {
                self.code = self.code.wrapping_sub(self.range);
            }
            value = value << 1 | bit;
        }
        value
    }

    /// A number of any size, in [`CLASSES`] models: its length in bits, then the bits behind the first. `u32::MAX` stands for
    /// everything to the end of the segment.
    ///
    /// # Errors
    /// No number has that many bits.
    pub(super) fn length(&mut self, models: &mut [u16], at: usize) -> Result<u32, Error> {
        match self.tree(models, at, CLASS_BITS) {
            CLASS_REST => Ok(u32::MAX),
            class if class > CLASS_MAX => Err(Error::Data),
            class => Ok(match class.checked_sub(1) {
                Some(bits) => 1u32.wrapping_shl(bits) | self.direct(bits),
                None => 0,
            }),
        }
    }
}

/// A model after one more bit.
#[must_use]
pub const fn adapted(model: u16, bit: u32) -> u16 {
    let uses = model & USES;
    // By how much of what it was off, as a power of two.
    let rate = match uses {
        0 | 1 => 2,
        2 | 3 => 3,
        USES_MAX => 4,
        _ => 5,
    };
    let chance = model >> USES_BITS;
    let chance = match bit {
        0 => chance.wrapping_add((ONE as u16).wrapping_sub(chance) >> rate),
        _ => chance.wrapping_sub(chance >> rate),
    };
    chance << USES_BITS | if uses < USES_MAX { uses.wrapping_add(1) } else { uses }
}

/// How likely the next bit is a 0, in 1/2048.
#[cfg(any(feature = "std", test))]
#[must_use]
pub const fn chance(model: u16) -> u32 {
    (model >> USES_BITS) as u32
}

impl Default for Coder {
    fn default() -> Self {
        Self::new()
    }
}
