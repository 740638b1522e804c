//! Bugs that can be planted, so that it shows whether the tests would catch them. Without the feature `mutants`, which is for
//! tests only, there are none.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mutant {
    /// An image on trial counts as confirmed once it is started.
    ConfirmedTooSoon = 1,
    /// An image is started on trial without the start being taken off.
    StartNotTaken,
    /// The progress is noted before what it says is written.
    NotedTooSoon,
    /// An image is ready, whatever is read back of it.
    NotReadBack,
    /// A record's head is written before its value, and counts without its checksum.
    HeadFirst,
    /// A bank is marked as whole before anything is copied to it.
    MarkedTooSoon,
    /// A bank of an earlier start is appended to.
    AppendedTo,
    /// What is read is relied on though it may read differently another time.
    NotSettled,
    /// A block is erased before it is noted that its scratch block is whole.
    ScratchNotNoted,
    /// A block is noted as copied before it is.
    CopiedTooSoon,
}

#[cfg(feature = "mutants")]
mod planted {
    use super::Mutant;
    use core::sync::atomic::{AtomicU8, Ordering};

    static PLANTED: AtomicU8 = AtomicU8::new(0);

    impl Mutant {
        /// All of them.
        pub const ALL: [Self; 10] = [
            Self::ConfirmedTooSoon,
            Self::StartNotTaken,
            Self::NotedTooSoon,
            Self::NotReadBack,
            Self::HeadFirst,
            Self::MarkedTooSoon,
            Self::AppendedTo,
            Self::NotSettled,
            Self::ScratchNotNoted,
            Self::CopiedTooSoon,
        ];
    }

    /// Plants this bug in the place of the one before.
    pub fn plant(mutant: Option<Mutant>) {
        PLANTED.store(mutant.map_or(0, |mutant| mutant as u8), Ordering::Relaxed);
    }

    /// This bug is planted.
    pub fn is(mutant: Mutant) -> bool {
        PLANTED.load(Ordering::Relaxed) == mutant as u8
    }
}

#[cfg(feature = "mutants")]
pub use planted::{is, plant};

/// No bug is planted.
#[cfg(not(feature = "mutants"))]
pub const fn is(_: Mutant) -> bool {
    false
}
