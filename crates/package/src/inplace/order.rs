//! The order in which a slot's blocks are rewritten: runs of neighbours, upward or downward.
//!
//! A block is made from old blocks, so it has to come before those that it needs are rewritten. Where code has moved up, that is
//! from the end to the start; where it has moved down, the other way.

use super::Error;
use heapless::Vec;

/// Most runs of an order.
pub const RUNS_MAX: usize = 64;

/// Neighbours that are rewritten one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The block that is rewritten first.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// From there towards the image's start.
    pub is_down: bool,
}

impl Run {
    /// The lowest block of the run.
    fn lowest(&self) -> u32 {
        match self.is_down {
            true => self.first.saturating_sub(self.count.saturating_sub(1)),
            false => self.first,
        }
    }

    /// The block behind the highest.
    fn end(&self) -> u32 {
        self.lowest().saturating_add(self.count)
    }
}

/// The order of all blocks of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    runs: Vec<Run, RUNS_MAX>,
    blocks: u32,
}

impl Order {
    /// An image without blocks.
    #[must_use]
    pub const fn new() -> Self {
        Self { runs: Vec::new(), blocks: 0 }
    }

    /// Appends a run.
    ///
    /// # Errors
    /// There are too many, or it has no blocks, or some that an earlier one has.
    pub fn push(&mut self, run: Run) -> Result<(), Error> {
        let is_inside = run.count > 0 && (!run.is_down || run.first >= run.count.saturating_sub(1));
        let overlaps = self.runs.iter().any(|other| run.lowest() < other.end() && other.lowest() < run.end());
        if !is_inside || overlaps {
            return Err(Error::Package);
        }
        self.blocks = self.blocks.checked_add(run.count).ok_or(Error::Package)?;
        self.runs.push(run).map_err(|_| Error::Package)
    }

    /// How many blocks there are.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    /// Returns whether the order covers blocks `0..blocks` exactly once.
    #[must_use]
    pub fn is_of(&self, blocks: u32) -> bool {
        // None is there twice.
        self.blocks == blocks && self.runs.iter().all(|run| run.end() <= blocks)
    }

    /// The block that is rewritten in this step.
    #[must_use]
    pub fn block(&self, step: u32) -> Option<u32> {
        let mut before = 0u32;
        for run in &self.runs {
            let within = step.saturating_sub(before);
            if within < run.count {
                return if run.is_down { run.first.checked_sub(within) } else { run.first.checked_add(within) };
            }
            before = before.saturating_add(run.count);
        }
        None
    }

    /// The step in which a block is rewritten; `None`: never.
    #[must_use]
    pub fn step(&self, block: u32) -> Option<u32> {
        let mut before = 0u32;
        for run in &self.runs {
            if (run.lowest()..run.end()).contains(&block) {
                return Some(before.saturating_add(block.abs_diff(run.first)));
            }
            before = before.saturating_add(run.count);
        }
        None
    }
}

impl Default for Order {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(runs: &[(u32, u32, bool)]) -> Result<Order, Error> {
        let mut order = Order::new();
        runs.iter().try_for_each(|&(first, count, is_down)| order.push(Run { first, count, is_down }))?;
        Ok(order)
    }

    #[test]
    fn steps_and_blocks_are_each_others_inverse() {
        let order = order(&[(9, 3, true), (0, 4, false), (6, 3, true)]).unwrap();
        let blocks: std::vec::Vec<_> = (0..10).map(|step| order.block(step).unwrap()).collect();
        assert_eq!(blocks, [9, 8, 7, 0, 1, 2, 3, 6, 5, 4]);
        for (step, block) in (0..).zip(blocks) {
            assert_eq!(order.step(block), Some(step));
        }
        assert_eq!((order.block(10), order.step(10)), (None, None));
        assert!(order.is_of(10) && !order.is_of(9) && !order.is_of(11));
    }

    #[test]
    fn an_order_with_a_block_missing_twice_or_outside_is_none() {
        assert!(order(&[(0, 4, false), (3, 2, false)]).is_err());
        assert!(order(&[(0, 4, false), (4, 5, true)]).is_err());
        assert!(order(&[(2, 4, true)]).is_err());
        assert!(order(&[(0, 0, false)]).is_err());
        assert!(!order(&[(0, 4, false), (5, 1, false)]).unwrap().is_of(5));
        assert!(order(&[(u32::MAX, 2, false)]).is_err() || !order(&[(u32::MAX, 2, false)]).unwrap().is_of(2));
    }
}
