//! How far the rewriting of a slot is: one record, written before and after each block is copied.

use embedded_storage::nor_flash::NorFlash;
use qth_flash::records::{Key, Records};
use qth_flash::slot::Sha256Digest;
use qth_flash::Error;

/// Length of the record.
pub const RECORD: usize = 4 + 1 + 3 * 4;
/// Bytes of the package's digest that tell it from another's.
const IDENTITY: usize = 4;

/// Most scratch blocks that can be passed over: six bits are kept.
pub(super) const PASSED_MAX: u32 = 63;

/// What a step has still to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The block is to be made.
    Make,
    /// The block is in its scratch block, and is to be copied to its place.
    Copy,
}

/// Where the rewriting goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Journal {
    /// Back to the old image.
    pub back: bool,
    pub phase: Phase,
    /// Scratch blocks that could not be written, so that the block is in the one after them; at most [`PASSED_MAX`].
    pub passed: u32,
    pub step: u32,
    /// Where the delta goes on: for the block of this step if that is to be made, else for the next.
    pub input: u32,
    pub distance: u32,
}

impl Journal {
    pub(super) const fn begin(back: bool) -> Self {
        Self { back, phase: Phase::Make, passed: 0, step: 0, input: 0, distance: 0 }
    }

    /// The journal of this package's way there or back; `None`: that was not begun.
    pub(super) fn read<F: NorFlash>(
        flash: &mut F,
        records: &Records,
        package: &Sha256Digest,
        back: bool,
    ) -> Result<Option<Self>, Error> {
        let mut bytes = [0; RECORD];
        let length = records.get(flash, Key::Journal, &mut bytes)?;
        let Some((identity, rest)) = bytes.split_first_chunk::<IDENTITY>() else { return Ok(None) };
        let Some((flags, numbers)) = rest.split_first() else { return Ok(None) };
        let (words, _) = numbers.as_chunks();
        let [step, input, distance] = *words else { return Ok(None) };
        if length != Some(RECORD) || package.first_chunk() != Some(identity) || (flags & 1 == 1) != back {
            return Ok(None);
        }
        Ok(Some(Self {
            back,
            phase: if flags & 2 == 2 { Phase::Copy } else { Phase::Make },
            passed: u32::from(flags >> 2),
            step: u32::from_le_bytes(step),
            input: u32::from_le_bytes(input),
            distance: u32::from_le_bytes(distance),
        }))
    }

    pub(super) fn write<F: NorFlash>(&self, flash: &mut F, records: &mut Records, package: &Sha256Digest) -> Result<(), Error> {
        let mut bytes = [0; RECORD];
        let flags = u8::from(self.back) | u8::from(self.phase == Phase::Copy) << 1 | (self.passed as u8) << 2;
        let [s0, s1, s2, s3] = self.step.to_le_bytes();
        let [i0, i1, i2, i3] = self.input.to_le_bytes();
        let [d0, d1, d2, d3] = self.distance.to_le_bytes();
        let rest = [flags, s0, s1, s2, s3, i0, i1, i2, i3, d0, d1, d2, d3];
        let identity = package.iter().take(IDENTITY);
        for (to, from) in bytes.iter_mut().zip(identity.chain(&rest)) {
            *to = *from;
        }
        records.put(flash, Key::Journal, &bytes)
    }
}
