//! SHA-256 as functions that are there once: those of the library are compiled into each caller.

use super::slot::Sha256Digest;
use sha2::Digest;

/// A digest in the making.
#[derive(Clone, Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// Of no bytes yet.
    #[must_use]
    #[inline(never)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes.
    #[inline(never)]
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest; of no bytes from then on.
    #[inline(never)]
    pub fn finish(&mut self) -> Sha256Digest {
        self.0.finalize_reset().into()
    }
}
