//! In which order a slot's blocks are rewritten.

use qth_package::inplace::order::{Run, RUNS_MAX};
use std::collections::BTreeMap;

/// How many bytes of each old block a new block is made from.
pub(crate) type Needs = BTreeMap<usize, u32>;

/// The orders that are worth a try, for the blocks that need this: one in which as little as possible is needed after it was
/// rewritten, and upward and downward. The block `last` comes at the end of each.
pub(crate) fn orders(needs: &[Needs], last: Option<usize>) -> Vec<Vec<Run>> {
    let others = |blocks: &mut dyn Iterator<Item = usize>| -> Vec<usize> {
        blocks.filter(|block| Some(*block) != last).chain(last).collect()
    };
    let orders = [others(&mut by_needs(needs).into_iter()), others(&mut (0..needs.len()).rev()), others(&mut (0..needs.len()))];
    let mut runs: Vec<_> = orders.iter().map(|order| runs(order)).filter(|runs| runs.len() <= RUNS_MAX).collect();
    runs.dedup();
    runs
}

/// Each time the block comes next that nobody needs any more; where there is none, the one that is needed least. Neighbours
/// stay together.
fn by_needs(needs: &[Needs]) -> Vec<usize> {
    // Of each block, how many bytes of it are needed by others that are not rewritten yet.
    let mut needed = vec![0u32; needs.len()];
    for (block, needs) in needs.iter().enumerate() {
        for (other, bytes) in needs.iter().filter(|(other, _)| **other != block) {
            if let Some(needed) = needed.get_mut(*other) {
                *needed += bytes;
            }
        }
    }
    let mut left: Vec<usize> = (0..needs.len()).collect();
    let mut order: Vec<usize> = Vec::new();
    while !left.is_empty() {
        let least = left.iter().map(|block| needed[*block]).min().unwrap_or(0);
        let is_next = |block: &usize| order.last().is_some_and(|last| last.abs_diff(*block) == 1);
        let free = |(_, block): &(usize, &usize)| needed[**block] == least;
        let place = left.iter().enumerate().filter(free).find(|(_, block)| is_next(block));
        let place = place.or_else(|| left.iter().enumerate().find(free)).map_or(0, |(place, _)| place);
        let block = left.remove(place);
        for (other, bytes) in needs[block].iter().filter(|(other, _)| **other != block) {
            if let Some(needed) = needed.get_mut(*other) {
                *needed -= bytes;
            }
        }
        order.push(block);
    }
    order
}

fn runs(order: &[usize]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for block in order.iter().map(|block| *block as u32) {
        match runs.last_mut() {
            Some(run) if run.count == 1 && run.first == block + 1 => (run.count, run.is_down) = (2, true),
            Some(run) if run.is_down && run.first.checked_sub(run.count) == Some(block) => run.count += 1,
            Some(run) if !run.is_down && run.first + run.count == block => run.count += 1,
            _ => runs.push(Run { first: block, count: 1, is_down: false }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(runs: &[Run]) -> Vec<u32> {
        let one = |run: &Run| -> Vec<u32> {
            (0..run.count).map(|at| if run.is_down { run.first - at } else { run.first + at }).collect()
        };
        runs.iter().flat_map(one).collect()
    }

    #[test]
    fn runs_hold_what_they_are_made_of() {
        for order in [vec![0, 1, 2, 5, 4, 3], vec![2, 1, 0], vec![3, 0, 2, 1], vec![0], vec![1, 0, 2], vec![]] {
            assert_eq!(blocks(&runs(&order)), order.iter().map(|block| *block as u32).collect::<Vec<_>>(), "{order:?}");
        }
        assert_eq!(runs(&[0, 1, 2, 9, 8, 7]).len(), 2);
    }

    #[test]
    fn a_block_comes_before_those_that_it_needs() {
        // From the third on everything has moved up.
        let needs: Vec<Needs> = (0..8).map(|block| Needs::from([(if block > 2 { block - 1 } else { block }, 100)])).collect();
        assert_eq!(blocks(&orders(&needs, None)[0]), [0, 1, 7, 6, 5, 4, 3, 2]);
        // From the third on everything has moved down.
        let needs: Vec<Needs> = (0..8).map(|block| Needs::from([(if block > 2 { block + 1 } else { block }, 100)])).collect();
        assert_eq!(blocks(&orders(&needs, Some(0))[0]), [1, 2, 3, 4, 5, 6, 7, 0]);
    }

    #[test]
    fn where_two_blocks_need_each_other_the_one_that_is_needed_less_comes_first() {
        let needs = [Needs::from([(1, 9)]), Needs::from([(0, 5)])];
        assert_eq!(blocks(&orders(&needs, None)[0]), [0, 1]);
        let needs = [Needs::from([(1, 5)]), Needs::from([(0, 9)])];
        assert_eq!(blocks(&orders(&needs, None)[0]), [1, 0]);
    }
}
