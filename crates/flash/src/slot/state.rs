//! What a slot holds, and why a new image was rejected.

use super::{Sha256Digest, VERSION_MAX};
use heapless::String;

/// Why a new firmware was rejected. The numbers are kept in flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// It used up its starts.
    DidNotStart = 1,
    /// It ran, but did not reach the Center in time.
    DidNotConnect = 2,
    /// Its version is not the plan's target.
    WrongVersion = 3,
    /// The slot's content is not what was written to it.
    Digest = 4,
    /// The package could not be applied; nothing was erased.
    #[cfg(feature = "inplace")]
    NotApplied = 5,
}

impl Reason {
    pub(super) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::DidNotStart),
            2 => Some(Self::DidNotConnect),
            3 => Some(Self::WrongVersion),
            4 => Some(Self::Digest),
            #[cfg(feature = "inplace")]
            5 => Some(Self::NotApplied),
            _ => None,
        }
    }

    /// Returns whether the image is to blame, and must not be tried again. Whether the Center is reached is also up to the
    /// network.
    #[must_use]
    pub const fn is_of_the_image(self) -> bool {
        !matches!(self, Self::DidNotConnect)
    }

    /// What happened, in a few English words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::DidNotStart => "it did not start",
            Self::DidNotConnect => "it did not reach the Center in time",
            Self::WrongVersion => "it reports another version than planned",
            Self::Digest => "its content was damaged",
            #[cfg(feature = "inplace")]
            Self::NotApplied => "its package could not be applied",
        }
    }
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing that counts.
    Empty,
    /// A part of an image.
    Writing,
    /// A verified image that was never started.
    Ready,
    /// A new image that has to prove itself, with the starts that it has left.
    Trial {
        /// Starts left.
        boots_left: u8,
    },
    /// The image that runs, and runs again.
    Confirmed,
    /// An image that was rejected.
    Bad(Reason),
    /// A verified package that is to rewrite the only slot.
    Armed {
        /// Starts that the new image then has.
        boots: u8,
    },
    /// A package that has rewritten the only slot, and can bring the old image back.
    Kept,
}

impl State {
    pub(super) const fn code(self) -> (u8, u8) {
        match self {
            Self::Empty => (0, 0),
            Self::Writing => (1, 0),
            Self::Ready => (2, 0),
            Self::Trial { boots_left } => (3, boots_left),
            Self::Confirmed => (4, 0),
            Self::Bad(reason) => (5, reason as u8),
            Self::Armed { boots } => (6, boots),
            Self::Kept => (7, 0),
        }
    }

    pub(super) const fn from_code(code: u8, detail: u8) -> Self {
        match (code, Reason::from_code(detail)) {
            (1, _) => Self::Writing,
            (2, _) => Self::Ready,
            (3, _) => Self::Trial { boots_left: detail },
            (4, _) => Self::Confirmed,
            (5, Some(reason)) => Self::Bad(reason),
            (6, _) => Self::Armed { boots: detail },
            (7, _) => Self::Kept,
            _ => Self::Empty,
        }
    }

    /// The state's name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Writing => "writing",
            Self::Ready => "ready",
            Self::Trial { .. } => "trial",
            Self::Confirmed => "confirmed",
            Self::Bad(_) => "bad",
            Self::Armed { .. } => "armed",
            Self::Kept => "kept",
        }
    }
}

/// A slot's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// What it is.
    pub state: State,
    /// Size of the image in bytes.
    pub size: u32,
    /// Digest of the image, once it was verified.
    pub sha256: Sha256Digest,
    /// Version of the image, where it is known.
    pub version: String<VERSION_MAX>,
}

impl SlotInfo {
    pub(crate) const EMPTY: Self = Self { state: State::Empty, size: 0, sha256: [0; 32], version: String::new() };

    /// Returns whether the slot's firmware runs, or will at the next start.
    #[must_use]
    pub const fn is_bootable(&self) -> bool {
        matches!(self.state, State::Trial { .. } | State::Confirmed)
    }
}
