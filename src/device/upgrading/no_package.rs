//! In the place of `package.rs` in a firmware without feature `pack`: packages are refused, not taken for images.

use super::Taken;
use crate::board::Board;
use crate::device::{Core, Device};
use crate::time::Instant;
use qth_protocol::ota::Failure;

pub(super) struct Packages;

impl Packages {
    pub(super) const fn new() -> Self {
        Self
    }

    pub(super) fn forget(&mut self) {}

    pub(super) fn busy(&self) -> Option<Instant> {
        None
    }
}

impl<B: Board> Device<B> {
    /// False: to take a key would promise what is not kept.
    pub fn set_ota_key(&mut self, _pem: &str) -> bool {
        false
    }

    /// No key.
    pub fn ota_key(&self) -> &str {
        ""
    }
}

impl<B: Board> Core<B> {
    pub(super) fn package_goes_on(&self) -> bool {
        false
    }

    pub(super) fn package_piece(&mut self, _now: Instant, offset: u32, bytes: &[u8]) -> Result<Option<Taken>, Failure> {
        if offset == 0 && qth_package::is_package(bytes) {
            return Err(Failure::NoPackages);
        }
        Ok(None)
    }

    pub(super) fn package_finished(&mut self) -> Option<Result<(), Failure>> {
        None
    }

    pub(super) fn fulfil_promises(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

pub(super) fn is_refusal(failure: Failure) -> bool {
    failure == Failure::NoPackages
}

pub(super) fn is_damage(_failure: Failure) -> bool {
    false
}
