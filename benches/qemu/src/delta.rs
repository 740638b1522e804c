//! Applies a delta, from memory to memory: reading and writing flash is not in the cost.

use crate::cost;
use crate::host::Terminal;
use core::fmt::Write;
use qth_package::delta::{Decoder, Error, Images, RestartPoint, Step};

struct Memory<'a> {
    old: &'a [u8],
    new: &'a mut [u8],
}

impl Images for Memory<'_> {
    fn read_old(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        copy(self.old, offset, bytes)
    }

    fn read_new(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        copy(self.new, offset, bytes)
    }
}

fn copy(image: &[u8], offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
    let from = image.get(offset as usize..).and_then(|rest| rest.get(..bytes.len())).ok_or(Error::Unreadable)?;
    bytes.copy_from_slice(from);
    Ok(())
}

/// Prints what applying a package's delta costs, and the size of the decoder.
pub fn run<const MODELS: usize, const SHIFTS: usize, const PAGE: usize>(
    decoder: &mut Decoder<MODELS, SHIFTS, PAGE>,
    old: &[u8],
    package: &[u8],
    new: &[u8],
    room: &mut [u8],
) -> Result<(), &'static str> {
    let delta = qth_package::parse(package).map_err(|_| "no package")?.payload;
    let made = room.get_mut(..new.len()).ok_or("no room for the new image")?;
    let mut images = Memory { old, new: made };
    cost::of(|| apply(decoder, &mut images, delta)).map_err(|_| "the delta can't be applied")?;
    let _ = writeln!(Terminal, "static {}", core::mem::size_of_val(decoder));
    if images.new == new {
        Ok(())
    } else {
        Err("the delta does not lead to the new image")
    }
}

#[inline(never)]
fn apply<const MODELS: usize, const SHIFTS: usize, const PAGE: usize>(
    decoder: &mut Decoder<MODELS, SHIFTS, PAGE>,
    images: &mut Memory<'_>,
    mut rest: &[u8],
) -> Result<(), Error> {
    decoder.begin(RestartPoint::START);
    loop {
        match decoder.poll(images)? {
            Step::Input if rest.is_empty() => return Err(Error::Data),
            Step::Input => rest = rest.get(decoder.push(rest)..).unwrap_or_default(),
            Step::Page { offset, bytes } => {
                let page = images.new.get_mut(offset as usize..).and_then(|rest| rest.get_mut(..bytes.len()));
                page.ok_or(Error::Data)?.copy_from_slice(bytes);
            }
            Step::Skip { .. } | Step::Point(_) => (),
            Step::Done => return Ok(()),
        }
    }
}
