//! The only slot of a board, while a package rewrites it: what is to be done, and what has been.
//!
//! ```text
//! slot       confirmed ─────────────────────▶ trial ──▶ confirmed
//! package    writing ──▶ ready ──▶ armed ───▶ kept  ──▶ empty
//!
//! slot       trial ──▶ bad  ──▶ confirmed, the old image
//! package    kept ───▶ kept ──▶ empty
//! ```

use super::layout::Region;
use super::records::Records;
use super::slot::{Reason, Sha256Digest, SlotInfo, Slots, State};
use super::Error;
use embedded_storage::nor_flash::NorFlash;
use heapless::String;

/// Which way the slot is to be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// To the new image.
    There,
    /// Back to the old one.
    Back,
}

impl Slots {
    /// How the slot has to be rewritten before something can be started.
    #[must_use]
    pub fn rewrite(&self) -> Option<Rewrite> {
        let [slot, package] = &self.slots;
        match (slot.state, package.state) {
            (_, State::Armed { .. }) => Some(Rewrite::There),
            (State::Bad(_), State::Kept) => Some(Rewrite::Back),
            _ => None,
        }
    }

    /// The slot, the staging area, and the package that rewrites the one out of the other.
    #[must_use]
    pub fn staged(&self) -> Option<(Region, Region, &SlotInfo)> {
        let [slot, area] = self.layout.slots;
        self.rewrite()?;
        let [_, package] = &self.slots;
        Some((slot, area, package))
    }

    /// The package can't be applied: the old image, of which nothing was erased, goes on.
    ///
    /// # Errors
    /// No package is armed, or flash can't be written.
    pub fn refuse<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records, reason: Reason) -> Result<(), Error> {
        self.change(flash, records, &mut |next| {
            let [_, package] = &mut next.slots;
            let State::Armed { .. } = package.state else { return Err(Error::State) };
            package.state = State::Bad(reason);
            next.reverted = Some(reason);
            Ok(())
        })
    }

    /// The slot holds the new image, which is on trial.
    ///
    /// # Errors
    /// No package is armed, the version is too long, or flash can't be written.
    pub fn rewritten<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        size: u32,
        sha256: Sha256Digest,
        version: &str,
    ) -> Result<(), Error> {
        self.change(flash, records, &mut |next| {
            let [slot, package] = &mut next.slots;
            let State::Armed { boots } = package.state else { return Err(Error::State) };
            let version = String::try_from(version).map_err(|_| Error::Full)?;
            *slot = SlotInfo { state: State::Trial { boots_left: boots }, size, sha256, version };
            package.state = State::Kept;
            Ok(())
        })
    }

    /// The slot holds the old image again.
    ///
    /// # Errors
    /// No way back was gone, the version is too long, or flash can't be written.
    pub fn brought_back<F: NorFlash>(
        &mut self,
        flash: &mut F,
        records: &mut Records,
        size: u32,
        sha256: Sha256Digest,
        version: &str,
    ) -> Result<(), Error> {
        let Some(Rewrite::Back) = self.rewrite() else { return Err(Error::State) };
        self.change(flash, records, &mut |next| {
            let version = String::try_from(version).map_err(|_| Error::Full)?;
            next.slots = [SlotInfo { state: State::Confirmed, size, sha256, version }, SlotInfo::EMPTY];
            Ok(())
        })
    }

    /// The new image stays although it has failed its trial, because there is no way back from it.
    ///
    /// # Errors
    /// It has not failed, or flash can't be written.
    pub fn stay<F: NorFlash>(&mut self, flash: &mut F, records: &mut Records) -> Result<(), Error> {
        let Some(Rewrite::Back) = self.rewrite() else { return Err(Error::State) };
        self.change(flash, records, &mut |next| {
            let [slot, package] = &mut next.slots;
            slot.state = State::Confirmed;
            *package = SlotInfo::EMPTY;
            Ok(())
        })
    }
}
