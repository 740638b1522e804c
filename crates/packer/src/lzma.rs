//! The method LZMA: parsing by `lzma-rust2`, coding by segments.

use crate::range::Encoder;
use crate::Error;
use lzma_rust2::{EncodeMode, LzmaOptions, LzmaWriter, MfType};
use qth_package::delta::coder::{EVEN, EVEN_LZMA};
use qth_package::delta::lzma::{self, Lzma, Symbol};
use qth_package::delta::Coder;
use std::io::Write;

/// A part of the new image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// This byte.
    Byte(u8),
    /// So many bytes from `distance` back, through the new image and the old one before it; 0 is the byte before.
    Copy { distance: u32, length: u32 },
}

impl Part {
    pub(crate) fn length(self) -> u32 {
        match self {
            Self::Byte(_) => 1,
            Self::Copy { length, .. } => length,
        }
    }
}

/// How the library is to look for matches: as well as it can.
fn options(dictionary: &[u8], size: usize) -> LzmaOptions {
    LzmaOptions {
        dict_size: (dictionary.len() + size).next_power_of_two().max(1 << 16) as u32,
        lc: 0,
        lp: 0,
        pb: 0,
        mode: EncodeMode::Normal,
        nice_len: 64,
        mf: MfType::Bt4,
        depth_limit: 2000,
        preset_dict: Some(dictionary.to_vec()),
    }
}

/// The new image as parts of itself and the old one.
pub(crate) fn parse(old: &[u8], new: &[u8]) -> Result<Vec<Part>, Error> {
    parse_by(old, new, &options(old, new.len()))
}

/// As [`parse`], for a few bytes beside a long old image: the library may take no time to know that well.
pub(crate) fn parse_block(old: &[u8], block: &[u8]) -> Result<Vec<Part>, Error> {
    parse_by(old, block, &LzmaOptions { mf: MfType::Hc4, depth_limit: 200, ..options(old, block.len()) })
}

fn parse_by(old: &[u8], new: &[u8], options: &LzmaOptions) -> Result<Vec<Part>, Error> {
    let mut writer = LzmaWriter::new_no_header(Vec::new(), options, false).map_err(|_| Error::Encoder)?;
    writer.write_all(new).map_err(|_| Error::Encoder)?;
    let stream = writer.finish().map_err(|_| Error::Encoder)?;
    parts(old, new, &stream)
}

/// The parts that an LZMA stream says `new` consists of.
pub(crate) fn parts(old: &[u8], new: &[u8], stream: &[u8]) -> Result<Vec<Part>, Error> {
    let mut stream = stream.get(1..).ok_or(Error::Encoder)?;
    let mut coder = Coder::new();
    let mut models = vec![EVEN_LZMA; lzma::MODELS];
    let mut state = Lzma::new(0);
    let mut parts = Vec::new();
    let mut position = 0;
    coder.begin(stream.len() as u32);
    let mut refill = |coder: &mut Coder| {
        while !coder.has_symbol() {
            let taken = coder.push(stream);
            stream = &stream[taken..];
        }
    };
    refill(&mut coder);
    coder.start();
    while position < new.len() {
        refill(&mut coder);
        let at_distance =
            if state.is_matched() { byte_back(old, new, position, state.distance()).ok_or(Error::Encoder)? } else { 0 };
        let part = match state.symbol(&mut coder, &mut models, at_distance, false).map_err(|_| Error::Encoder)? {
            Symbol::Byte(byte) => Part::Byte(byte),
            Symbol::Copy(length) => Part::Copy { distance: state.distance(), length },
            Symbol::Change(_) => return Err(Error::Encoder),
        };
        position += part.length() as usize;
        match (parts.last_mut(), part) {
            (Some(Part::Copy { distance, length }), Part::Copy { distance: same, length: more }) if *distance == same => {
                *length += more
            }
            _ => parts.push(part),
        }
    }
    Ok(parts)
}

fn byte_back(old: &[u8], new: &[u8], position: usize, distance: u32) -> Option<u8> {
    match position.checked_sub(1 + distance as usize) {
        Some(place) => new.get(place).copied(),
        None => old.len().checked_sub(1 + distance as usize - position).map(|place| old[place]),
    }
}

/// Codes the parts in segments of `interval` bytes of the new image: of each, its length and its bytes.
pub(crate) fn encode(old: &[u8], new: &[u8], parts: &[Part], interval: Option<u32>, longer: bool) -> Vec<u8> {
    let mut segments = Vec::new();
    let mut distance = first_distance(old);
    let mut begin = 0;
    for parts in split(parts, interval.unwrap_or(u32::MAX)) {
        distance = segment(&mut segments, old, new, begin, &parts, distance, longer);
        begin += parts.iter().map(|part| part.length()).sum::<u32>();
    }
    segments
}

/// The distance before the first segment: the byte of the old image that is where the new one begins.
pub(crate) fn first_distance(old: &[u8]) -> u32 {
    (old.len() as u32).wrapping_sub(1)
}

/// The parts of each `interval` bytes of the new image.
pub(crate) fn split(parts: &[Part], interval: u32) -> Vec<Vec<Part>> {
    let mut segments = Vec::new();
    let mut segment = Vec::new();
    let mut room = interval;
    for part in parts {
        let mut part = *part;
        while part.length() > room {
            if let Part::Copy { distance, length } = part {
                segment.push(Part::Copy { distance, length: room });
                part = Part::Copy { distance, length: length - room };
            }
            segments.push(std::mem::take(&mut segment));
            room = interval;
        }
        room -= part.length();
        segment.push(part);
        if room == 0 {
            segments.push(std::mem::take(&mut segment));
            room = interval;
        }
    }
    if !segment.is_empty() {
        segments.push(segment);
    }
    segments
}

/// Codes the parts of one segment, which begins at `begin` in the new image, behind others: its length and its bytes. The distance
/// goes from segment to segment.
pub(crate) fn segment(
    segments: &mut Vec<u8>,
    old: &[u8],
    new: &[u8],
    begin: u32,
    parts: &[Part],
    distance: u32,
    longer: bool,
) -> u32 {
    let end = begin + parts.iter().map(|part| part.length()).sum::<u32>();
    let mut segment = Segment::new(old, new, begin, end, distance, longer);
    parts.iter().for_each(|part| segment.add(*part));
    let distance = segment.state.distance();
    let bytes = segment.finish();
    crate::delta_head::number(segments, bytes.len() as u32);
    segments.extend(bytes);
    distance
}

struct Segment<'a> {
    old: &'a [u8],
    new: &'a [u8],
    begin: u32,
    end: u32,
    position: u32,
    state: Lzma,
    encoder: Encoder,
    models: Vec<u16>,
    longer: bool,
    /// All of it is one copy at the distance of the segment before.
    is_copy: bool,
}

impl<'a> Segment<'a> {
    fn new(old: &'a [u8], new: &'a [u8], begin: u32, end: u32, distance: u32, longer: bool) -> Self {
        Self {
            old,
            new,
            begin,
            end,
            position: begin,
            state: Lzma::new(distance),
            encoder: Encoder::new(),
            models: vec![if longer { EVEN } else { EVEN_LZMA }; lzma::MODELS],
            longer,
            is_copy: false,
        }
    }

    fn add(&mut self, part: Part) {
        match part {
            Part::Byte(byte) => self.literal(byte),
            Part::Copy { distance, length } => {
                self.is_copy =
                    self.position == self.begin && self.begin + length == self.end && distance == self.state.distance();
                let mut left = length;
                while left > 0 {
                    left -= self.copy(distance, left);
                }
            }
        }
    }

    fn literal(&mut self, byte: u8) {
        let state = usize::from(self.state.state);
        self.encoder.bit(&mut self.models, lzma::IS_MATCH + state, 0);
        if self.state.is_matched() {
            let other = byte_back(self.old, self.new, self.position as usize, self.state.distance()).unwrap_or(0);
            let mut mask = 0x100;
            let mut place = 1;
            for shift in (0..8).rev() {
                let same = (u32::from(other) >> shift & 1) << 8 & mask;
                let bit = u32::from(byte) >> shift & 1;
                self.encoder.bit(&mut self.models, lzma::LITERAL + (mask + same) as usize + place, bit);
                place = place << 1 | bit as usize;
                mask &= if bit == 1 { same } else { !same };
            }
        } else {
            self.encoder.tree(&mut self.models, lzma::LITERAL, 8, u32::from(byte));
        }
        self.state.literal();
        self.position += 1;
    }

    /// Codes a copy, or its first part; returns how many bytes.
    fn copy(&mut self, distance: u32, length: u32) -> u32 {
        let repeated = self.state.distances.iter().position(|other| *other == distance);
        if length == 1 && repeated != Some(0) {
            let byte = self.new[self.position as usize];
            self.literal(byte);
            return 1;
        }
        let most = if self.longer { u32::MAX } else { lzma::MATCH_MAX };
        let coded = length.min(most);
        let state = usize::from(self.state.state);
        self.bit(lzma::IS_MATCH + state, 1);
        self.bit(lzma::IS_REPEAT + state, u32::from(repeated.is_some()));
        match repeated {
            None => {
                self.length(lzma::LENGTH, coded);
                self.distance(distance, coded);
                self.state.matched(distance);
            }
            Some(place) => {
                self.bit(lzma::NOT_LAST + state, u32::from(place > 0));
                if place == 0 {
                    self.bit(lzma::IS_LONGER + state, u32::from(coded > 1));
                    if coded == 1 {
                        self.state.repeated_byte();
                        self.position += 1;
                        return 1;
                    }
                } else {
                    self.bit(lzma::NOT_SECOND + state, u32::from(place > 1));
                    if place > 1 {
                        self.bit(lzma::NOT_THIRD + state, u32::from(place > 2));
                    }
                }
                self.length(lzma::REPEAT_LENGTH, coded);
                self.state.repeated(place as u8);
            }
        }
        if self.longer && coded >= lzma::MATCH_MAX {
            let more = Some(coded - lzma::MATCH_MAX).filter(|_| self.position + coded < self.end);
            self.encoder.length(&mut self.models, lzma::LONGER, more);
        }
        self.position += coded;
        coded
    }

    fn bit(&mut self, index: usize, bit: u32) {
        self.encoder.bit(&mut self.models, index, bit);
    }

    fn length(&mut self, at: usize, length: u32) {
        let value = length.min(lzma::MATCH_MAX) - lzma::MATCH_MIN;
        self.bit(at, u32::from(value >= 8));
        if value < 8 {
            return self.encoder.tree(&mut self.models, at + 2, 3, value);
        }
        self.bit(at + 1, u32::from(value >= 16));
        if value < 16 {
            self.encoder.tree(&mut self.models, at + 10, 3, value - 8);
        } else {
            self.encoder.tree(&mut self.models, at + 18, 8, value - 16);
        }
    }

    fn distance(&mut self, distance: u32, length: u32) {
        let slot = slot(distance);
        self.encoder.tree(&mut self.models, lzma::SLOT + lzma::slots(length), 6, slot);
        if slot < 4 {
            return;
        }
        let bits = (slot >> 1) - 1;
        let high = (2 | slot & 1) << bits;
        let low = distance - high;
        if slot < 14 {
            self.encoder.reverse_tree(&mut self.models, lzma::NEAR + (high - slot) as usize, bits, low);
        } else {
            self.encoder.direct(bits - 4, low >> 4);
            self.encoder.reverse_tree(&mut self.models, lzma::ALIGN, 4, low & 15);
        }
    }

    fn finish(self) -> Vec<u8> {
        if self.is_copy {
            Vec::new()
        } else {
            self.encoder.finish()
        }
    }
}

/// The class of a distance: its length in bits and its second bit.
fn slot(distance: u32) -> u32 {
    if distance < 4 {
        return distance;
    }
    let bits = distance.ilog2();
    bits << 1 | distance >> (bits - 1) & 1
}

/// liblzma as judge: method 0 without restart points is LZMA1 with a preset dictionary. What differs: our first distance is where the
/// new image begins in the old one, not 0; the stream's first byte, always 0, is left out; it ends as soon as the last symbol is certain,
/// without the bytes that would bring the decoder's code to 0 or a marker.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta_head::begin;
    use qth_package::delta::field::InstructionSet;
    use qth_package::delta::{Header, Method, RestartPoint, Slices, Standard, Step};
    use std::process::Command;

    /// Bytes of which some come again, near and far, and one run is longer than LZMA's longest match.
    fn images() -> (Vec<u8>, Vec<u8>) {
        let mut state = 7u32;
        let mut random = move |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        let mut old: Vec<u8> = (0..20_000).map(|_| random(256) as u8).collect();
        old.extend(b"a text that comes again and again ".repeat(30));
        let mut new = Vec::new();
        while new.len() < 60_000 {
            match random(8) {
                0 => new.extend((0..random(40)).map(|at| at as u8 * 7)),
                1 => new.extend(vec![random(256) as u8; random(700) as usize]),
                2 if new.len() > 100 => new.extend_from_within(new.len() - 100..new.len() - 50),
                _ => {
                    let at = random(20_000) as usize;
                    new.extend_from_slice(&old[at..at + random(1000) as usize]);
                    // Most of it stays where it was, but for a byte here and there.
                    new.push(random(256) as u8);
                    new.extend_from_slice(&old[at + 500..at + 520]);
                }
            }
        }
        (old, new)
    }

    /// What liblzma makes of the input, by `tests/liblzma.py`; `size` is that of the image.
    fn liblzma(what: &str, dictionary: &[u8], input: &[u8], size: usize) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let file = |name| folder.path().join(name);
        std::fs::write(file("dictionary"), dictionary).unwrap();
        std::fs::write(file("input"), input).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/liblzma.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(what).args(["dictionary", "input", "output"].map(file)).arg(size.to_string());
        let run = command.output().expect("python3 is there");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        std::fs::read(file("output")).unwrap()
    }

    #[test]
    fn liblzma_decodes_what_we_code_with_a_preset_dictionary() {
        let (old, new) = images();
        let mut segment = Segment::new(&old, &new, 0, new.len() as u32, 0, false);
        for part in parse(&old, &new).unwrap() {
            segment.add(part);
        }
        let mut stream = vec![0];
        stream.extend(segment.finish());
        // Behind the last byte our decoder reads zeros.
        stream.extend([0; 5]);
        assert!(stream.len() < new.len() / 2, "matches are used");
        assert!(liblzma("decode", &old, &stream, new.len()) == new);
    }

    #[test]
    fn the_device_decodes_what_liblzma_codes_with_a_preset_dictionary() {
        let (old, new) = images();
        let stream = liblzma("encode", &old, &new, new.len());
        assert_eq!(stream[0], 0);
        let header = Header {
            method: Method::Lzma,
            instructions: InstructionSet::Plain,
            interval: qth_package::delta::header::NO_INTERVAL,
            old_size: old.len() as u32,
            new_size: new.len() as u32,
            base: 0,
            ram: 0,
            ram_size: 0,
            code: 0,
            code_end: 0,
            image_shifts: 0,
            ram_shifts: 0,
            name_shifts: 0,
        };
        let mut delta = begin(&header, &Default::default());
        // A restart point at the image's first byte says what the first distance is.
        let first = RestartPoint { output: 0, input: delta.len() as u32, distance: 0 };
        crate::delta_head::number(&mut delta, stream.len() as u32 - 1);
        delta.extend(&stream[1..]);
        let mut decoder = Standard::new();
        decoder.begin(first);
        let (mut image, mut at) = (Vec::new(), 0);
        loop {
            let step = decoder.poll(&mut Slices { old: &old, new: &image }).unwrap();
            match step {
                Step::Input => {
                    assert!(at < delta.len(), "no more than there is");
                    at += decoder.push(&delta[at..]);
                }
                Step::Skip { offset } => at = offset as usize,
                Step::Page { bytes, .. } => image.extend_from_slice(bytes),
                Step::Point(_) => panic!("there are no restart points"),
                Step::Done => break,
            }
        }
        assert!(image == new);
    }
}
