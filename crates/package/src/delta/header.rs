//! What a delta says about itself, before its shifts.

#[cfg(feature = "std")]
use super::coder::Coder;
use super::field::InstructionSet;
use super::shifts::Region;
use super::Error;

/// The version of the format that this firmware understands.
pub const FORMAT: u32 = 1;
/// Numbers in the header.
pub const NUMBERS: u8 = 14;
/// Addresses of the image, and those of RAM, lie within this many bytes.
pub const SPAN_MAX: u32 = 1 << 24;
/// Shortest distance between restart points, as a power of two.
const INTERVAL_MIN: u32 = 10;
/// No restart points.
pub const NO_INTERVAL: u32 = 31;

/// How the new image is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Method {
    /// Plain LZMA1.
    Lzma = 0,
    /// LZMA1 whose longest matches may go on.
    LzmaLonger = 1,
    /// bsdiff's moves: less memory, larger deltas.
    Bsdiff = 2,
}

/// A delta's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How the new image is coded.
    pub method: Method,
    /// What corrects the old image.
    pub instructions: InstructionSet,
    /// Bytes of the new image between two restart points, as a power of two; [`NO_INTERVAL`]: there are none.
    pub interval: u32,
    /// Size of the image that runs, in bytes.
    pub old_size: u32,
    /// Size of the new image, in bytes.
    pub new_size: u32,
    /// Address of the image's first byte.
    pub base: u32,
    /// First address of RAM.
    pub ram: u32,
    /// Size of RAM, in bytes.
    pub ram_size: u32,
    /// First byte of the image that is code.
    pub code: u32,
    /// First byte behind it that is data again.
    pub code_end: u32,
    /// Shifts of addresses in the image.
    pub image_shifts: u32,
    /// Shifts of addresses in RAM.
    pub ram_shifts: u32,
    /// Shifts of names.
    pub name_shifts: u32,
}

impl Header {
    pub(super) const fn new() -> Self {
        Self {
            method: Method::Lzma,
            instructions: InstructionSet::Plain,
            interval: 0,
            old_size: 0,
            new_size: 0,
            base: 0,
            ram: 0,
            ram_size: 0,
            code: 0,
            code_end: 0,
            image_shifts: 0,
            ram_shifts: 0,
            name_shifts: 0,
        }
    }

    /// The header of a delta of which at least the header is there.
    ///
    /// # Errors
    /// [`Error::Format`]: of a version, method or instruction set that this program does not know; [`Error::Data`]: damaged.
    #[cfg(feature = "std")]
    pub fn read(mut delta: &[u8]) -> Result<Self, Error> {
        let mut header = Self::new();
        let mut coder = Coder::new();
        for place in 0..NUMBERS {
            let count = coder.push(delta);
            delta = delta.get(count..).unwrap_or_default();
            header.set(place, coder.number()?.ok_or(Error::Data)?)?;
        }
        Ok(header)
    }

    /// Takes the number at `place`, 0 to [`NUMBERS`] - 1.
    pub(super) fn set(&mut self, place: u8, number: u32) -> Result<(), Error> {
        match place {
            0 if number == FORMAT => (),
            0 => return Err(Error::Format),
            1 => {
                self.method = match number {
                    0 => Method::Lzma,
                    1 => Method::LzmaLonger,
                    2 => Method::Bsdiff,
                    _ => return Err(Error::Format),
                }
            }
            2 => self.instructions = InstructionSet::from_code(number).ok_or(Error::Format)?,
            3 if (INTERVAL_MIN..=NO_INTERVAL).contains(&number) => self.interval = number,
            4 if number < SPAN_MAX => self.old_size = number,
            5 => self.new_size = number,
            6 => self.base = number,
            7 => self.ram = number,
            8 if number < SPAN_MAX => self.ram_size = number,
            9 => self.code = number,
            10 => self.code_end = number,
            11 => self.image_shifts = number,
            12 => self.ram_shifts = number,
            13 => self.name_shifts = number,
            _ => return Err(Error::Data),
        }
        // Distances count through both images.
        match self.old_size.checked_add(self.new_size) {
            Some(total) if total < 1 << 31 => Ok(()),
            _ => Err(Error::Data),
        }
    }

    /// The numbers in the order of the format.
    #[cfg(any(feature = "std", test))]
    #[must_use]
    pub fn numbers(&self) -> [u32; NUMBERS as usize] {
        [
            FORMAT,
            self.method as u32,
            self.instructions as u32,
            self.interval,
            self.old_size,
            self.new_size,
            self.base,
            self.ram,
            self.ram_size,
            self.code,
            self.code_end,
            self.image_shifts,
            self.ram_shifts,
            self.name_shifts,
        ]
    }

    /// How many shifts follow.
    #[must_use]
    pub fn shifts(&self) -> u32 {
        self.image_shifts.saturating_add(self.ram_shifts).saturating_add(self.name_shifts)
    }

    /// What the shift at this place of the table is about.
    pub(super) fn region(&self, place: u32) -> Region {
        if place < self.image_shifts {
            Region::Image
        } else if place < self.image_shifts.saturating_add(self.ram_shifts) {
            Region::Ram
        } else {
            Region::Names
        }
    }

    /// The byte behind the segment that begins at `at`.
    #[must_use]
    pub fn segment_end(&self, at: u32) -> u32 {
        at.saturating_add(1u32.wrapping_shl(self.interval)).min(self.new_size)
    }
}
