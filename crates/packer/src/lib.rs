//! Makes deltas: what [`qth_package::delta`] applies.
//!
//! The addresses that both images hold are read by the device's own code. What corresponds to what comes from bsdiff's
//! alignment; the table of shifts that explains it best, by dynamic programming. The old image, corrected by that table, aligns
//! better than the one before, so all of it is done three times, and each time it is learned anew which part is code. Each table is tried with each method that the device has,
//! and the smallest delta is kept. The same images always give the same bytes.
//!
//! What is handed out has been applied by the device's own code, and has led to the new image: [`Error::Fault`] otherwise.
#![forbid(unsafe_code)]
#![warn(unreachable_pub)]

mod align;
mod apply;
mod board;
mod code_range;
pub mod container;
mod delta_head;
mod image;
pub mod inplace;
mod learn;
mod lzma;
mod moves;
mod order;
mod range;
pub mod sign;

use align::{align, Cover};
use apply::apply;
use image::Image;
use learn::{learn, Evidence, Table};
use qth_package::delta::decoder::{STANDARD_SHIFTS, TINY_SHIFTS};
use qth_package::delta::field::InstructionSet;
use qth_package::delta::header::{NO_INTERVAL, SPAN_MAX};
use qth_package::delta::{Header, Method};
use std::fmt;
use std::ops::Range;

/// How often the images are aligned.
const ROUNDS: usize = 3;
/// Halves of fields that one more shift has to explain.
const PENALTIES: [u32; 7] = [3, 4, 6, 9, 14, 20, 30];
/// The table that the next alignment goes by.
const PENALTY_TO_ALIGN: u32 = 12;

/// Why no delta was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The instruction set was not given, and the old image does not tell.
    Instructions,
    /// The old image has 16 MB or more, or both together 2 GB.
    TooLarge,
    /// An image is not the x86-64 ELF file that it was said to be.
    NotElf,
    /// The interval of restart points is not a power of two from 1 KB to 1 GB.
    Interval,
    /// A compression library fails.
    Encoder,
    /// Blocks that are rewritten in place are not a power of two from 1 KB to 128 KB, or slot and staging area no multiples of them.
    Layout,
    /// An image, of this size in whole blocks, is larger than the slot.
    Slot(usize),
    /// The package, of this size, leaves no room for a scratch block in the staging area.
    Staging(usize),
    /// The device's own code does not get to the right image by what was made: a bug here or there.
    Fault,
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str(match self {
            Self::Instructions => "the image does not tell which instruction set it is for: name it",
            Self::TooLarge => "the old image has 16 MB or more, which a delta can't be made from",
            Self::NotElf => "an image is not an x86-64 ELF file that can be read",
            Self::Interval => "the interval of restart points has to be a power of two from 1 KB to 1 GB",
            Self::Encoder => "the compression library fails",
            Self::Layout => "a block has to be a power of two from 1 KB to 128 KB, slot and staging area multiples of it",
            Self::Slot(size) => return write!(to, "an image takes {size} bytes in whole blocks, and the slot has less"),
            Self::Staging(size) => {
                return write!(
                    to,
                    "the package has {size} bytes, and with a scratch block behind it does not fit the staging area"
                )
            }
            Self::Fault => {
                "a device would not get to the right image by what was made, so it was dropped: this is a bug of this program"
            }
        })
    }
}

impl std::error::Error for Error {}

/// Which decoder the device has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// [`qth_package::delta::Standard`].
    #[default]
    Standard,
    /// [`qth_package::delta::Tiny`].
    Tiny,
}

/// What a delta is made for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The instruction set; `None`: what the old image tells, which only an ELF file does.
    pub instructions: Option<InstructionSet>,
    /// Address of the image's first byte. An ELF file has its own.
    pub base: u32,
    /// Addresses of RAM.
    pub ram: Range<u32>,
    /// Bytes of the new image between two restart points; `None`: an update begins anew when it is interrupted.
    pub interval: Option<u32>,
    /// The device's decoder.
    pub memory: Memory,
    /// The methods to try; all that the decoder has, in general.
    pub methods: Vec<Method>,
}

impl Default for Options {
    /// An image at 0x08000000 with RAM at 0x20000000, as on many microcontrollers; restart points every 32 KB.
    fn default() -> Self {
        Self {
            instructions: None,
            base: 0x0800_0000,
            ram: 0x2000_0000..0x2010_0000,
            interval: Some(32 * 1024),
            memory: Memory::Standard,
            methods: vec![Method::LzmaLonger, Method::Lzma, Method::Bsdiff],
        }
    }
}

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub of: usize,
}

/// One way to make the delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// How the new image is coded.
    pub method: Method,
    /// Number of shifts.
    pub shifts: usize,
    /// Size in bytes.
    pub size: usize,
}

/// A delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How it was made.
    pub chosen: Candidate,
    /// What was tried, in this order; some ways come twice.
    pub tried: Vec<Candidate>,
}

/// Makes the delta from `old` to `new`, and applies it as a device with this memory does: once, which takes a small part of the
/// time that making it takes. `progress` is told of each step.
///
/// # Errors
/// See [`Error`].
pub fn make(old: &[u8], new: &[u8], options: &Options, progress: &mut dyn FnMut(Progress)) -> Result<Delta, Error> {
    let header = header(old, new, options)?;
    let methods: Vec<Method> = options
        .methods
        .iter()
        .copied()
        .filter(|method| options.memory == Memory::Standard || *method == Method::Bsdiff)
        .collect();
    let mut best: Option<Delta> = None;
    let mut tried = Vec::new();
    let mut report = Progress { done: 0, of: STEPS };
    let mut step = || {
        progress(report);
        report.done += 1;
    };
    search(old, new, header, options.memory, &mut step, &mut |header, table, corrected| {
        for method in &methods {
            let bytes = encode(corrected, new, &Header { method: *method, ..*header }, table)?;
            let chosen = Candidate { method: *method, shifts: table.len(), size: bytes.len() };
            tried.push(chosen);
            if best.as_ref().is_none_or(|best| bytes.len() < best.bytes.len()) {
                best = Some(Delta { bytes, chosen, tried: Vec::new() });
            }
        }
        Ok(())
    })?;
    let best = best.ok_or(Error::Encoder)?;
    check(old, new, &best.bytes, options.memory)?;
    step();
    Ok(Delta { tried, ..best })
}

/// Applies a delta that was made, by the device's own code.
fn check(old: &[u8], new: &[u8], delta: &[u8], memory: Memory) -> Result<(), Error> {
    match apply(old, delta, memory) {
        Ok(image) if image == new => Ok(()),
        _ => Err(Error::Fault),
    }
}

/// How often [`search`] tells of a step, and who calls it once more.
const STEPS: usize = ROUNDS * (1 + PENALTIES.len());

/// Takes a table of shifts, the part of the old image that is code (in the header), and the old image corrected by them.
type Try<'a> = &'a mut dyn FnMut(&Header, &Table, &[u8]) -> Result<(), Error>;

/// Learns tables of shifts, and has each tried.
fn search(
    old: &[u8],
    new: &[u8],
    mut header: Header,
    memory: Memory,
    step: &mut dyn FnMut(),
    attempt: Try<'_>,
) -> Result<(), Error> {
    let as_data = Reading::new(old, new, &header, false)?;
    let as_code = header.instructions.reads_code().then(|| Reading::new(old, new, &header, true)).transpose()?;
    let readings: Vec<(&Reading, bool)> = as_code.iter().map(|reading| (reading, true)).chain([(&as_data, false)]).collect();
    step();
    let mut covers = align(old, new)?;
    for round in 0..ROUNDS {
        let code = (round > 0).then_some(header.code..header.code_end);
        if let Some(as_code) = &as_code {
            let table = Table::new(&seen(&readings, &covers, code), PENALTY_TO_ALIGN);
            let raw = (round == 0).then_some(old);
            let code =
                code_range::code_range(&as_code.was.corrected(&table)?, &as_data.was.corrected(&table)?, new, &covers, raw);
            (header.code, header.code_end) = (code.start, code.end);
        }
        let was = Image::new(old, &header)?;
        let seen = seen(&readings, &covers, Some(header.code..header.code_end));
        let table = |penalty| Table::new(&seen, penalty);
        for penalty in PENALTIES {
            step();
            let table = fitting(&table, penalty, memory);
            attempt(&header, &table, &was.corrected(&table)?)?;
        }
        if round + 1 < ROUNDS {
            step();
            covers = align(&was.corrected(&table(PENALTY_TO_ALIGN))?, new)?;
        }
    }
    Ok(())
}

/// Both images, as all code or as all data.
struct Reading<'a> {
    was: Image<'a>,
    is: Image<'a>,
}

impl<'a> Reading<'a> {
    fn new(old: &'a [u8], new: &'a [u8], header: &Header, is_code: bool) -> Result<Self, Error> {
        let code_end = if is_code { u32::MAX } else { 0 };
        let was = Header { code_end, ..*header };
        let is = Header { old_size: header.new_size, ..was };
        // What is no ELF file has no addresses to learn from.
        let plain = Header { instructions: InstructionSet::Plain, ..is };
        Ok(Self { was: Image::new(old, &was)?, is: Image::new(new, &is).or_else(|_| Image::new(new, &plain))? })
    }
}

/// What the fields say of each reading, as code or not: within `code` or without, or anywhere as long as that is not known.
fn seen(readings: &[(&Reading, bool)], covers: &[Cover], code: Option<Range<u32>>) -> [Evidence; 3] {
    let mut seen = [Evidence::new(), Evidence::new(), Evidence::new()];
    for (reading, is_code) in readings {
        let counts = |at: u32| code.as_ref().is_none_or(|code| code.contains(&at) == *is_code);
        learn(&mut seen, &reading.was, &reading.is, covers, &counts);
    }
    seen
}

/// The instruction set that an image tells of.
#[must_use]
pub fn detect(image: &[u8]) -> Option<InstructionSet> {
    let is_elf = image.starts_with(b"\x7fELF\x02\x01") && image.get(18..20) == Some(&[62, 0]);
    is_elf.then_some(InstructionSet::X86_64)
}

fn header(old: &[u8], new: &[u8], options: &Options) -> Result<Header, Error> {
    let instructions = options.instructions.or_else(|| detect(old)).ok_or(Error::Instructions)?;
    let size = |image: &[u8]| u32::try_from(image.len()).ok().filter(|size| *size < SPAN_MAX).ok_or(Error::TooLarge);
    let interval = match options.interval {
        None => NO_INTERVAL,
        Some(interval) if interval.is_power_of_two() && (1 << 10..=1 << 30).contains(&interval) => interval.ilog2(),
        Some(_) => return Err(Error::Interval),
    };
    let has_addresses = !matches!(instructions, InstructionSet::Plain | InstructionSet::X86_64);
    let ram = if has_addresses { options.ram.clone() } else { 0..0 };
    Ok(Header {
        method: Method::Lzma,
        instructions,
        interval,
        old_size: size(old)?,
        new_size: size(new)?,
        base: if has_addresses { options.base } else { 0 },
        ram: ram.start,
        ram_size: (ram.len() as u32).min(SPAN_MAX - 1),
        code: 0,
        code_end: 0,
        image_shifts: 0,
        ram_shifts: 0,
        name_shifts: 0,
    })
}

/// The table at a penalty, or the next higher one that the device has room for.
fn fitting(table: &dyn Fn(u32) -> Table, mut penalty: u32, memory: Memory) -> Table {
    let room = match memory {
        Memory::Standard => STANDARD_SHIFTS,
        Memory::Tiny => TINY_SHIFTS,
    };
    loop {
        let fits = table(penalty);
        if fits.len() <= room {
            return fits;
        }
        penalty += penalty.div_ceil(4);
    }
}

fn encode(corrected: &[u8], new: &[u8], header: &Header, table: &Table) -> Result<Vec<u8>, Error> {
    let mut bytes = delta_head::begin(header, table);
    let interval = (header.interval != NO_INTERVAL).then(|| 1 << header.interval);
    match header.method {
        Method::Bsdiff => bytes.extend(moves::encode(corrected, new, interval)?),
        method => {
            let parts = lzma::parse(corrected, new)?;
            bytes.extend(lzma::encode(corrected, new, &parts, interval, method == Method::LzmaLonger));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_that_leads_elsewhere_or_is_for_more_memory_is_not_handed_out() {
        let (old, new) = ([7; 300], [&[7; 150][..], &[9; 100]].concat());
        let options = |method| Options { instructions: Some(InstructionSet::Plain), methods: vec![method], ..Options::default() };
        let made = |method| make(&old, &new, &options(method), &mut |_| ()).unwrap().bytes;
        let (small, large) = (made(Method::Bsdiff), made(Method::LzmaLonger));
        assert_eq!(check(&old, &new, &small, Memory::Tiny), Ok(()));
        assert_eq!(check(&old, &new, &large, Memory::Standard), Ok(()));
        assert_eq!(check(&old, &new, &large, Memory::Tiny), Err(Error::Fault));
        assert_eq!(check(&old, &old, &small, Memory::Tiny), Err(Error::Fault));
        assert_eq!(check(&old, &new, &small[..small.len() - 1], Memory::Tiny), Err(Error::Fault));
    }
}
