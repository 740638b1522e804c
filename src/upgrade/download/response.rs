//! What a response's head leads to, and whether its content is still the same file.

use super::Target;
use crate::upgrade::http::{Framing, Head, Validator};
use qth_protocol::ota::Failure;

/// What is known of the file's content by its validator.
///
/// A validator that differs may stand for another file, or for another server of the same one: the file starts anew once, and
/// from then on its digest decides.
// With a tag of its own, so that `Unknown` is all zeros, as static memory for a device is to be.
#[derive(Default)]
#[repr(u8)]
pub enum Identity {
    /// No response has named a validator yet.
    #[default]
    Unknown,
    /// All responses so far had this one.
    Known(Validator),
    /// There were several.
    Doubted,
}

impl Identity {
    /// The validator for `If-Range`; empty when there is none.
    pub fn validator(&self) -> &str {
        match self {
            Self::Known(validator) => validator,
            Self::Unknown | Self::Doubted => "",
        }
    }

    fn differs(&self, validator: &Validator) -> bool {
        matches!(self, Self::Known(known) if known != validator && !validator.is_empty())
    }

    /// A response is read that has this validator. `restarts`: it was another one before.
    pub fn learn(&mut self, validator: &Validator, restarts: bool) {
        match self {
            _ if restarts => self.doubt(),
            Self::Unknown if !validator.is_empty() => *self = Self::Known(validator.clone()),
            _ => {}
        }
    }

    /// Validators tell nothing of this file.
    pub fn doubt(&mut self) {
        *self = Self::Doubted;
    }

    /// The download starts at `offset`: within a file, doubts about it stay.
    pub fn forget_unless_doubted(&mut self, offset: u32) {
        if offset == 0 || !matches!(self, Self::Doubted) {
            *self = Self::Unknown;
        }
    }
}

/// What to do with a response.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The body is the file from the download's offset on.
    Read {
        framing: Framing,
        /// Bytes to be left out first.
        skip: u32,
        /// It is read from the file's beginning, which was used already.
        restarts: bool,
    },
    /// The file is somewhere else.
    Redirect,
    /// A part of what may be another file, which a server that knows no `If-Range` sends: asks for it from its start.
    AskAnew,
    /// An interim response: the real one follows.
    Wait,
    /// Asks again after a while.
    Retry(Failure),
    /// The attempt is over.
    GiveUp(Failure),
}

/// Decides what to do with a response to the request for a file of `size` bytes from `offset` on.
pub fn judge(head: &Head, identity: &Identity, offset: u32, size: u32, target: &Target) -> Verdict {
    let is_other = identity.differs(&head.validator);
    let framing = match head.framing() {
        Ok(framing) => framing,
        Err(failure) => return Verdict::Retry(failure),
    };
    let (skip, restarts) = match head.status {
        100..=199 => return Verdict::Wait,
        200 | 206 if head.is_encoded => return Verdict::GiveUp(Failure::Encoded),
        206 => match head.range {
            Some((_, Some(other))) if other != size => return Verdict::GiveUp(Failure::Length),
            Some(_) if is_other => return Verdict::AskAnew,
            // A cache may answer with whole blocks of its own.
            Some((first, _)) if first <= offset => (offset.saturating_sub(first), false),
            _ => return Verdict::Retry(Failure::Network),
        },
        200 => match framing {
            // A page of something in between, more likely than another file.
            Framing::Length(length) if length != size => return Verdict::Retry(Failure::Length),
            _ if is_other => (0, true),
            _ => (offset, false),
        },
        _ if head.is_redirect() => return Verdict::Redirect,
        416 => return Verdict::GiveUp(Failure::Length),
        408 | 429 | 500..=599 => return Verdict::Retry(Failure::Server),
        // An address that a redirect has named may have expired: the Center's leads to a new one.
        _ if *target != Target::Own => return Verdict::Retry(Failure::Server),
        _ => return Verdict::GiveUp(Failure::Server),
    };
    Verdict::Read { framing, skip, restarts }
}
