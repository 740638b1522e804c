//! What is downloaded, and what becomes of each piece of it.
//!
//! A file is kept as it comes ([`plain`]): a plain image, or an MCU's file. Where the firmware takes packages, the type
//! plugged in as [`Packages`] recognises one by its first piece and makes of it what belongs into the slot.

#[cfg(feature = "pack")]
pub mod package;
pub mod plain;
#[cfg(feature = "inplace")]
mod staged;
#[cfg(feature = "pack")]
mod trust;

use super::digest::Digests;
use super::Context;
use crate::board::Board;
use crate::time::Instant;
use qth_protocol::ota::{Component, Expected, Failure};

/// Largest values of the records that packages have: the package in progress, sequence numbers, key, journal.
#[cfg(feature = "pack")]
pub const PACKAGE_RECORDS: [usize; 4] = [trust::PROMISES_MAX, trust::SEQUENCES_MAX, trust::KEYS_MAX, JOURNAL];
#[cfg(feature = "inplace")]
const JOURNAL: usize = qth_package::inplace::JOURNAL_RECORD;
#[cfg(all(feature = "pack", not(feature = "inplace")))]
const JOURNAL: usize = 0;

/// A download under way.
pub struct Fetching {
    /// Size of the file in bytes.
    pub size: u32,
    /// The digests that the Center has named.
    pub expected: Expected,
}

/// The file that a piece belongs to.
pub struct File<'a> {
    /// The component that it is for, as the plan describes it.
    pub component: Component<'a>,
    /// Its size in bytes.
    pub size: u32,
    /// Digests of what has come so far.
    pub digests: &'a mut Digests,
}

/// A piece of a file.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    /// Its place in the file.
    pub offset: u32,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is used up.
    All,
    /// More of it is used at the next turn.
    Part,
    /// Nothing before this byte of the file is needed.
    SkipTo(u32),
}

/// Who is asked first what to do with a piece: the part of a firmware that knows packages. The methods' defaults are those of
/// a firmware that takes none.
pub trait Packages {
    /// No package is coming in.
    const NONE: Self;
    /// The most bytes that the file of a package has beside an image.
    const BESIDE_IMAGE: u32 = 0;

    /// Forgets the package that is coming in.
    fn forget(&mut self) {}

    /// When the piece at hand can be worked on further; `None` when it is used up.
    fn busy(&self) -> Option<Instant> {
        None
    }

    /// Returns whether the file has to be looked at from its beginning, however much of its image is in the slot.
    fn begins_anew<B: Board>(&self, _cx: &Context<'_, B>) -> bool {
        false
    }

    /// Uses a piece of a package; `None` when it is one of a plain file.
    ///
    /// # Errors
    /// The package must not or can't be installed.
    fn piece<B: Board>(
        &mut self,
        _now: Instant,
        piece: Piece<'_>,
        _file: &mut File<'_>,
        _cx: &mut Context<'_, B>,
    ) -> Result<Option<Taken>, Failure> {
        if piece.offset == 0 && qth_package::is_package(piece.bytes) {
            return Err(Failure::NoPackages);
        }
        Ok(None)
    }

    /// Checks the image that a package has led to once all of it has come; `None` where the file itself is to be compared with
    /// what the Center has said.
    ///
    /// # Errors
    /// The image is not what the package promised.
    fn finish<B: Board>(&mut self, _cx: &mut Context<'_, B>) -> Option<Result<(), Failure>> {
        None
    }

    /// Keeps what the package has promised, now that it is installed for this component.
    ///
    /// # Errors
    /// Flash can't be written.
    fn fulfil<B: Board>(_component: &str, _cx: &mut Context<'_, B>) -> Result<(), Failure> {
        Ok(())
    }

    /// Returns whether a failure is a permanent refusal: downloading this package again cannot help.
    #[must_use]
    fn is_refusal(failure: Failure) -> bool {
        failure == Failure::NoPackages
    }

    /// Returns whether what has come of the package is of no use after this failure.
    #[must_use]
    fn is_damage(_failure: Failure) -> bool {
        false
    }
}

/// A firmware that takes no packages.
pub struct NoPackages;

impl Packages for NoPackages {
    const NONE: Self = Self;
}
