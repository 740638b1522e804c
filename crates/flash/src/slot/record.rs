//! The record of both slots: how it is read, written, and changed.

use super::{Error, Key, Layout, Reason, Records, Slots, State, VERSION_MAX};
use embedded_storage::nor_flash::NorFlash;

/// State, detail, size, digest, version with its length.
const SLOT_RECORD: usize = 2 + 4 + 32 + 1 + VERSION_MAX;
/// Format, both slots, the bad image's digest, the reason to report.
pub const RECORD: usize = 1 + 2 * SLOT_RECORD + 32 + 1;
const FORMAT: u8 = 1;

impl Slots {
    /// Reads the state of the slots. Without a record both are empty.
    ///
    /// # Errors
    /// Flash can't be read, or the record is not one that this understands.
    pub fn load<F: NorFlash>(flash: &mut F, layout: Layout, records: &Records) -> Result<Self, Error> {
        let mut bytes = [0; RECORD];
        let mut slots = Self::unknown(layout);
        match records.get(flash, Key::Boot, &mut bytes)? {
            None => Ok(slots),
            Some(RECORD) if slots.read_record(&bytes).is_some() => Ok(slots),
            Some(_) => Err(Error::Device),
        }
    }

    /// Changes the state of the slots, in flash first: when that fails, it stays as it was.
    // A function of its own, also inside: this is deep in the stack, and would be there once for every caller.
    #[inline(never)]
    pub(crate) fn change<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        change: &mut dyn FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut record = [0; RECORD];
        self.write_changed(change, &mut record)?;
        records.put(flash, Key::Boot, &record)?;
        self.read_record(&record).ok_or(Error::State)
    }

    /// Writes the record of what the state is with this change.
    #[inline(never)]
    fn write_changed(&self, change: &mut dyn FnMut(&mut Self) -> Result<(), Error>, out: &mut [u8; RECORD]) -> Result<(), Error> {
        let mut next = Self::unknown(self.layout);
        // By way of the record, which has its place already: a clone takes more.
        self.write_record(out).and_then(|()| next.read_record(out)).ok_or(Error::Full)?;
        change(&mut next)?;
        next.write_record(out).ok_or(Error::Full)
    }

    fn write_record(&self, record: &mut [u8; RECORD]) -> Option<()> {
        let (format, mut rest) = record.split_first_mut()?;
        *format = FORMAT;
        for slot in &self.slots {
            let (bytes, after) = rest.split_first_chunk_mut::<SLOT_RECORD>()?;
            rest = after;
            let (code, detail) = slot.state.code();
            let [s0, s1, s2, s3] = slot.size.to_le_bytes();
            let (head, tail) = bytes.split_first_chunk_mut::<6>()?;
            *head = [code, detail, s0, s1, s2, s3];
            let (sha256, version) = tail.split_first_chunk_mut::<32>()?;
            *sha256 = slot.sha256;
            let (length, text) = version.split_first_mut()?;
            *length = slot.version.len() as u8;
            text.fill(0);
            text.get_mut(..slot.version.len())?.copy_from_slice(slot.version.as_bytes());
        }
        let (known_bad, reason) = rest.split_first_chunk_mut::<32>()?;
        *known_bad = self.known_bad;
        *reason.first_mut()? = self.reverted.map_or(0, |reason| reason as u8);
        Some(())
    }

    fn read_record(&mut self, record: &[u8; RECORD]) -> Option<()> {
        let (&FORMAT, mut rest) = record.split_first()? else { return None };
        for slot in &mut self.slots {
            let (bytes, after) = rest.split_first_chunk::<SLOT_RECORD>()?;
            rest = after;
            let &[code, detail, s0, s1, s2, s3, ref tail @ ..] = bytes;
            let (sha256, version) = tail.split_first_chunk::<32>()?;
            let (&length, text) = version.split_first()?;
            let text = text.get(..usize::from(length)).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or_default();
            slot.state = State::from_code(code, detail);
            slot.size = u32::from_le_bytes([s0, s1, s2, s3]);
            slot.sha256 = *sha256;
            slot.version.clear();
            slot.version.push_str(text).ok()?;
        }
        let (known_bad, reason) = rest.split_first_chunk::<32>()?;
        self.known_bad = *known_bad;
        self.reverted = Reason::from_code(*reason.first()?);
        Some(())
    }
}
