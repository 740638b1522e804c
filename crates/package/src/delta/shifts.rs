//! The table of shifts: by how much addresses have moved from the old image to the new one.

use super::Error;

/// Shifts are below this, up and down.
const SHIFT_MAX: i32 = 1 << 23;
const START_MAX: u32 = 1 << 24;

/// What numbers can mean that move together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// Addresses in the image, counted from its first.
    Image = 0,
    /// Addresses in RAM, counted from its first.
    Ram = 1,
    /// MicroPython's interned texts, by their number, as words of the firmware hold them: new ones shift those behind.
    Names = 2,
}

/// Up to `SIZE` shifts, region by region. Each counts from its first number on, to the next one's; before the first of a
/// region, nothing has moved. Kept in 24 bits each: memory is what bounds their number.
#[derive(Clone, Debug)]
pub struct Shifts<const SIZE: usize> {
    /// First numbers.
    starts: [[u8; 3]; SIZE],
    shifts: [[u8; 3]; SIZE],
    /// Behind the last of each region.
    ends: [usize; 3],
}

impl<const SIZE: usize> Shifts<SIZE> {
    /// Nothing has moved.
    #[must_use]
    pub const fn new() -> Self {
        Self { starts: [[0; 3]; SIZE], shifts: [[0; 3]; SIZE], ends: [0; 3] }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.ends = [0; 3];
    }

    /// Places of a region's shifts.
    fn range(&self, region: Region) -> (usize, usize) {
        let [image, ram, names] = self.ends;
        match region {
            Region::Image => (0, image),
            Region::Ram => (image, ram),
            Region::Names => (ram, names),
        }
    }

    /// Adds one, `ahead` numbers behind the one before and with its shift changed by `change`; the first of a region goes
    /// from 0. Regions come in order.
    ///
    /// # Errors
    /// There is no room, or the numbers do not fit.
    pub fn push(&mut self, region: Region, ahead: u32, change: i32) -> Result<(), Error> {
        let (first, place) = self.range(region);
        let (start, shift) = match place.checked_sub(1).filter(|last| *last >= first) {
            Some(last) => (self.starts.get(last).map_or(0, start), self.shifts.get(last).map_or(0, shift)),
            None => (0, 0),
        };
        let start = start.checked_add(ahead).filter(|start| *start < START_MAX).ok_or(Error::Data)?;
        let shift = shift.checked_add(change).filter(|shift| (-SHIFT_MAX..SHIFT_MAX).contains(shift)).ok_or(Error::Data)?;
        let (Some(to_start), Some(to_shift)) = (self.starts.get_mut(place), self.shifts.get_mut(place)) else {
            return Err(Error::Memory);
        };
        let [a, b, c, _] = start.to_le_bytes();
        *to_start = [a, b, c];
        let [a, b, c, _] = shift.to_le_bytes();
        *to_shift = [a, b, c];
        for end in self.ends.iter_mut().skip(region as usize) {
            *end = place.saturating_add(1);
        }
        Ok(())
    }

    /// How far a number of a region has moved.
    pub fn at(&self, region: Region, number: u32) -> i32 {
        let (first, end) = self.range(region);
        let starts = self.starts.get(first..end).unwrap_or_default();
        let behind = starts.partition_point(|other| start(other) <= number);
        match behind.checked_sub(1) {
            Some(place) => self.shifts.get(first.saturating_add(place)).map_or(0, shift),
            None => 0,
        }
    }
}

impl<const SIZE: usize> Default for Shifts<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

fn start(bytes: &[u8; 3]) -> u32 {
    let [a, b, c] = *bytes;
    u32::from_le_bytes([a, b, c, 0])
}

fn shift(bytes: &[u8; 3]) -> i32 {
    let [a, b, c] = *bytes;
    i32::from_le_bytes([0, a, b, c]) >> 8
}

/// The signed number that an unsigned one of the format stands for: 0, -1, 1, -2, …
#[must_use]
pub fn signed(number: u32) -> i32 {
    let sign = if number & 1 == 1 { u32::MAX } else { 0 };
    (number >> 1 ^ sign) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_counts_from_its_first_address_to_the_next() {
        let mut shifts = Shifts::<4>::new();
        shifts.push(Region::Image, 100, 8).unwrap();
        shifts.push(Region::Image, 50, -20).unwrap();
        shifts.push(Region::Ram, 0, 4).unwrap();
        shifts.push(Region::Names, 9, 16).unwrap();
        let moved = |offset| shifts.at(Region::Image, offset);
        assert_eq!((moved(0), moved(99), moved(100), moved(149), moved(150), moved(1 << 23)), (0, 0, 8, 8, -12, -12));
        assert_eq!((shifts.at(Region::Ram, 0), shifts.at(Region::Ram, 500)), (4, 4));
        assert_eq!((shifts.at(Region::Names, 8), shifts.at(Region::Names, 9)), (0, 16));
    }

    #[test]
    fn more_or_larger_ones_than_fit_are_refused() {
        let mut shifts = Shifts::<1>::new();
        assert_eq!(shifts.push(Region::Image, START_MAX, 0), Err(Error::Data));
        assert_eq!(shifts.push(Region::Image, 0, SHIFT_MAX), Err(Error::Data));
        assert_eq!(shifts.push(Region::Image, START_MAX - 1, -SHIFT_MAX), Ok(()));
        assert_eq!(shifts.at(Region::Image, START_MAX - 1), -SHIFT_MAX);
        assert_eq!(shifts.push(Region::Ram, 0, 0), Err(Error::Memory));
    }

    #[test]
    fn signed_numbers_alternate() {
        assert_eq!([0, 1, 2, 3, u32::MAX].map(signed), [0, -1, 1, -2, i32::MIN]);
    }
}
