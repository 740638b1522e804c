//! Time as the core sees it: an argument.
#![forbid(unsafe_code)]

/// A moment on a clock that never goes back, in milliseconds since a start that does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Instant(u64);

impl Instant {
    /// The moment `millis` milliseconds after the clock's start.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the clock's start.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment `millis` milliseconds later; the end of time if that is past it.
    #[must_use]
    pub const fn after_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The moment `seconds` seconds later.
    #[must_use]
    pub const fn after_secs(self, seconds: u32) -> Self {
        self.after_millis((seconds as u64).saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to this moment; 0 if `earlier` is the later one.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The earliest of these deadlines, where `None` means never.
    #[must_use]
    pub fn earliest(deadlines: &[Option<Self>]) -> Option<Self> {
        deadlines.iter().flatten().min().copied()
    }
}
