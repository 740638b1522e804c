//! Files that are kept as they come: a firmware's image, or the file of an MCU.

use super::{Fetching, Piece, Taken};
use crate::board::Board;
use crate::upgrade::digest::Digests;
use crate::upgrade::{check_image, Context};
use qth_protocol::ota::{Failure, Kind};

/// Writes a piece to the slot and adds it to the digests.
///
/// # Errors
/// Flash can't be written.
pub fn keep<B: Board>(piece: Piece<'_>, digests: &mut Digests, cx: &mut Context<'_, B>) -> Result<Taken, Failure> {
    cx.slots.write(cx.board.flash(), cx.records, piece.offset, piece.bytes).map_err(|_| Failure::Flash)?;
    digests.update(piece.bytes);
    Ok(Taken::All)
}

/// Checks the file in the slot, both as it came and as flash gives it back, and notes that it is ready.
///
/// # Errors
/// It is not what the Center has said, or must not be installed.
pub fn finish<B: Board>(fetching: &Fetching, digests: &mut Digests, kind: Kind, cx: &mut Context<'_, B>) -> Result<(), Failure> {
    let sha256 = digests.check(&fetching.expected)?;
    let read_back = cx.slots.digest(cx.board.flash(), fetching.size).map_err(|_| Failure::Flash)?;
    if read_back != sha256 {
        return Err(Failure::ReadBack);
    }
    if kind == Kind::Module {
        check_image(&sha256, cx.slots)?;
    }
    cx.slots.ready(cx.board.flash(), cx.records, sha256).map_err(|_| Failure::Flash)
}
