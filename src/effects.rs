//! What a component has the device do after an input.
#![forbid(unsafe_code)]

use heapless::Vec;

/// The most effects that one input has.
const EFFECTS_MAX: usize = 4;

/// The effects of one input, in the order in which they are to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Effects<E>(Vec<E, EFFECTS_MAX>);

impl<E: Copy + PartialEq> Effects<E> {
    /// No effect yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// This effect alone.
    pub fn of(effect: E) -> Self {
        let mut effects = Self::new();
        effects.push(effect);
        effects
    }

    /// Adds an effect behind the others.
    pub fn push(&mut self, effect: E) {
        let pushed = self.0.push(effect);
        debug_assert!(pushed.is_ok(), "no input has more than {EFFECTS_MAX} effects");
    }

    /// Returns whether this effect is among them.
    #[must_use]
    pub fn contains(&self, effect: E) -> bool {
        self.0.contains(&effect)
    }
}

impl<E: Copy + PartialEq> Default for Effects<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> core::ops::Deref for Effects<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.0
    }
}
