//! Boards with one slot: the package itself is what is kept, whole, in the staging area. The bootloader rewrites the slot by it.

use super::Taken;
use crate::board::Board;
use crate::device::Core;
use crate::ota::digest::Digests;
use qth_package::inplace::staged::{Payload, Staged};
use qth_package::inplace::{self, Error};
use qth_package::{Format, Package};
use qth_protocol::ota::Failure;
use qth_protocol::ota::Kind;

impl<B: Board> Core<B> {
    /// A board with one slot is upgraded by in-place packages alone, which are for its blocks and leave room for a scratch block;
    /// one with two slots by all others. MCUs and the application are another matter.
    pub(super) fn check_layout(&self, package: Option<&Package<'_>>) -> Result<(), Failure> {
        let layout = self.board.layout();
        let in_place = package.filter(|package| package.manifest.format == Format::InPlace);
        let wants_in_place = layout.has_one_slot() && self.upgrade.kind() == Some(Kind::Module);
        let package = match (in_place, wants_in_place) {
            (None, false) => return Ok(()),
            (Some(package), true) => package,
            _ => return Err(Failure::OtherLayout),
        };
        let payload = Payload::parse(package.manifest.payload_size, package.payload).map_err(|_| Failure::BadPackage)?;
        if payload.block != inplace::block::<B::Flash>() {
            return Err(Failure::OtherLayout);
        }
        if self.upgrade.size.checked_add(payload.block).is_none_or(|size| size > self.slots.capacity()) {
            return Err(Failure::StagingTooSmall);
        }
        Ok(())
    }

    /// Goes on behind what is in the staging area already, which is digested once more.
    pub(super) fn stage_again(&mut self, reached: u32) -> Result<(), qth_flash::Error> {
        let mut digests = Digests::new();
        self.slots.read(self.board.flash(), reached, |bytes| digests.update(bytes))?;
        self.upgrade.digests = Some(digests);
        Ok(())
    }

    /// Keeps the next bytes of the file.
    pub(super) fn stage(&mut self, bytes: &[u8]) -> Result<Taken, Failure> {
        let package = &mut self.upgrade.packages.incoming;
        let at = package.next;
        package.next = at.saturating_add(bytes.len() as u32);
        self.write_piece(at, bytes)
    }

    /// What is in the staging area is the package that was checked, and one that this board can be rewritten by.
    pub(super) fn check_staged(&mut self) -> Result<(), Failure> {
        let package = &self.upgrade.packages.incoming;
        let (payload_at, size) = (package.payload_at, package.size);
        let area = self.slots.region(1).ok_or(Failure::Flash)?;
        let flash = self.board.flash();
        let sha256 = self.slots.digest_from(flash, payload_at, size).map_err(|_| Failure::Flash)?;
        if self.slots.promised() != Some(&sha256) {
            return Err(Failure::Sha256);
        }
        match Staged::open(flash, area, size) {
            Ok(_) => Ok(()),
            Err(Error::Flash) => Err(Failure::Flash),
            Err(_) => Err(Failure::BadPackage),
        }
    }
}
