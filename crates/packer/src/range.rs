//! LZMA's range encoder, the counterpart of the device's decoder.

use qth_package::delta::coder::{adapted, chance};

/// What chances are counted in.
const ONE: u32 = 2048;
const TOP: u32 = 1 << 24;
/// Bits of a number's class.
const CLASS_BITS: u32 = 5;
/// Class that stands for everything to the end of the segment.
const CLASS_REST: u32 = 31;
/// The numbers of [`Encoder::length`] are below this.
pub(crate) const LENGTH_END: u32 = 1 << 24;

/// One segment in the making.
pub(crate) struct Encoder {
    low: u64,
    range: u32,
    cache: u8,
    /// Bytes that wait for a carry: the cached one and, behind it, bytes of FF.
    waiting: u64,
    bytes: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self { low: 0, range: u32::MAX, cache: 0, waiting: 1, bytes: Vec::new() }
    }

    fn shift(&mut self) {
        if self.low < 0xff00_0000 || self.low > u64::from(u32::MAX) {
            let carry = (self.low >> 32) as u8;
            let mut byte = self.cache;
            for _ in 0..self.waiting {
                self.bytes.push(byte.wrapping_add(carry));
                byte = 0xff;
            }
            self.waiting = 0;
            self.cache = (self.low >> 24) as u8;
        }
        self.waiting += 1;
        self.low = (self.low & 0x00ff_ffff) << 8;
    }

    fn normalize(&mut self) {
        if self.range < TOP {
            self.range <<= 8;
            self.shift();
        }
    }

    pub(crate) fn bit(&mut self, models: &mut [u16], index: usize, bit: u32) {
        let bound = (self.range / ONE) * chance(models[index]);
        if bit == 0 {
            self.range = bound;
        } else {
            self.low += u64::from(bound);
            self.range -= bound;
        }
        models[index] = adapted(models[index], bit);
        self.normalize();
    }

    pub(crate) fn tree(&mut self, models: &mut [u16], at: usize, bits: u32, value: u32) {
        let mut place = 1;
        for shift in (0..bits).rev() {
            let bit = value >> shift & 1;
            self.bit(models, at + place, bit);
            place = place << 1 | bit as usize;
        }
    }

    pub(crate) fn reverse_tree(&mut self, models: &mut [u16], at: usize, bits: u32, value: u32) {
        let mut place = 1;
        for shift in 0..bits {
            let bit = value >> shift & 1;
            self.bit(models, at + place, bit);
            place = place << 1 | bit as usize;
        }
    }

    pub(crate) fn direct(&mut self, bits: u32, value: u32) {
        for shift in (0..bits).rev() {
            self.range >>= 1;
            if value >> shift & 1 == 1 {
                self.low += u64::from(self.range);
            }
            self.normalize();
        }
    }

    /// A number, or everything to the end of the segment.
    pub(crate) fn length(&mut self, models: &mut [u16], at: usize, value: Option<u32>) {
        let Some(value) = value else { return self.tree(models, at, CLASS_BITS, CLASS_REST) };
        let class = u32::BITS - value.leading_zeros();
        self.tree(models, at, CLASS_BITS, class);
        if class > 1 {
            self.direct(class - 1, value & ((1 << (class - 1)) - 1));
        }
    }

    /// The segment's bytes, as few as the decoder needs: behind the last it reads zeros.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let end = self.low + u64::from(self.range);
        let shortest = (0..=32).rev().map(|zeros| (self.low + (1u64 << zeros) - 1) >> zeros << zeros);
        self.low = shortest.into_iter().find(|value| *value < end).unwrap_or(self.low);
        for _ in 0..5 {
            self.shift();
        }
        // The first byte is 0 in every LZMA stream.
        let mut bytes = self.bytes.split_off(1);
        while bytes.len() > 1 && bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes
    }
}
