//! One record and one mark, as bytes in flash.

use super::CRC;
use crate::{mutant, Error};
use crc::NoTable;
use embedded_storage::nor_flash::NorFlash;

/// Of a record: key, check of key and length, length, checksum of all. Of a mark: a number, checksum.
pub(super) const HEADER: u32 = 8;
/// Bytes that are moved at a time; no chip has a larger write size.
pub(super) const CHUNK: usize = 64;

/// Everything begins at a multiple of this: of eight bytes, or of the chip's write size where that is larger. A header has one
/// to itself, so that it is written after its value.
pub(super) const fn unit<F: NorFlash>() -> u32 {
    unit_of(F::WRITE_SIZE) as u32
}

pub(super) const fn unit_of(write: usize) -> usize {
    if write > HEADER as usize {
        write
    } else {
        HEADER as usize
    }
}

/// Length of a record with its header, up to where the next begins.
pub(super) fn padded<F: NorFlash>(len: u16) -> u32 {
    unit::<F>().saturating_add(u32::from(len)).next_multiple_of(unit::<F>())
}

pub(super) fn check(key: u8, len: u16) -> u8 {
    let [low, high] = len.to_le_bytes();
    // Not 0xFF for a blank header, and different for every single changed bit.
    key.rotate_left(3) ^ low ^ high.rotate_left(5) ^ 0xA5
}

/// Key and length of the record at `place`; `None` where none begins.
pub(super) fn header<F: NorFlash>(flash: &mut F, place: u32) -> Result<Option<(u8, u16)>, Error> {
    let mut bytes = [0; HEADER as usize];
    read(flash, place, &mut bytes)?;
    let [key, sum, l0, l1, ..] = bytes;
    let len = u16::from_le_bytes([l0, l1]);
    Ok((key != 0xFF && sum == check(key, len)).then_some((key, len)))
}

/// The checksum of a record, begun.
pub(super) fn begin_checksum(sequence: u32, place: u32, head: &[u8; 4]) -> crc::Digest<'static, u32, NoTable> {
    let mut digest = CRC.digest();
    digest.update(&sequence.to_le_bytes());
    digest.update(&place.to_le_bytes());
    digest.update(head);
    digest
}

/// The record's checksum is right.
pub(super) fn is_whole<F: NorFlash>(flash: &mut F, sequence: u32, place: u32, len: u16) -> Result<bool, Error> {
    mutant!(HeadFirst, return Ok(true));
    let mut bytes = [0; HEADER as usize];
    read(flash, place, &mut bytes)?;
    let [key, sum, l0, l1, c0, c1, c2, c3] = bytes;
    let mut digest = begin_checksum(sequence, place, &[key, sum, l0, l1]);
    let mut chunk = [0; CHUNK];
    let mut at = 0;
    while at < u32::from(len) {
        let count = CHUNK.min(u32::from(len).saturating_sub(at) as usize);
        let out = chunk.get_mut(..count).unwrap_or_default();
        read(flash, place.saturating_add(unit::<F>()).saturating_add(at), out)?;
        digest.update(out);
        at = at.saturating_add(count as u32);
    }
    Ok(digest.finalize() == u32::from_le_bytes([c0, c1, c2, c3]))
}

type Source<'a, F> = &'a mut dyn FnMut(&mut F, u32, &mut [u8]) -> Result<(), Error>;

/// Writes a record whose value `source` gives piece by piece, the header last, and reads it back.
pub(super) fn write_record<F: NorFlash>(
    flash: &mut F,
    sequence: u32,
    place: u32,
    key: u8,
    len: u16,
    source: Source<'_, F>,
) -> Result<(), Error> {
    let [l0, l1] = len.to_le_bytes();
    let mut digest = begin_checksum(sequence, place, &[key, check(key, len), l0, l1]);
    mutant!(HeadFirst, write_header(flash, place, [key, check(key, len), l0, l1], digest.clone())?);
    let mut chunk = [0xFF; CHUNK];
    let mut at = 0;
    while at < u32::from(len) {
        let count = CHUNK.min(u32::from(len).saturating_sub(at) as usize);
        chunk.fill(0xFF);
        let out = chunk.get_mut(..count).unwrap_or_default();
        source(flash, at, out)?;
        digest.update(out);
        let whole = chunk.get(..count.next_multiple_of(unit::<F>() as usize)).unwrap_or_default();
        write(flash, place.saturating_add(unit::<F>()).saturating_add(at), whole)?;
        at = at.saturating_add(count as u32);
    }
    mutant!(HeadFirst, return Ok(()));
    write_header(flash, place, [key, check(key, len), l0, l1], digest)?;
    if is_whole(flash, sequence, place, len)? {
        Ok(())
    } else {
        Err(Error::Device)
    }
}

pub(super) fn copy(value: &[u8], at: u32, out: &mut [u8]) -> Result<(), Error> {
    let from = value.get(at as usize..).and_then(|rest| rest.get(..out.len())).ok_or(Error::Device)?;
    out.copy_from_slice(from);
    Ok(())
}

/// The number in the mark at `place`; `None` where there is no whole one.
pub(super) fn mark<F: NorFlash>(flash: &mut F, sequence: u32, place: u32) -> Result<Option<u32>, Error> {
    let mut bytes = [0; HEADER as usize];
    read(flash, place, &mut bytes)?;
    let [n0, n1, n2, n3, c0, c1, c2, c3] = bytes;
    let number = [n0, n1, n2, n3];
    let is_whole = begin_checksum(sequence, place, &number).finalize() == u32::from_le_bytes([c0, c1, c2, c3]);
    Ok(is_whole.then_some(u32::from_le_bytes(number)))
}

pub(super) fn read<F: NorFlash>(flash: &mut F, at: u32, out: &mut [u8]) -> Result<(), Error> {
    flash.read(at, out).map_err(|_| Error::Device)
}

/// Writes the unit of a header: four bytes and the checksum.
pub(super) fn write_header<F: NorFlash>(
    flash: &mut F,
    at: u32,
    [h0, h1, h2, h3]: [u8; 4],
    checksum: crc::Digest<'static, u32, NoTable>,
) -> Result<(), Error> {
    let [c0, c1, c2, c3] = checksum.finalize().to_le_bytes();
    let mut bytes = [0xFF; CHUNK];
    let header = bytes.first_chunk_mut().ok_or(Error::Device)?;
    *header = [h0, h1, h2, h3, c0, c1, c2, c3];
    write(flash, at, bytes.get(..unit::<F>() as usize).ok_or(Error::Device)?)
}

fn write<F: NorFlash>(flash: &mut F, at: u32, bytes: &[u8]) -> Result<(), Error> {
    flash.write(at, bytes).map_err(|_| Error::Device)
}
