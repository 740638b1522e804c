//! Bugs that can be planted, so that it shows whether the tests would catch them.
//!
//! The macro `mutant!` says at its place in the code what a bug does there. Without the feature `mutants`, which is for
//! tests only, it says nothing, and there are no bugs.

/// Says what the code does wrong here where the bug of this name is planted.
#[cfg(feature = "mutants")]
#[macro_export]
macro_rules! mutant {
    ($name:ident, $($wrong:tt)*) => {
        if $crate::mutant::is($crate::mutant::Mutant::$name) {
            $($wrong)*
        }
    };
}

/// Says what the code would do wrong here, were the bug of this name planted. Without the feature `mutants` none is.
#[cfg(not(feature = "mutants"))]
#[macro_export]
macro_rules! mutant {
    ($name:ident, $($wrong:tt)*) => {};
}

#[cfg(feature = "mutants")]
pub use planted::{is, plant, Mutant};

#[cfg(feature = "mutants")]
mod planted {
    use core::sync::atomic::{AtomicU8, Ordering};

    static PLANTED: AtomicU8 = AtomicU8::new(0);

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

    /// Returns whether this bug is planted.
    pub fn is(mutant: Mutant) -> bool {
        PLANTED.load(Ordering::Relaxed) == mutant as u8
    }
}
