//! Applies a delta while it streams in, without input or output of its own.
//!
//! ```no_run
//! # use qth_package::delta::{Decoder, Error, Images, RestartPoint, Step};
//! # fn next_piece(from: u32) -> &'static [u8] { &[] }
//! # fn write(offset: u32, bytes: &[u8]) {}
//! # fn note(point: RestartPoint) {}
//! # fn apply(images: &mut dyn Images, noted: RestartPoint) -> Result<(), Error> {
//! let mut decoder = qth_package::delta::Standard::new();
//! decoder.begin(noted); // RestartPoint::START, or what was noted before the power failed
//! let (mut piece, mut offset) = (next_piece(0), 0);
//! loop {
//!     match decoder.poll(images)? {
//!         Step::Input if piece.is_empty() => piece = next_piece(offset),
//!         Step::Input => {
//!             let taken = decoder.push(piece);
//!             piece = &piece[taken..];
//!             offset += taken as u32;
//!         }
//!         Step::Skip { offset: to } => {
//!             offset = to;
//!             piece = next_piece(offset);
//!         }
//!         Step::Page { offset, bytes } => write(offset, bytes),
//!         Step::Point(point) => note(point),
//!         Step::Done => return Ok(()),
//!     }
//! }
//! # }
//! ```
//!
//! The digest of the old image has to be compared before, that of the new one afterwards: a decoder finds damage in a delta
//! only where it makes no sense.

use super::bsdiff::{self, Bsdiff};
use super::coder::{Coder, EVEN, EVEN_LZMA};
use super::field::{Space, WINDOW};
use super::header::{Header, Method, NUMBERS};
use super::lzma::{self, Lzma, Symbol};
use super::shifts::{signed, Shifts};
use super::{Error, Images};

/// Shifts that [`Standard`] has room for.
pub const STANDARD_SHIFTS: usize = 256;
/// Shifts that [`Tiny`] has room for.
pub const TINY_SHIFTS: usize = 32;

/// For boards with 5.5 KB to spare: all methods.
pub type Standard = Decoder<{ lzma::MODELS }, STANDARD_SHIFTS, 128>;

/// For boards with 1.5 KB: deltas by [`Method::Bsdiff`].
pub type Tiny = Decoder<{ bsdiff::MODELS }, TINY_SHIFTS, 64>;

/// A place where an interrupted update can go on. Whatever comes before it in the new image has been handed out then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestartPoint {
    /// First byte of the new image that is still to be made.
    pub output: u32,
    /// First byte of the delta that is still needed, besides its header and shifts.
    pub input: u32,
    /// How far back, through new and old image, the last match began.
    pub distance: u32,
}

impl RestartPoint {
    /// The begin of every delta.
    pub const START: Self = Self { output: 0, input: 0, distance: 0 };

    /// As 12 bytes to keep in flash.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let numbers = [self.output, self.input, self.distance];
        let (words, _) = bytes.as_chunks_mut();
        for (to, number) in words.iter_mut().zip(numbers) {
            *to = number.to_le_bytes();
        }
        bytes
    }

    /// From [`RestartPoint::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 12]) -> Self {
        let number = |at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word));
        Self { output: number(0), input: number(4), distance: number(8) }
    }
}

/// What the decoder needs or has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// More of the delta, by [`Decoder::push`].
    Input,
    /// The delta from this byte on; what was pushed and lies before it is forgotten. Comes once, and only when an update goes on.
    Skip {
        /// First byte that is needed.
        offset: u32,
    },
    /// A part of the new image. It has to be written, or kept where [`Images::read_new`] finds it, before the next step.
    Page {
        /// Its place in the image.
        offset: u32,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// From here the update can go on, now that all pages before are written.
    Point(RestartPoint),
    /// All pages were handed out.
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The header's number at this place.
    Header(u8),
    /// So many numbers of the shifts have been read.
    Shifts(u32),
    /// What goes before the first segment that is decoded.
    Resume,
    /// The length of a segment.
    Length,
    /// The first bytes of a segment.
    Start,
    Symbols,
    /// The segment has made its part of the image.
    End,
    Done,
    /// It went wrong: it stays so.
    Failed(Error),
}

/// A delta being applied: `MODELS` of the range coder, room for `SHIFTS` shifts, and pages of `PAGE` bytes.
pub struct Decoder<const MODELS: usize, const SHIFTS: usize, const PAGE: usize> {
    stage: Stage,
    begin: RestartPoint,
    header: Header,
    space: Space,
    shifts: Shifts<SHIFTS>,
    /// First number of the shift being read.
    ahead: u32,
    coder: Coder,
    models: [u16; MODELS],
    lzma: Lzma,
    bsdiff: Bsdiff,
    /// Bytes that are still to be copied from the distance.
    copy: u32,
    /// Added to the byte that is copied.
    change: u8,
    /// The byte of the new image behind the segment.
    segment_end: u32,
    /// Place of the page in the new image.
    page_at: u32,
    page: [u8; PAGE],
    filled: usize,
    window_at: Option<u32>,
    window: [u8; WINDOW],
}

impl<const MODELS: usize, const SHIFTS: usize, const PAGE: usize> Decoder<MODELS, SHIFTS, PAGE> {
    /// Before a delta's first byte. All zeros, so that static memory for it takes none in the firmware's image.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            stage: Stage::Header(0),
            begin: RestartPoint::START,
            header: Header::new(),
            space: Space::new(),
            shifts: Shifts::new(),
            ahead: 0,
            coder: Coder::new(),
            models: [0; MODELS],
            lzma: Lzma::new(0),
            bsdiff: Bsdiff::new(0),
            copy: 0,
            change: 0,
            segment_end: 0,
            page_at: 0,
            page: [0; PAGE],
            filled: 0,
            window_at: None,
            window: [0; WINDOW],
        }
    }

    /// Begins a delta, or goes on with one at a restart point that it has named before. Its first bytes come again in
    /// either case. Where segments do not follow each other in the new image, the point's `output` says where the next one
    /// belongs; a point whose `input` is 0 is before the first.
    pub fn begin(&mut self, point: RestartPoint) {
        self.stage = Stage::Header(0);
        self.begin = point;
        self.shifts.clear();
        self.coder = Coder::new();
        self.copy = 0;
        self.page_at = 0;
        self.filled = 0;
        self.window_at = None;
    }

    /// The header, once it was read.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        Some(&self.header).filter(|_| !matches!(self.stage, Stage::Header(_) | Stage::Failed(_)))
    }

    /// Where it is; between two segments a restart point.
    #[must_use]
    pub fn point(&self) -> RestartPoint {
        RestartPoint { output: self.position(), input: self.coder.taken(), distance: self.distance() }
    }

    /// Takes some of the delta's next bytes, and says how many. None are taken when earlier ones were not decoded yet.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        self.coder.push(bytes)
    }

    /// Goes on as far as it can.
    ///
    /// # Errors
    /// The delta can't be applied; it stays so until [`Decoder::begin`].
    pub fn poll(&mut self, images: &mut dyn Images) -> Result<Step<'_>, Error> {
        let step = loop {
            match self.advance(images) {
                Ok(None) => (),
                Ok(Some(step)) => break step,
                Err(error) => {
                    self.stage = Stage::Failed(error);
                    return Err(error);
                }
            }
        };
        Ok(match step {
            Stop::Input => Step::Input,
            Stop::Skip => Step::Skip { offset: self.begin.input },
            Stop::Point(point) => Step::Point(point),
            Stop::Done => Step::Done,
            Stop::Page => {
                let offset = self.page_at;
                let bytes = self.page.get(..self.filled).unwrap_or_default();
                self.page_at = offset.saturating_add(self.filled as u32);
                self.filled = 0;
                Step::Page { offset, bytes }
            }
        })
    }

    fn advance(&mut self, images: &mut dyn Images) -> Result<Option<Stop>, Error> {
        match self.stage {
            Stage::Header(place) => {
                let Some(number) = self.coder.number()? else { return Ok(Some(Stop::Input)) };
                self.header.set(place, number)?;
                let next = place.saturating_add(1);
                if next < NUMBERS {
                    self.stage = Stage::Header(next);
                } else {
                    self.check_header(images)?;
                    self.stage = Stage::Shifts(0);
                }
            }
            Stage::Shifts(read) => {
                let place = read / 2;
                if place == self.header.shifts() {
                    self.stage = Stage::Resume;
                    return Ok(None);
                }
                let Some(number) = self.coder.number()? else { return Ok(Some(Stop::Input)) };
                if read % 2 == 0 {
                    self.ahead = number;
                } else {
                    self.shifts.push(self.header.region(place), self.ahead, signed(number))?;
                }
                self.stage = Stage::Shifts(read.saturating_add(1));
            }
            Stage::Resume => {
                self.stage = Stage::Length;
                self.check_point()?;
                self.page_at = self.begin.output;
                if self.begin.input > 0 {
                    self.coder.skip_to(self.begin.input);
                    self.set_distance(self.begin.distance);
                    return Ok(Some(Stop::Skip));
                }
                // The byte of the old image that is where the new image begins.
                self.set_distance(self.header.old_size.saturating_sub(1));
            }
            Stage::Length if self.position() == self.header.new_size => self.stage = Stage::Done,
            Stage::Length => {
                let Some(length) = self.coder.number()? else { return Ok(Some(Stop::Input)) };
                self.segment_end = self.header.segment_end(self.position());
                self.coder.begin(length);
                self.models.fill(if self.header.method == Method::Lzma { EVEN_LZMA } else { EVEN });
                self.stage = Stage::Start;
                if length == 0 {
                    self.copy = u32::MAX;
                    self.check_copy()?;
                }
            }
            Stage::Start if !self.coder.has_symbol() => return Ok(Some(Stop::Input)),
            Stage::Start => {
                self.coder.start();
                self.stage = Stage::Symbols;
            }
            Stage::Symbols => return self.symbols(images),
            Stage::End => {
                if !self.coder.drain() {
                    return Ok(Some(Stop::Input));
                }
                self.stage = Stage::Length;
                let distance = self.distance();
                self.set_distance(distance);
                if self.position() < self.header.new_size {
                    return Ok(Some(Stop::Point(self.point())));
                }
            }
            Stage::Done => return Ok(Some(Stop::Done)),
            Stage::Failed(error) => return Err(error),
        }
        Ok(None)
    }

    fn check_header(&mut self, images: &mut dyn Images) -> Result<(), Error> {
        let models = if self.header.method == Method::Bsdiff { bsdiff::MODELS } else { lzma::MODELS };
        if self.header.shifts() > SHIFTS as u32 || models > MODELS {
            return Err(Error::Memory);
        }
        self.space = Space::of(&self.header, images)?;
        Ok(())
    }

    fn check_point(&self) -> Result<(), Error> {
        let RestartPoint { output, input, distance } = self.begin;
        let is_segment = output == 0 || (output.trailing_zeros() >= self.header.interval && output < self.header.new_size);
        let is_behind = input == 0 || input >= self.coder.taken();
        // Whether there is something at the distance is checked where it is used.
        let is_inside = distance < self.header.old_size.saturating_add(self.header.new_size);
        if self.begin == RestartPoint::START || (is_segment && is_behind && is_inside) {
            Ok(())
        } else {
            Err(Error::Point)
        }
    }

    /// First byte of the new image that was not made yet.
    fn position(&self) -> u32 {
        self.page_at.saturating_add(self.filled as u32)
    }

    fn is_bsdiff(&self) -> bool {
        // The first: known at compile time where there is no room for the other methods.
        MODELS < lzma::MODELS || self.header.method == Method::Bsdiff
    }

    fn distance(&self) -> u32 {
        if self.is_bsdiff() {
            self.bsdiff.distance()
        } else {
            self.lzma.distance()
        }
    }

    fn set_distance(&mut self, distance: u32) {
        self.bsdiff = Bsdiff::new(distance);
        self.lzma = Lzma::new(distance);
    }

    /// Makes bytes until there is something to tell.
    fn symbols(&mut self, images: &mut dyn Images) -> Result<Option<Stop>, Error> {
        let is_end = self.position() == self.segment_end;
        if self.filled == PAGE || (is_end && self.filled > 0) {
            return Ok(Some(Stop::Page));
        }
        if is_end {
            self.stage = Stage::End;
        } else if self.copy > 0 {
            self.copy_some(images)?;
        } else if !self.coder.has_symbol() {
            return Ok(Some(Stop::Input));
        } else {
            let symbol = if self.is_bsdiff() {
                self.bsdiff.symbol(&mut self.coder, &mut self.models)?
            } else {
                let at_distance = if self.lzma.is_matched() { self.byte_at_distance(images)? } else { 0 };
                let longer = self.header.method == Method::LzmaLonger;
                self.lzma.symbol(&mut self.coder, &mut self.models, at_distance, longer)?
            };
            match symbol {
                Symbol::Byte(byte) => self.put(byte),
                Symbol::Change(change) => {
                    self.copy = 1;
                    self.change = change;
                    self.check_copy()?;
                }
                Symbol::Copy(length) => {
                    self.copy = length;
                    self.check_copy()?;
                }
            }
        }
        Ok(None)
    }

    fn put(&mut self, byte: u8) {
        if let Some(to) = self.page.get_mut(self.filled) {
            *to = byte;
            self.filled = self.filled.saturating_add(1);
        }
    }

    /// What is to be copied exists, and does not reach beyond the segment.
    fn check_copy(&mut self) -> Result<(), Error> {
        let left = self.segment_end.saturating_sub(self.position());
        if self.copy == u32::MAX {
            self.copy = left;
        }
        if self.copy > left || (self.copy > 0 && self.distance() >= self.header.old_size.saturating_add(self.position())) {
            return Err(Error::Data);
        }
        Ok(())
    }

    /// Copies as much as can be had at once.
    fn copy_some(&mut self, images: &mut dyn Images) -> Result<(), Error> {
        let count = self.fetch(self.copy as usize, images)?;
        if let Some(byte) = self.page.get_mut(self.filled) {
            *byte = byte.wrapping_add(self.change);
        }
        self.change = 0;
        self.filled = self.filled.saturating_add(count);
        self.copy = self.copy.saturating_sub(count as u32);
        Ok(())
    }

    /// The byte that a match at the last distance would bring.
    fn byte_at_distance(&mut self, images: &mut dyn Images) -> Result<u8, Error> {
        self.fetch(1, images)?;
        Ok(self.page.get(self.filled).copied().unwrap_or(0))
    }

    /// Reads up to `count` bytes from the distance into the page, behind those that are filled; how many they are.
    fn fetch(&mut self, count: usize, images: &mut dyn Images) -> Result<usize, Error> {
        let old_size = self.header.old_size;
        let from = old_size.saturating_add(self.position()).saturating_sub(1).saturating_sub(self.distance());
        let Some(from) = from.checked_sub(old_size) else {
            self.load(from, images)?;
            let window = self.window.get(from as usize % WINDOW..).unwrap_or_default();
            // The new image begins where the old one ends, also within a window.
            let count = count.min(old_size.saturating_sub(from) as usize);
            let room = self.page.get_mut(self.filled..).unwrap_or_default();
            let mut fetched = 0usize;
            for (to, byte) in room.iter_mut().zip(window).take(count) {
                *to = *byte;
                fetched = fetched.wrapping_add(1);
            }
            return Ok(fetched);
        };
        match self.page_at.checked_sub(from).filter(|written| *written > 0) {
            Some(written) => {
                let room = self.page.get_mut(self.filled..).unwrap_or_default();
                let count = room.len().min(count).min(written as usize);
                images.read_new(from, room.get_mut(..count).unwrap_or_default())?;
                Ok(count)
            }
            None => {
                // Byte by byte: what is copied may be what was copied just now.
                let byte = self.page.get(from.saturating_sub(self.page_at) as usize).copied();
                if let (Some(to), Some(byte)) = (self.page.get_mut(self.filled), byte) {
                    *to = byte;
                }
                Ok(1)
            }
        }
    }

    /// Reads and corrects the window with this byte of the old image.
    #[inline(never)]
    fn load(&mut self, from: u32, images: &mut dyn Images) -> Result<(), Error> {
        let at = from & !(WINDOW as u32).wrapping_sub(1);
        if self.window_at == Some(at) {
            return Ok(());
        }
        self.window_at = None;
        let shift = |region, place| self.shifts.at(region, place);
        self.space.corrected(images, self.header.old_size, at, &shift, &mut self.window)?;
        self.window_at = Some(at);
        Ok(())
    }
}

impl<const MODELS: usize, const SHIFTS: usize, const PAGE: usize> Default for Decoder<MODELS, SHIFTS, PAGE> {
    fn default() -> Self {
        Self::new()
    }
}

/// Why it does not go on by itself.
enum Stop {
    Input,
    Skip,
    Page,
    Point(RestartPoint),
    Done,
}
