//! Values by key, in flash, through power cuts at any point.
//!
//! One bank is in use; records are appended to it, the last one of a key counts. When it is full, what counts is copied
//! to the next bank, which is marked as whole then: until that the old bank is the one in use. So each bank is erased in
//! turn. A record that was cut off by a power failure, or has rotted, is known by its checksum and takes no other with
//! it: the search goes on at the next place where a whole one begins. The checksum is also over the bank's sequence
//! number and the record's place, so that bytes inside of a value are not taken for a record.
//!
//! A unit that power failed in may read as whole now and not the next time. So nothing is appended to a bank of an earlier
//! start: the first value that is put after a start goes to a fresh bank. And what is about to be relied on is settled
//! first: unless all of the bank in use is known to stay, it is copied. See `docs/DESIGN.md`.
//!
//! What can't be read is never taken for something that is not there.

mod entry;
#[cfg(test)]
mod tests;

use super::layout::Layout;
use super::Error;
use crate::mutant;
use crc::{Crc, NoTable, CRC_32_MPEG_2};
use embedded_storage::nor_flash::NorFlash;
use entry::{begin_checksum, copy, header, is_whole, mark, padded, read, unit, unit_of, write_header, write_record, CHUNK};

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
    /// What the signed package in progress changes once it is installed.
    Package = 8,
    /// Sequence numbers of the packages that are installed.
    Sequences = 9,
    /// Public key that has taken the place of the one that the script sets.
    SigningKey = 10,
    /// How far the rewriting of a slot is.
    Journal = 11,
    /// How long the firmware on trial has run before orderly restarts.
    Trial = 12,
    /// The digests of the file whose image was rejected last.
    Rejected = 13,
}

const KEYS: [Key; 13] = [
    Key::Boot,
    Key::Progress,
    Key::Secret,
    Key::Settings,
    Key::Plan,
    Key::File,
    Key::Upgrade,
    Key::Package,
    Key::Sequences,
    Key::SigningKey,
    Key::Journal,
    Key::Trial,
    Key::Rejected,
];

/// In the checksum of a bank's first mark, in the place of a sequence number.
const MAGIC: u32 = u32::from_le_bytes(*b"Qth2");
/// Marks at the start of a bank, each a unit of its own with the sequence number. They are written in order; the first
/// invalid one ends the list.
const MARKS: u32 = 4;
/// The bank is whole: it was begun, then all that counted was copied to it.
const WHOLE: u32 = 2;
/// The mark before was read back before this one was written: the bank stays whole.
const LASTING: u32 = 3;

/// The checksum of records, and of what a slot is rewritten with: CRC-32/MPEG-2.
pub static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_MPEG_2);

/// The records of a flash. All state is in the flash; this only remembers where it ends.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    layout: Layout,
    /// The bank in use.
    bank: Bank,
    /// The newest bank that is known to stay as it is. While the bank in use is not, this one is kept.
    lasting: Bank,
    /// Newest sequence number of any bank, whole or not.
    newest: u32,
    /// Where the next record goes, from the start of the bank.
    end: u32,
    state: State,
}

/// What may be done with the bank in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It can't be read which bank that is: nothing is written.
    Unreadable,
    /// It is of an earlier start, and may read differently another time. The next record goes to a new bank.
    Uncertain,
    /// It is of an earlier start, could not be written any more, or does not exist yet; what is read from it will be read the
    /// same again. The next record goes to a new bank.
    Closed,
    /// It was begun in this start, and all that counted was copied to it.
    Fresh,
    /// It is marked as one that more comes to, and records are appended to it.
    Open,
}

/// A bank by its place in the ring. Sequence numbers begin at 1, 0 is that of none; no flash lives for all of them.
#[derive(Clone, Copy, Debug)]
struct Bank {
    number: u32,
    sequence: u32,
}

/// A whole record, by its place in the flash.
#[derive(Clone, Copy)]
struct Found {
    key: u8,
    at: u32,
    len: u16,
}

impl Records {
    /// Records of a flash that was not looked at: nothing is read or written. All zeros but for the layout, so that a device in
    /// static memory takes none in the firmware's image.
    #[must_use]
    pub const fn unknown(layout: Layout) -> Self {
        let bank = Bank { number: 0, sequence: 0 };
        Self { layout, bank, lasting: bank, newest: 0, end: 0, state: State::Unreadable }
    }

    /// Finds the bank in use. A blank flash has none: it has no records.
    pub fn open<F: NorFlash>(flash: &mut F, layout: Layout) -> Self {
        let mut records = Self::unknown(layout);
        records.state = records.find_bank(flash).unwrap_or(State::Unreadable);
        records
    }

    /// Finds the bank in use, and where its records end; returns what may be done with it.
    fn find_bank<F: NorFlash>(&mut self, flash: &mut F) -> Result<State, Error> {
        let mut is_lasting = true;
        self.end = records_at::<F>();
        for number in 0..Self::banks(&self.layout) {
            let start = self.start_of(number);
            let (mut sequence, mut marks) = (MAGIC, 0);
            while let Some(found) = mark(flash, sequence, mark_at::<F>(start, marks))?.filter(|_| marks < MARKS) {
                sequence = found;
                marks = marks.saturating_add(1);
            }
            if marks == 0 {
                continue;
            }
            let bank = Bank { number, sequence };
            self.newest = self.newest.max(sequence);
            if marks >= WHOLE && sequence > self.bank.sequence {
                self.bank = bank;
                is_lasting = marks == LASTING;
            }
            if marks >= LASTING && sequence > self.lasting.sequence {
                self.lasting = bank;
            }
        }
        let mut at = self.end;
        while self.bank.sequence > 0 && self.next(flash, &mut at, self.layout.bank)?.is_some() {
            self.end = at;
        }
        mutant!(
            AppendedTo,
            if self.bank.sequence != 0 {
                return Ok(State::Open);
            }
        );
        // A newer one that was begun may read as whole another time.
        let is_settled = is_lasting && self.newest == self.bank.sequence;
        Ok(if is_settled { State::Closed } else { State::Uncertain })
    }

    /// Copies all values to a fresh bank, unless what is read now will be read the same again. Before a start relies on them.
    ///
    /// # Errors
    /// Flash can't be read, and then nothing is written; or it can't be written.
    pub fn settle<F: NorFlash>(&mut self, flash: &mut F) -> Result<(), Error> {
        mutant!(NotSettled, return Ok(()));
        match self.state {
            State::Unreadable => Err(Error::Device),
            State::Uncertain => self.renew(flash, None, &[]),
            State::Closed | State::Fresh | State::Open => Ok(()),
        }
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
        read(flash, found.at.saturating_add(unit::<F>()), out)?;
        Ok(Some(length))
    }

    /// Writes a value, which is there when this returns, and not at all or whole if power fails meanwhile.
    ///
    /// # Errors
    /// There is no room for it beside the others, or flash can't be written. What was there before still is.
    pub fn put<F: NorFlash>(&mut self, flash: &mut F, key: Key, value: &[u8]) -> Result<(), Error> {
        if self.state == State::Unreadable {
            return Err(Error::Device);
        }
        let mut same = [0; CHUNK];
        if value.len() <= CHUNK && self.state != State::Uncertain {
            if let Ok(Some(length)) = self.get(flash, key, &mut same) {
                if same.get(..length) == Some(value) {
                    return Ok(());
                }
            }
        }
        if matches!(self.state, State::Fresh | State::Open) && self.add(flash, key, value).is_ok() {
            return Ok(());
        }
        self.renew(flash, Some(key), value)
    }

    /// On to a fresh bank, past one that can't be written.
    fn renew<F: NorFlash>(&mut self, flash: &mut F, key: Option<Key>, value: &[u8]) -> Result<(), Error> {
        let banks = Self::banks(&self.layout);
        let mut result = Err(Error::Full);
        for step in 1..banks {
            let number = self.bank.number.saturating_add(step).checked_rem(banks).unwrap_or(0);
            // Of two banks the other one has to do.
            if number == self.lasting.number && banks > 2 {
                continue;
            }
            result = self.move_to(flash, number, key, value);
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

    fn start_of(&self, number: u32) -> u32 {
        self.layout.records.start.saturating_add(number.saturating_mul(self.layout.bank))
    }

    fn start(&self) -> u32 {
        self.start_of(self.bank.number)
    }

    /// The last whole record of `key`.
    fn find<F: NorFlash>(&self, flash: &mut F, key: Key) -> Result<Option<Found>, Error> {
        if self.state == State::Unreadable {
            return Err(Error::Device);
        }
        let mut last = None;
        let mut at = records_at::<F>();
        while let Some(found) = self.next(flash, &mut at, self.end)? {
            if found.key == key as u8 {
                last = Some(found);
            }
        }
        Ok(last)
    }

    /// The first whole record from `at` on, which moves behind it; `None` when there is no more before `end`.
    fn next<F: NorFlash>(&self, flash: &mut F, at: &mut u32, end: u32) -> Result<Option<Found>, Error> {
        while *at < end {
            let place = self.start().saturating_add(*at);
            if let Some((key, len)) = header(flash, place)? {
                let next = at.saturating_add(padded::<F>(len));
                if next <= self.layout.bank && is_whole(flash, self.bank.sequence, place, len)? {
                    *at = next;
                    return Ok(Some(Found { key, at: place, len }));
                }
            }
            *at = at.saturating_add(unit::<F>());
        }
        Ok(None)
    }

    /// Appends a record to the bank in use.
    fn add<F: NorFlash>(&mut self, flash: &mut F, key: Key, value: &[u8]) -> Result<(), Error> {
        if self.state == State::Fresh {
            self.write_mark(flash, LASTING)?;
            self.state = State::Open;
        }
        self.append(flash, key, value)
    }

    fn append<F: NorFlash>(&mut self, flash: &mut F, key: Key, value: &[u8]) -> Result<(), Error> {
        let len = u16::try_from(value.len()).map_err(|_| Error::Full)?;
        let next = self.end.saturating_add(padded::<F>(len));
        if next > self.layout.bank {
            return Err(Error::Full);
        }
        let place = self.start().saturating_add(self.end);
        let written = write_record(flash, self.bank.sequence, place, key as u8, len, &mut |_, at, out| copy(value, at, out));
        match written {
            Ok(()) => {
                self.end = next;
                Ok(())
            }
            Err(error) => {
                self.state = State::Closed;
                Err(error)
            }
        }
    }

    /// Writes the mark with this number of the bank in use, and reads it back.
    fn write_mark<F: NorFlash>(&self, flash: &mut F, number: u32) -> Result<(), Error> {
        let place = mark_at::<F>(self.start(), number);
        let sequence = self.bank.sequence.to_le_bytes();
        let key = if number == 0 { MAGIC } else { self.bank.sequence };
        write_header::<F>(flash, place, sequence, begin_checksum(key, place, &sequence))?;
        match mark(flash, key, place)? {
            Some(_) => Ok(()),
            None => Err(Error::Device),
        }
    }

    /// Copies what counts, with `value` in the place of `key`, to the bank with this number, which is the one in use then.
    fn move_to<F: NorFlash>(&mut self, flash: &mut F, number: u32, key: Option<Key>, value: &[u8]) -> Result<(), Error> {
        // Newer than any other: one of those that are not whole may read as whole another time.
        self.newest = self.newest.saturating_add(1);
        let bank = Bank { number, sequence: self.newest };
        let mut next = Self { bank, lasting: bank, end: records_at::<F>(), state: State::Fresh, ..*self };
        let start = next.start();
        flash.erase(start, start.saturating_add(self.layout.bank)).map_err(|_| Error::Device)?;
        next.write_mark(flash, 0)?;
        mutant!(MarkedTooSoon, {
            next.write_mark(flash, 1)?;
            next.write_mark(flash, 2)?;
        });
        for other in KEYS {
            if Some(other) == key {
                continue;
            }
            let Some(found) = self.find(flash, other)?.filter(|found| found.len > 0) else { continue };
            let place = start.saturating_add(next.end);
            let after = next.end.saturating_add(padded::<F>(found.len));
            if after > self.layout.bank {
                return Err(Error::Full);
            }
            let from = found.at.saturating_add(unit::<F>());
            write_record(flash, bank.sequence, place, other as u8, found.len, &mut |flash, at, out| {
                read(flash, from.saturating_add(at), out)
            })?;
            next.end = after;
        }
        if let Some(key) = key.filter(|_| !value.is_empty()) {
            next.append(flash, key, value)?;
        }
        mutant!(MarkedTooSoon, {
            *self = next;
            return Ok(());
        });
        next.write_mark(flash, 1)?;
        next.write_mark(flash, 2)?;
        *self = next;
        Ok(())
    }
}

/// Bytes of a bank that has room for values of these lengths at once, on a chip that writes `write` bytes at once.
#[must_use]
pub const fn room(lengths: &[usize], write: usize) -> usize {
    let unit = unit_of(write);
    let (mut bytes, mut rest) = (unit.saturating_mul(MARKS as usize), lengths);
    while let Some((length, others)) = rest.split_first() {
        bytes = bytes.saturating_add(unit).saturating_add(length.next_multiple_of(unit));
        rest = others;
    }
    bytes
}

/// Where the mark with this number is in the bank that begins at `start`; behind the last one are the records.
const fn mark_at<F: NorFlash>(start: u32, number: u32) -> u32 {
    start.saturating_add(unit::<F>().saturating_mul(number))
}

/// Where the first record of a bank begins.
const fn records_at<F: NorFlash>() -> u32 {
    mark_at::<F>(0, MARKS)
}
