//! Values by key, in flash, through power cuts at any point.
//!
//! One bank is in use; records are appended to it, the last one of a key counts. When it is full, what counts is copied
//! to the next bank, whose header is written last: until then the old bank is the one in use. So each bank is erased in
//! turn. A record that was cut off by a power failure, or has rotted, is skipped by its checksum and takes no other with
//! it.

use super::layout::Layout;
use super::Error;
use crc::{Crc, NoTable, CRC_32_MPEG_2};
use embedded_storage::nor_flash::NorFlash;

/// What is kept. The numbers never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Key {
    /// State of the slots: what the bootloader decides by.
    Boot = 1,
    /// How far the slot in writing is filled.
    Progress = 2,
    /// The device secret, and whose it is.
    Secret = 3,
    /// Settings that the Center has changed.
    Settings = 4,
    /// The upgrade plan.
    Plan = 5,
    /// The file information of the component in progress.
    File = 6,
    /// Where the upgrade is.
    Upgrade = 7,
}

const KEYS: [Key; 7] = [Key::Boot, Key::Progress, Key::Secret, Key::Settings, Key::Plan, Key::File, Key::Upgrade];

const MAGIC: u32 = u32::from_le_bytes(*b"Qth1");
/// Everything begins at a multiple of this, the largest write size of the chips that this is for.
const ALIGN: u32 = 8;
/// Magic, sequence number, checksum of both, blank.
const BANK_HEADER: u32 = 16;
/// Key, check of key and length, length, checksum of all.
const HEADER: u32 = 8;
/// Bytes that are moved at a time.
const CHUNK: usize = 64;

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_MPEG_2);

/// The records of a flash. All state is in the flash; this only remembers where it ends.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    layout: Layout,
    /// Number of the bank in use.
    bank: u32,
    sequence: u32,
    /// Where the next record goes, from the start of the bank.
    end: u32,
    /// The next record goes to a new bank: this one is not blank behind its end, or there is none in use yet.
    is_closed: bool,
}

/// A record's place.
#[derive(Clone, Copy)]
struct Found {
    at: u32,
    len: u16,
}

impl Records {
    /// Finds the bank in use. A blank flash, or one that can't be read, has none: it has no records.
    pub fn open<F: NorFlash>(flash: &mut F, layout: Layout) -> Self {
        let mut newest: Option<(u32, u32)> = None;
        for bank in 0..Self::banks(&layout) {
            let Some(sequence) = bank_sequence(flash, layout.records.start.saturating_add(bank.saturating_mul(layout.bank)))
            else {
                continue;
            };
            // Sequence numbers wrap around; the newest is the one just ahead of the others.
            if newest.is_none_or(|(_, other)| sequence.wrapping_sub(other) < u32::MAX / 2) {
                newest = Some((bank, sequence));
            }
        }
        let (bank, sequence) = newest.unwrap_or((0, 0));
        let mut records = Self { layout, bank, sequence, end: BANK_HEADER, is_closed: newest.is_none() };
        if newest.is_some() {
            records.find_end(flash);
        }
        records
    }

    /// Reads the value of `key` into `out` and returns its length; `None` when there is none.
    ///
    /// # Errors
    /// Flash can't be read, or the value is longer than `out`.
    pub fn get<F: NorFlash>(&self, flash: &mut F, key: Key, out: &mut [u8]) -> Result<Option<usize>, Error> {
        let Some(found) = self.find(flash, key)? else { return Ok(None) };
        let length = usize::from(found.len);
        if length == 0 {
            return Ok(None);
        }
        let out = out.get_mut(..length).ok_or(Error::Full)?;
        read(flash, found.at.saturating_add(HEADER), out)?;
        Ok(Some(length))
    }

    /// Writes a value, which is there when this returns, and not at all or whole if power fails meanwhile.
    ///
    /// # Errors
    /// There is no room for it beside the others, or flash can't be written. What was there before still is.
    pub fn put<F: NorFlash>(&mut self, flash: &mut F, key: Key, value: &[u8]) -> Result<(), Error> {
        let mut same = [0; CHUNK];
        if value.len() <= CHUNK {
            if let Ok(Some(length)) = self.get(flash, key, &mut same) {
                if same.get(..length) == Some(value) {
                    return Ok(());
                }
            }
        }
        if !self.is_closed && self.append(flash, key, value).is_ok() {
            return Ok(());
        }
        // Full, or torn, or worn: on to the next bank, and past one that can't be written.
        let mut result = Err(Error::Full);
        for step in 1..=Self::banks(&self.layout).saturating_sub(1) {
            result = self.move_to(flash, step, key, value);
            if !matches!(result, Err(Error::Device)) {
                break;
            }
        }
        result
    }

    /// Removes the value of `key`.
    ///
    /// # Errors
    /// Flash can't be written.
    pub fn remove<F: NorFlash>(&mut self, flash: &mut F, key: Key) -> Result<(), Error> {
        match self.find(flash, key)? {
            Some(found) if found.len > 0 => self.put_empty(flash, key),
            _ => Ok(()),
        }
    }

    fn put_empty<F: NorFlash>(&mut self, flash: &mut F, key: Key) -> Result<(), Error> {
        self.put(flash, key, &[])
    }

    fn banks(layout: &Layout) -> u32 {
        layout.records.len.checked_div(layout.bank).unwrap_or(0)
    }

    fn start(&self) -> u32 {
        self.layout.records.start.saturating_add(self.bank.saturating_mul(self.layout.bank))
    }

    /// The last whole record of `key`.
    fn find<F: NorFlash>(&self, flash: &mut F, key: Key) -> Result<Option<Found>, Error> {
        let mut found = None;
        let mut at = BANK_HEADER;
        while at < self.end {
            let place = self.start().saturating_add(at);
            let Some((record_key, len)) = header(flash, place)? else { break };
            if record_key == key as u8 && is_whole(flash, place, len)? {
                found = Some(Found { at: place, len });
            }
            at = at.saturating_add(padded(len));
        }
        Ok(found)
    }

    /// Walks to the end of the bank in use; closes it when it is not blank from there on.
    fn find_end<F: NorFlash>(&mut self, flash: &mut F) {
        let start = self.start();
        self.end = BANK_HEADER;
        while let Ok(Some((_, len))) = header(flash, start.saturating_add(self.end)) {
            let next = self.end.saturating_add(padded(len));
            if next > self.layout.bank {
                break;
            }
            self.end = next;
        }
        let mut bytes = [0; CHUNK];
        let mut at = self.end;
        while at < self.layout.bank {
            let count = CHUNK.min(self.layout.bank.saturating_sub(at) as usize);
            let chunk = bytes.get_mut(..count).unwrap_or_default();
            if read(flash, start.saturating_add(at), chunk).is_err() || chunk.iter().any(|&byte| byte != 0xFF) {
                self.is_closed = true;
                return;
            }
            at = at.saturating_add(count as u32);
        }
    }

    fn append<F: NorFlash>(&mut self, flash: &mut F, key: Key, value: &[u8]) -> Result<(), Error> {
        let len = u16::try_from(value.len()).map_err(|_| Error::Full)?;
        let next = self.end.saturating_add(padded(len));
        if next > self.layout.bank {
            return Err(Error::Full);
        }
        let place = self.start().saturating_add(self.end);
        let written = write_record(flash, place, key as u8, len, &mut |_, at, out| copy(value, at, out));
        match written {
            Ok(()) => {
                self.end = next;
                Ok(())
            }
            Err(error) => {
                self.is_closed = true;
                Err(error)
            }
        }
    }

    /// Copies what counts, with `value` in the place of `key`, `step` banks on; that bank is the one in use then.
    fn move_to<F: NorFlash>(&mut self, flash: &mut F, step: u32, key: Key, value: &[u8]) -> Result<(), Error> {
        let bank = self.bank.saturating_add(step).checked_rem(Self::banks(&self.layout)).unwrap_or(0);
        let mut next = Self { bank, sequence: self.sequence.wrapping_add(1), end: BANK_HEADER, is_closed: false, ..*self };
        let start = next.start();
        flash.erase(start, start.saturating_add(self.layout.bank)).map_err(|_| Error::Device)?;
        for other in KEYS {
            if other == key {
                continue;
            }
            let Some(found) = self.find(flash, other)?.filter(|found| found.len > 0) else { continue };
            let place = start.saturating_add(next.end);
            let after = next.end.saturating_add(padded(found.len));
            if after > self.layout.bank {
                return Err(Error::Full);
            }
            let from = found.at.saturating_add(HEADER);
            write_record(flash, place, other as u8, found.len, &mut |flash, at, out| read(flash, from.saturating_add(at), out))?;
            next.end = after;
        }
        if !value.is_empty() {
            next.append(flash, key, value)?;
        }
        write_bank_header(flash, start, next.sequence)?;
        *self = next;
        Ok(())
    }
}

/// Length of a record with its header, up to where the next begins.
fn padded(len: u16) -> u32 {
    HEADER.saturating_add(u32::from(len)).next_multiple_of(ALIGN)
}

fn check(key: u8, len: u16) -> u8 {
    let [low, high] = len.to_le_bytes();
    // Not 0xFF for a blank header, and different for every single changed bit.
    key.rotate_left(3) ^ low ^ high.rotate_left(5) ^ 0xA5
}

/// Key and length of the record at `place`; `None` where none begins.
fn header<F: NorFlash>(flash: &mut F, place: u32) -> Result<Option<(u8, u16)>, Error> {
    let mut bytes = [0; HEADER as usize];
    read(flash, place, &mut bytes)?;
    let [key, sum, l0, l1, ..] = bytes;
    let len = u16::from_le_bytes([l0, l1]);
    Ok((key != 0xFF && sum == check(key, len)).then_some((key, len)))
}

/// The record's checksum is right.
fn is_whole<F: NorFlash>(flash: &mut F, place: u32, len: u16) -> Result<bool, Error> {
    let mut bytes = [0; HEADER as usize];
    read(flash, place, &mut bytes)?;
    let [key, sum, l0, l1, c0, c1, c2, c3] = bytes;
    let mut digest = CRC.digest();
    digest.update(&[key, sum, l0, l1]);
    let mut chunk = [0; CHUNK];
    let mut at = 0;
    while at < u32::from(len) {
        let count = CHUNK.min(u32::from(len).saturating_sub(at) as usize);
        let out = chunk.get_mut(..count).unwrap_or_default();
        read(flash, place.saturating_add(HEADER).saturating_add(at), out)?;
        digest.update(out);
        at = at.saturating_add(count as u32);
    }
    Ok(digest.finalize() == u32::from_le_bytes([c0, c1, c2, c3]))
}

type Source<'a, F> = &'a mut dyn FnMut(&mut F, u32, &mut [u8]) -> Result<(), Error>;

/// Writes a record whose value `source` gives piece by piece, the header last, and reads it back.
fn write_record<F: NorFlash>(flash: &mut F, place: u32, key: u8, len: u16, source: Source<'_, F>) -> Result<(), Error> {
    let [l0, l1] = len.to_le_bytes();
    let mut digest = CRC.digest();
    digest.update(&[key, check(key, len), l0, l1]);
    let mut chunk = [0xFF; CHUNK];
    let mut at = 0;
    while at < u32::from(len) {
        let count = CHUNK.min(u32::from(len).saturating_sub(at) as usize);
        chunk.fill(0xFF);
        let out = chunk.get_mut(..count).unwrap_or_default();
        source(flash, at, out)?;
        digest.update(out);
        let whole = chunk.get(..count.next_multiple_of(ALIGN as usize)).unwrap_or_default();
        write(flash, place.saturating_add(HEADER).saturating_add(at), whole)?;
        at = at.saturating_add(count as u32);
    }
    let [c0, c1, c2, c3] = digest.finalize().to_le_bytes();
    write(flash, place, &[key, check(key, len), l0, l1, c0, c1, c2, c3])?;
    if is_whole(flash, place, len)? {
        Ok(())
    } else {
        Err(Error::Device)
    }
}

fn copy(value: &[u8], at: u32, out: &mut [u8]) -> Result<(), Error> {
    let from = value.get(at as usize..).and_then(|rest| rest.get(..out.len())).ok_or(Error::Device)?;
    out.copy_from_slice(from);
    Ok(())
}

/// Sequence number of the bank at `start`, if its header is whole.
fn bank_sequence<F: NorFlash>(flash: &mut F, start: u32) -> Option<u32> {
    let mut bytes = [0; 12];
    read(flash, start, &mut bytes).ok()?;
    let (head, crc) = bytes.split_last_chunk::<4>()?;
    let (magic, sequence) = head.split_first_chunk::<4>()?;
    let is_whole = *magic == MAGIC.to_le_bytes() && u32::from_le_bytes(*crc) == CRC.checksum(head);
    is_whole.then_some(u32::from_le_bytes(*sequence.first_chunk()?))
}

fn write_bank_header<F: NorFlash>(flash: &mut F, start: u32, sequence: u32) -> Result<(), Error> {
    let [m0, m1, m2, m3] = MAGIC.to_le_bytes();
    let [s0, s1, s2, s3] = sequence.to_le_bytes();
    let [c0, c1, c2, c3] = CRC.checksum(&[m0, m1, m2, m3, s0, s1, s2, s3]).to_le_bytes();
    write(flash, start, &[m0, m1, m2, m3, s0, s1, s2, s3, c0, c1, c2, c3, 0xFF, 0xFF, 0xFF, 0xFF])?;
    match bank_sequence(flash, start) {
        Some(written) if written == sequence => Ok(()),
        _ => Err(Error::Device),
    }
}

fn read<F: NorFlash>(flash: &mut F, at: u32, out: &mut [u8]) -> Result<(), Error> {
    flash.read(at, out).map_err(|_| Error::Device)
}

fn write<F: NorFlash>(flash: &mut F, at: u32, bytes: &[u8]) -> Result<(), Error> {
    flash.write(at, bytes).map_err(|_| Error::Device)
}
