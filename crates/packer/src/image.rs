//! An image with the fields that the device corrects, read by the device's own code.

use crate::learn::Table;
use crate::Error;
use qth_package::delta::field::{Field, Space, WINDOW};
use qth_package::delta::shifts::Region;
use qth_package::delta::{Header, Slices};
use std::collections::BTreeMap;
use std::ops::Range;

/// An image and its addresses.
pub(crate) struct Image<'a> {
    pub bytes: &'a [u8],
    space: Space,
    /// Bytes around a window that can change how it is read.
    margins: (usize, usize),
    /// The fields, by their place in the image.
    pub fields: BTreeMap<u32, Field>,
}

impl<'a> Image<'a> {
    /// As the header says. Its `old_size` has to be this image's.
    pub(crate) fn new(bytes: &'a [u8], header: &Header) -> Result<Self, Error> {
        let space = Space::of(header, &mut Slices { old: bytes, new: &[] }).map_err(|_| Error::NotElf)?;
        let margins = header.instructions.margins();
        let fields = fields(bytes, &space, margins);
        Ok(Self { bytes, space, margins, fields })
    }

    /// The region of an address, and its place there.
    pub(crate) fn place(&self, address: u32) -> Option<(Region, u32)> {
        self.space.place(address)
    }

    /// The image as the device reads it through this table.
    pub(crate) fn corrected(&self, table: &Table) -> Result<Vec<u8>, Error> {
        let mut corrected = self.bytes.to_vec();
        self.correct(table, self.bytes, 0..self.bytes.len(), &mut corrected)?;
        Ok(corrected)
    }

    /// Corrects the image once more where a change of the bytes `changed` can be seen. `bytes` are its bytes now.
    pub(crate) fn correct(&self, table: &Table, bytes: &[u8], changed: Range<usize>, corrected: &mut [u8]) -> Result<(), Error> {
        let shift = |region, place| table.shift(region, place);
        let size = bytes.len();
        let (before, behind) = self.margins;
        let first = changed.start.saturating_sub(behind) / WINDOW * WINDOW;
        let mut images = Slices { old: bytes, new: &[] };
        for at in (first..size.min(changed.end + before)).step_by(WINDOW) {
            let mut window = [0; WINDOW];
            self.space.corrected(&mut images, size as u32, at as u32, &shift, &mut window).map_err(|_| Error::NotElf)?;
            let end = size.min(at + WINDOW);
            corrected[at..end].copy_from_slice(&window[..end - at]);
        }
        Ok(())
    }
}

fn fields(image: &[u8], space: &Space, (before, behind): (usize, usize)) -> BTreeMap<u32, Field> {
    let mut padded = vec![0; before];
    padded.extend_from_slice(image);
    padded.resize(before + image.len().next_multiple_of(WINDOW) + behind, 0);
    let mut fields = BTreeMap::new();
    for at in (0..image.len()).step_by(WINDOW) {
        let part = &padded[at..at + before + WINDOW + behind];
        space.fields(part, (at as u32).wrapping_sub(before as u32), &mut |field| {
            if (before..before + WINDOW).contains(&field.at) {
                fields.insert((at + field.at - before) as u32, field);
            }
        });
    }
    fields
}
