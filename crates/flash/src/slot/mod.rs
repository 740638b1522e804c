//! The two slots: what is in each, and which firmware runs.
//!
//! One record holds the state of both, so that every transition is one write. The slot that runs is never written; where it is
//! the only one, the bootloader rewrites it, and B is the staging area for its packages.

mod bytes;
mod record;
mod state;
#[cfg(test)]
mod tests;
mod trial;
mod writing;

use crate::layout::{Layout, Region};
use crate::records::{Key, Records};
use crate::Error;
pub use bytes::{digest, erase, read, write_padded};
use embedded_storage::nor_flash::NorFlash;
use heapless::String;
pub use record::RECORD;
pub use state::{Reason, SlotInfo, State};
pub use writing::NOTE;

/// Slot A (0) or B (1).
pub type SlotId = usize;

/// A SHA-256.
pub type Sha256Digest = [u8; 32];

/// Longest version text of an image, in bytes.
pub const VERSION_MAX: usize = 64;

/// Both slots.
#[derive(Clone, Debug)]
pub struct Slots {
    pub(super) layout: Layout,
    pub(super) slots: [SlotInfo; 2],
    /// Digest of the last image that was rejected; zeros: none.
    known_bad: Sha256Digest,
    /// The reason is still to be reported.
    pub(super) reverted: Option<Reason>,
}

impl Slots {
    /// Slots of which nothing is known. None of them runs, so that none is written.
    #[must_use]
    pub const fn unknown(layout: Layout) -> Self {
        Self { layout, slots: [SlotInfo::EMPTY, SlotInfo::EMPTY], known_bad: [0; 32], reverted: None }
    }

    /// Records that slot A holds the firmware that came with the board.
    ///
    /// # Errors
    /// Flash can't be written.
    pub fn factory<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        size: u32,
        sha256: Sha256Digest,
        version: &str,
    ) -> Result<(), Error> {
        self.change(flash, records, &mut |next| {
            let [a, _] = &mut next.slots;
            *a = SlotInfo { state: State::Confirmed, size, sha256, version: String::try_from(version).unwrap_or_default() };
            Ok(())
        })
    }

    /// The content of a slot.
    #[must_use]
    pub fn info(&self, slot: SlotId) -> Option<&SlotInfo> {
        self.slots.get(slot)
    }

    /// Where records and slots lie.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Where a slot lies.
    #[must_use]
    pub fn region(&self, slot: SlotId) -> Option<Region> {
        self.layout.slots.get(slot).copied()
    }

    /// The slot that runs, or will at the next start: the one on trial, else the confirmed one.
    #[must_use]
    pub fn running(&self) -> Option<SlotId> {
        let on_trial = self.slots.iter().position(|slot| matches!(slot.state, State::Trial { .. }));
        on_trial.or_else(|| self.slots.iter().position(|slot| slot.state == State::Confirmed))
    }

    /// Largest file that fits where downloads go.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        let [a, b] = self.layout.slots;
        a.len.min(b.len)
    }

    /// Returns whether the firmware that runs is on trial.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot.state, State::Trial { .. }))
    }

    /// Returns whether a verified image waits for its first start.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.slots.iter().any(|slot| slot.state == State::Ready)
    }

    /// Returns whether the firmware that runs has this digest.
    #[must_use]
    pub fn is_running(&self, sha256: &Sha256Digest) -> bool {
        self.running().and_then(|slot| self.slots.get(slot)).is_some_and(|slot| slot.sha256 == *sha256)
    }

    /// Returns whether the image with this digest was the last one to be rejected.
    #[must_use]
    pub fn is_known_bad(&self, sha256: &Sha256Digest) -> bool {
        self.known_bad == *sha256
    }

    /// Digest of the last image that was rejected.
    #[must_use]
    pub fn known_bad(&self) -> Option<&Sha256Digest> {
        Some(&self.known_bad).filter(|digest| **digest != [0; 32])
    }

    /// Why the last new firmware was rejected, until that is reported.
    #[must_use]
    pub fn reverted(&self) -> Option<Reason> {
        self.reverted
    }

    /// SHA-256 of the first `len` bytes of the image that runs, as flash gives them back.
    ///
    /// # Errors
    /// None runs, it is shorter, or flash can't be read.
    #[cfg(feature = "pack")]
    pub fn digest_running<F: NorFlash>(&self, flash: &mut F, len: u32) -> Result<Sha256Digest, Error> {
        let running = self.running().and_then(|slot| Some((self.region(slot)?, self.info(slot)?)));
        let (region, _) = running.filter(|(_, slot)| len <= slot.size).ok_or(Error::State)?;
        digest(flash, region, len)
    }
}
