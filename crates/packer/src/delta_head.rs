//! The first bytes of a delta.

use crate::learn::Table;
use qth_package::delta::Header;

/// A number outside of segments (LEB128).
pub(crate) fn number(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A signed number: 0, -1, 1, -2, … as 0, 1, 2, 3, …
pub(crate) fn zigzag(value: i32) -> u32 {
    (value << 1 ^ value >> 31) as u32
}

/// Header and shifts.
pub(crate) fn begin(header: &Header, table: &Table) -> Vec<u8> {
    let mut bytes = Vec::new();
    let [image_shifts, ram_shifts, name_shifts] = [0, 1, 2].map(|region: usize| table.0[region].len() as u32);
    let header = Header { image_shifts, ram_shifts, name_shifts, ..*header };
    for value in header.numbers() {
        number(&mut bytes, value);
    }
    for shifts in &table.0 {
        let (mut place, mut before) = (0, 0);
        for (start, shift) in shifts {
            number(&mut bytes, start - place);
            number(&mut bytes, zigzag(shift - before));
            (place, before) = (*start, *shift);
        }
    }
    bytes
}
