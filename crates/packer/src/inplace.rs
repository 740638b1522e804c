//! In-place packages, for boards with one slot: [`qth_package::inplace`].
//!
//! A block is coded by old blocks that are not rewritten yet, and by itself. The parts that an ordinary delta would have stay
//! where they can; other blocks are looked through once more, beside what is left of the old image. Some tables and orders are
//! tried, and the smallest is kept.

use crate::container::{self, sha256};
use crate::delta_head::{begin, number, zigzag};
use crate::image::Image;
use crate::learn::Table;
use crate::lzma::{self, Part};
use crate::order::{orders, Needs};
use crate::{header, search, Candidate, Error, Memory, Options, Progress, STEPS};
use crc::{Crc, CRC_32_MPEG_2};
use qth_package::delta::field::InstructionSet;
use qth_package::delta::{Header, Method};
use qth_package::inplace::order::{Order, Run};
use qth_package::inplace::FORMAT;
use qth_package::Source;
use std::ops::Range;

/// So many tables, the best of an ordinary delta, are tried for each way.
const TABLES: usize = 3;

/// A board with one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Size of the slot in bytes.
    pub slot: u32,
    /// Size of the staging area.
    pub staging: u32,
    /// Bytes that are rewritten at a time: what the chip erases, or 1 KB where that is more.
    pub block: u32,
}

impl Layout {
    /// The unix board's, with `--layout inplace`.
    pub const UNIX: Self = {
        let [slot, staging] = qth_flash::layout::Layout::UNIX_INPLACE.slots;
        Self { slot: slot.len, staging: staging.len, block: qth_flash::file::ERASE as u32 }
    };

    fn check(&self) -> Result<(), Error> {
        let is_block = self.block.is_power_of_two() && (1 << 10..=1 << 17).contains(&self.block);
        if is_block && self.slot.is_multiple_of(self.block) && self.staging.is_multiple_of(self.block) {
            Ok(())
        } else {
            Err(Error::Layout)
        }
    }

    /// Whether the package, as a file of this size, fits.
    ///
    /// # Errors
    /// [`Error::Staging`].
    pub fn check_size(&self, package: usize) -> Result<(), Error> {
        if package + self.block as usize <= self.staging as usize {
            Ok(())
        } else {
            Err(Error::Staging(package))
        }
    }
}

/// A way to rewrite the slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How it was made.
    pub chosen: Candidate,
    /// What was tried.
    pub tried: Vec<Candidate>,
    /// Runs of blocks that it rewrites one after the other.
    pub runs: usize,
}

/// The payload of an in-place package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPlace {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// To the new image.
    pub there: Way,
    /// Back to the old one.
    pub back: Way,
}

/// Makes the payload that rewrites `old` to `new`, and back; then a board in memory does both, once, which takes a small part of the
/// time that making it takes. Of the options, those of the instruction set count. `progress` is told of each step.
///
/// # Errors
/// See [`Error`]. Whether the staging area holds the package is known only once that is made: [`Layout::check_size`].
pub fn make(
    old: &[u8],
    new: &[u8],
    options: &Options,
    layout: &Layout,
    progress: &mut dyn FnMut(Progress),
) -> Result<InPlace, Error> {
    layout.check()?;
    let padded = |image: &[u8]| {
        let mut image = image.to_vec();
        image.resize(image.len().next_multiple_of(layout.block as usize), 0xff);
        if image.len() <= layout.slot as usize {
            Ok(image)
        } else {
            Err(Error::Slot(image.len()))
        }
    };
    let (old_blocks, new_blocks) = (padded(old)?, padded(new)?);
    let options = Options { interval: Some(layout.block), ..options.clone() };
    let mut report = Progress { done: 0, of: 2 * (STEPS + TABLES) };
    let mut step = || {
        progress(report);
        report.done += 1;
    };
    let there = way(&old_blocks, &new_blocks, &options, layout.block, &mut step)?;
    let back = way(&new_blocks, &old_blocks, &options, layout.block, &mut step)?;
    let mut bytes = Vec::new();
    for value in [FORMAT, layout.block.ilog2(), there.bytes.len() as u32] {
        number(&mut bytes, value);
    }
    bytes.extend(&there.bytes);
    bytes.extend(&back.bytes);
    check(old, new, &bytes)?;
    Ok(InPlace { bytes, there, back })
}

/// Rewrites a slot by a payload that was made, there and back, by the device's own code.
fn check(old: &[u8], new: &[u8], payload: &[u8]) -> Result<(), Error> {
    let source = Source { version: "", size: old.len() as u32, sha256: sha256(old) };
    let image = container::in_place_manifest(new, source, payload)
        .and_then(|manifest| container::unsigned(&manifest, payload))
        .and_then(|package| container::image(&container::open(&package)?, Some(old)));
    match image {
        Ok(image) if image == new => Ok(()),
        _ => Err(Error::Fault),
    }
}

/// The smallest way that was found.
fn way(old: &[u8], new: &[u8], options: &Options, block: u32, step: &mut dyn FnMut()) -> Result<Way, Error> {
    struct Known {
        size: usize,
        header: Header,
        table: Table,
        corrected: Vec<u8>,
        parts: Vec<Part>,
    }
    let mut best: Vec<Known> = Vec::new();
    search(old, new, header(old, new, options)?, Memory::Standard, step, &mut |header, table, corrected| {
        let header = Header { method: Method::LzmaLonger, ..*header };
        let parts = lzma::parse(corrected, new)?;
        let size = begin(&header, table).len() + lzma::encode(corrected, new, &parts, Some(block), true).len();
        if !best.iter().any(|known| known.table == *table) {
            best.push(Known { size, header, table: table.clone(), corrected: corrected.to_vec(), parts });
            best.sort_by_key(|known| known.size);
            best.truncate(TABLES);
        }
        Ok(())
    })?;
    let mut smallest: Option<Way> = None;
    let mut tried = Vec::new();
    for Known { header, table, corrected, parts, .. } in best {
        step();
        let was = Image::new(old, &header)?;
        let blocks = Blocks { was: &was, table: &table, corrected: &corrected, new, block };
        let parts = lzma::split(&parts, block);
        // Where an ELF file's parts are is read for every block.
        let last = (header.instructions == InstructionSet::X86_64).then_some(0);
        let needs: Vec<Needs> = (0..).zip(&parts).map(|(number, parts)| blocks.needs(number, parts)).collect();
        for runs in orders(&needs, last.filter(|_| !needs.is_empty())) {
            let mut order = Order::new();
            runs.iter().try_for_each(|run| order.push(*run)).map_err(|_| Error::Encoder)?;
            let mut bytes = begun(&runs, new, block);
            bytes.extend(begin(&header, &table));
            bytes.extend(blocks.encode(&order, &parts)?);
            let chosen = Candidate { method: header.method, shifts: table.len(), size: bytes.len() };
            tried.push(chosen);
            if smallest.as_ref().is_none_or(|smallest| bytes.len() < smallest.bytes.len()) {
                smallest = Some(Way { bytes, chosen, tried: Vec::new(), runs: runs.len() });
            }
        }
    }
    smallest.map(|smallest| Way { tried, ..smallest }).ok_or(Error::Encoder)
}

/// The order of the blocks, and the checksum of the image in that order.
fn begun(runs: &[Run], new: &[u8], block: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    number(&mut bytes, runs.len() as u32);
    let mut before = 0;
    for run in runs {
        number(&mut bytes, zigzag(run.first as i32 - before));
        number(&mut bytes, run.count << 1 | u32::from(run.is_down));
        before = run.first as i32;
    }
    let crc32 = Crc::<u32>::new(&CRC_32_MPEG_2);
    let mut digest = crc32.digest();
    for run in runs {
        for at in 0..run.count {
            let number = if run.is_down { run.first - at } else { run.first + at };
            digest.update(&new[(number * block) as usize..][..block as usize]);
        }
    }
    bytes.extend(digest.finalize().to_le_bytes());
    bytes
}

/// The images, block by block.
struct Blocks<'a> {
    was: &'a Image<'a>,
    table: &'a Table,
    /// The old image, through the table.
    corrected: &'a [u8],
    new: &'a [u8],
    block: u32,
}

impl Blocks<'_> {
    /// The bytes of a block.
    fn range(&self, number: u32) -> Range<usize> {
        let begin = (number * self.block) as usize;
        begin..begin + self.block as usize
    }

    /// Where a copy comes from, through the old image and, behind it, the new one.
    fn source(&self, position: usize, distance: u32) -> Option<usize> {
        (self.corrected.len() + position).checked_sub(1 + distance as usize)
    }

    /// How many bytes of which old blocks these parts of a block are made from.
    fn needs(&self, number: u32, parts: &[Part]) -> Needs {
        let mut needs = Needs::new();
        let mut position = self.range(number).start;
        for part in parts {
            if let Part::Copy { distance, length } = *part {
                let from = self.source(position, distance).unwrap_or(0);
                let end = (from + length as usize).min(self.corrected.len());
                let block = self.block as usize;
                for block in if from < end { from / block..end.div_ceil(block) } else { 0..0 } {
                    *needs.entry(block).or_default() += length;
                }
            }
            position += part.length() as usize;
        }
        needs
    }

    /// The segments of all blocks in this order, each made from what the old image then reads as.
    fn encode(&self, order: &Order, parts: &[Vec<Part>]) -> Result<Vec<u8>, Error> {
        let mut raw = self.was.bytes.to_vec();
        let mut old = self.corrected.to_vec();
        let mut distance = lzma::first_distance(&old);
        let mut segments = Vec::new();
        for number in (0..order.blocks()).filter_map(|step| order.block(step)) {
            let range = self.range(number);
            let parts = match self.usual(&old, &range, &parts[number as usize]) {
                Some(parts) => parts,
                None => self.alone(&old, &range)?,
            };
            let parts = self.within_old(&range, parts);
            distance = lzma::segment(&mut segments, &old, self.new, range.start as u32, &parts, distance, true);
            let end = range.end.min(raw.len());
            if range.start < end {
                raw[range.start..end].fill(0);
                self.was.correct(self.table, &raw, range.start..end, &mut old)?;
            }
        }
        Ok(segments)
    }

    /// The parts of a block as they are in an ordinary delta, if all of them hold.
    fn usual(&self, old: &[u8], range: &Range<usize>, parts: &[Part]) -> Option<Vec<Part>> {
        let mut position = range.start;
        let holds = parts.iter().all(|part| {
            let at = position;
            position += part.length() as usize;
            self.holds(old, range, at, part)
        });
        holds.then(|| parts.to_vec())
    }

    /// The parts of a block that is parsed beside what the old image reads as. Where one does not hold, its bytes are written out.
    fn alone(&self, old: &[u8], range: &Range<usize>) -> Result<Vec<Part>, Error> {
        let mut parts = Vec::new();
        let mut position = range.start;
        for part in lzma::parse_block(old, &self.new[range.clone()])? {
            let part = match part {
                // Counted as if the block were the new image's first.
                Part::Copy { distance, length } if distance as usize >= position - range.start => {
                    Part::Copy { distance: distance + range.start as u32, length }
                }
                _ => part,
            };
            let end = position + part.length() as usize;
            if self.holds(old, range, position, &part) {
                parts.push(part);
            } else {
                parts.extend(self.new[position..end].iter().map(|byte| Part::Byte(*byte)));
            }
            position = end;
        }
        Ok(parts)
    }

    /// A copy brings what it is to: out of the old image as it reads now, or of the block so far.
    fn holds(&self, old: &[u8], range: &Range<usize>, position: usize, part: &Part) -> bool {
        let Part::Copy { distance, length } = *part else { return true };
        let Some(from) = self.source(position, distance) else { return false };
        let end = position + length as usize;
        match from.checked_sub(old.len()) {
            Some(from) => from >= range.start,
            None => old[from..].starts_with(&self.new[position..end]),
        }
    }

    /// Behind a copy the decoder looks at the byte behind what was copied. The old image's last byte has none: it is written out.
    fn within_old(&self, range: &Range<usize>, parts: Vec<Part>) -> Vec<Part> {
        let mut within: Vec<Part> = Vec::with_capacity(parts.len());
        let mut end = range.start;
        for part in parts {
            end += part.length() as usize;
            match part {
                Part::Copy { distance, length }
                    if end < range.end && self.source(end, distance) == Some(self.corrected.len()) =>
                {
                    within.extend((length > 1).then_some(Part::Copy { distance, length: length - 1 }));
                    within.push(Part::Byte(self.new[end - 1]));
                }
                part => within.push(part),
            }
        }
        within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_that_does_not_lead_there_or_not_back_is_not_handed_out() {
        let (old, new) = ([7; 1500], [&[7; 1200][..], &[9; 1000]].concat());
        let options = Options { instructions: Some(InstructionSet::Plain), ..Options::default() };
        let layout = Layout { slot: 1 << 16, staging: 1 << 16, block: 1024 };
        let made = make(&old, &new, &options, &layout, &mut |_| ()).unwrap().bytes;
        assert_eq!(check(&old, &new, &made), Ok(()));
        assert_eq!(check(&old, &old, &made), Err(Error::Fault));
        assert_eq!(check(&new, &new, &made), Err(Error::Fault));
        assert_eq!(check(&old, &new, &made[..made.len() - 1]), Err(Error::Fault));
        assert_eq!(check(&old, &new, &made[..7]), Err(Error::Fault));
    }
}
