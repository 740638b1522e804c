//! Chips, and where things lie on them.

use qth_flash::layout::{Layout, Region};

/// A chip.
pub struct Geometry {
    pub name: &'static str,
    pub erase: u32,
    pub write: u32,
    /// Sizes of the first sectors, where an erase block consists of several.
    pub sectors: &'static [usize],
}

const fn chip(name: &'static str, erase: u32, write: u32) -> Geometry {
    Geometry { name, erase, write, sectors: &[] }
}

pub const GEOMETRIES: [Geometry; 8] = [
    chip("4k-w4", 4096, 4),
    chip("2k-w8", 2048, 8),
    Geometry { name: "mixed", erase: 4096, write: 4, sectors: &[1024; 40] },
    chip("4k-w1", 4096, 1),
    chip("4k-w8", 4096, 8),
    chip("4k-w16", 4096, 16),
    chip("4k-w32", 4096, 32),
    chip("128k-w32", 128 * 1024, 32),
];

impl Geometry {
    /// The fewest banks there may be, two slots for images of this size, and a block that is nobody's around each.
    pub fn layout(&self, image: u32) -> Layout {
        let bank = self.erase.max(4096);
        let records = Region { start: self.erase, len: 3 * bank };
        let len = image.next_multiple_of(self.erase);
        let a = Region { start: records.end() + self.erase, len };
        let b = Region { start: a.end() + self.erase, len };
        Layout { records, bank, slots: [a, b] }
    }

    /// The same with one slot, and a staging area that is smaller by a quarter; one for the package and a scratch block at the least.
    pub fn one_slot(&self, image: u32) -> Layout {
        let Layout { records, bank, slots: [a, mut b] } = self.layout(image.max(3 * self.erase));
        b.len = a.len / 4 * 3 / self.erase * self.erase;
        Layout { records, bank, slots: [a, b] }
    }

    /// Sizes of an old and a new image of few blocks.
    pub fn small(&self) -> (usize, usize) {
        match self.erase {
            131_072 => (60_000, 300_000),
            _ => (5_000, 6_200),
        }
    }

    /// Of more, so that the progress is noted.
    pub fn large(&self) -> (usize, usize) {
        match self.erase {
            131_072 => (100_000, 500_000),
            _ => (20_000, 38_000),
        }
    }
}
