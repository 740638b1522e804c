//! Boards with one slot: the package itself is what is kept, whole, in the staging area. The bootloader rewrites the slot by it.

use super::package::AnyPackage;
use super::{plain, File, Piece, Taken};
use crate::board::Board;
use crate::upgrade::Context;
use qth_package::inplace::staged::{Payload, Staged};
use qth_package::inplace::{self, Error};
use qth_package::{Format, Package};
use qth_protocol::ota::{Failure, Kind};

/// A board with one slot is upgraded by in-place packages alone, which are for its blocks and leave room for a scratch block;
/// one with two slots by all others. MCUs and the application are another matter.
pub fn check_layout<B: Board>(package: Option<&Package<'_>>, file: &File<'_>, cx: &Context<'_, B>) -> Result<(), Failure> {
    let layout = cx.board.layout();
    let in_place = package.filter(|package| package.manifest.format == Format::InPlace);
    let wants_in_place = layout.has_one_slot() && file.component.kind == Kind::Module;
    let package = match (in_place, wants_in_place) {
        (None, false) => return Ok(()),
        (Some(package), true) => package,
        _ => return Err(Failure::OtherLayout),
    };
    let payload = Payload::parse(package.manifest.payload_size, package.payload).map_err(|_| Failure::BadPackage)?;
    if payload.block != inplace::block::<B::Flash>() {
        return Err(Failure::OtherLayout);
    }
    if file.size.checked_add(payload.block).is_none_or(|size| size > cx.slots.capacity()) {
        return Err(Failure::StagingTooSmall);
    }
    Ok(())
}

/// Goes on behind what is in the staging area already, which is digested once more.
pub fn go_on<B: Board>(reached: u32, file: &mut File<'_>, cx: &mut Context<'_, B>) -> Result<(), qth_flash::Error> {
    *file.digests = crate::upgrade::digest::Digests::new();
    cx.slots.read(cx.board.flash(), reached, |bytes| file.digests.update(bytes))
}

impl AnyPackage {
    /// Keeps the next bytes of the file.
    pub(super) fn stage<B: Board>(
        &mut self,
        bytes: &[u8],
        file: &mut File<'_>,
        cx: &mut Context<'_, B>,
    ) -> Result<Taken, Failure> {
        let offset = self.incoming.next;
        self.incoming.next = offset.saturating_add(bytes.len() as u32);
        plain::keep(Piece { offset, bytes }, file.digests, cx)
    }

    /// What is in the staging area is the package that was checked, and one that this board can be rewritten by.
    pub(super) fn check_staged<B: Board>(&mut self, cx: &mut Context<'_, B>) -> Result<(), Failure> {
        let (payload_at, size) = (self.incoming.payload_at, self.incoming.size);
        let area = cx.slots.region(1).ok_or(Failure::Flash)?;
        let flash = cx.board.flash();
        let sha256 = cx.slots.digest_from(flash, payload_at, size).map_err(|_| Failure::Flash)?;
        if cx.slots.promised() != Some(&sha256) {
            return Err(Failure::Sha256);
        }
        match Staged::open(flash, area, size) {
            Ok(_) => Ok(()),
            Err(Error::Flash) => Err(Failure::Flash),
            Err(_) => Err(Failure::BadPackage),
        }
    }
}
