//! An image with the fields that the device corrects, read by the device's own code.

use crate::Error;
use qth::delta::field::{Field, Space, WINDOW};
use qth::delta::shifts::Region;
use qth::delta::{Header, Slices};
use std::collections::BTreeMap;

/// An image and its addresses.
pub struct Image<'a> {
    pub bytes: &'a [u8],
    space: Space,
    /// Bytes on both sides of a window that its fields depend on.
    margin: usize,
}

impl<'a> Image<'a> {
    /// As the header says. Its `old_size` has to be this image's.
    pub fn new(bytes: &'a [u8], header: &Header) -> Result<Self, Error> {
        let space = Space::of(header, &mut Slices { old: bytes, new: &[] }).map_err(|_| Error::NotElf)?;
        Ok(Self { bytes, space, margin: header.instructions.margin() })
    }

    /// The region of an address, and its place there.
    pub fn place(&self, address: u32) -> Option<(Region, u32)> {
        self.space.place(address)
    }

    /// The fields, by their place in the image.
    pub fn fields(&self) -> BTreeMap<u32, Field> {
        let mut padded = vec![0; self.margin];
        padded.extend_from_slice(self.bytes);
        padded.resize(padded.len().next_multiple_of(WINDOW) + WINDOW + self.margin, 0);
        let mut fields = BTreeMap::new();
        for at in (0..self.bytes.len()).step_by(WINDOW) {
            let part = &padded[at..at + WINDOW + 2 * self.margin];
            self.space.fields(part, (at as u32).wrapping_sub(self.margin as u32), &mut |field| {
                if (self.margin..self.margin + WINDOW).contains(&field.at) {
                    fields.insert((at + field.at - self.margin) as u32, field);
                }
            });
        }
        fields
    }

    /// The image as the device reads it through these shifts.
    pub fn corrected(&self, shift: &dyn Fn(Region, u32) -> i32) -> Result<Vec<u8>, Error> {
        let size = self.bytes.len();
        let mut corrected = Vec::with_capacity(size + WINDOW);
        let mut images = Slices { old: self.bytes, new: &[] };
        for at in (0..size).step_by(WINDOW) {
            let mut window = [0; WINDOW];
            self.space.corrected(&mut images, size as u32, at as u32, shift, &mut window).map_err(|_| Error::NotElf)?;
            corrected.extend(window);
        }
        corrected.truncate(size);
        Ok(corrected)
    }
}
