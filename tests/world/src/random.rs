//! Random numbers that can be repeated.

use fastrand::Rng;

/// A sequence of numbers that only its seed decides.
#[derive(Clone)]
pub struct Random(Rng);

impl Random {
    /// Returns the sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end)
    }

    /// Returns whether something happens that happens once in `count` times; never where that is 0.
    pub fn one_in(&mut self, count: u64) -> bool {
        count > 0 && self.below(count) == 0
    }
}
