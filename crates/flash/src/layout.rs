//! Where records and slots lie in a board's flash.

/// A part of the flash, in bytes from its start; both numbers are multiples of the erase size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub start: u32,
    /// Length.
    pub len: u32,
}

impl Region {
    /// The byte behind the last.
    #[must_use]
    pub const fn end(self) -> u32 {
        self.start.saturating_add(self.len)
    }
}

/// A board's flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Records: three banks or more, so that one that is whole for certain is kept while others may not be.
    pub records: Region,
    /// Size of a bank: a multiple of the erase size, with room for all records at once, 4 KiB at the least.
    pub bank: u32,
    /// Slots A and B, of one size. Where B is smaller, A is the board's only slot and B its staging area: packages are kept there
    /// whole, and rewrite the slot in place.
    pub slots: [Region; 2],
}

impl Layout {
    /// No flash.
    pub const NONE: Self = {
        let none = Region { start: 0, len: 0 };
        Self { records: none, bank: 0, slots: [none, none] }
    };

    /// The unix board: 64 KiB of records in eight banks, two slots of 4 MiB, 4 KiB erase blocks.
    pub const UNIX: Self = Self {
        records: Region { start: 0, len: 64 * 1024 },
        bank: 8 * 1024,
        slots: [
            Region { start: 64 * 1024, len: 4 * 1024 * 1024 },
            Region { start: 64 * 1024 + 4 * 1024 * 1024, len: 4 * 1024 * 1024 },
        ],
    };

    /// The unix board with one slot: the same records, a slot of 4 MiB, a staging area of 256 KiB.
    pub const UNIX_INPLACE: Self = {
        let Self { records, bank, slots: [a, b] } = Self::UNIX;
        Self { records, bank, slots: [a, Region { start: b.start, len: 256 * 1024 }] }
    };

    /// The unix board's layout whose flash has this size; with two slots where none has.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn unix(size: u64) -> Self {
        match size == u64::from(Self::UNIX_INPLACE.size()) {
            true => Self::UNIX_INPLACE,
            false => Self::UNIX,
        }
    }

    /// Returns whether slot A is the board's only one, with B as its staging area.
    #[must_use]
    pub const fn has_one_slot(&self) -> bool {
        let [a, b] = self.slots;
        b.len < a.len
    }

    /// Size of the flash that this layout needs.
    #[must_use]
    pub const fn size(&self) -> u32 {
        let [a, b] = self.slots;
        let end = if a.end() > b.end() { a.end() } else { b.end() };
        if end > self.records.end() {
            end
        } else {
            self.records.end()
        }
    }
}
