//! What all runs have come to.

use crate::case::Case;
use crate::plan::{Depth, Ran};
use qth_flash::ram::Cut;
use std::collections::BTreeMap;

/// Ways of cutting, in the order of how far the operation gets.
pub const WAYS: [&str; 6] = ["before", "torn at its start", "in the middle", "at its end", "half done", "after"];

/// How the runs of one field of a picture have ended.
#[derive(Clone, Copy, Default)]
pub struct Field {
    pub runs: usize,
    pub failures: usize,
    /// Erases of the slot beyond those of a run without a cut, at most.
    pub again: usize,
}

/// By place of the first cut, and by way of it, or by place of the second.
pub type Picture = BTreeMap<(usize, usize), Field>;

#[derive(Default)]
pub struct Tally {
    pub runs: usize,
    pub failures: Vec<(Case, String)>,
    /// By depth, scenario and geometry.
    pub pictures: BTreeMap<(usize, usize, usize), Picture>,
    /// Most erases of a block of the slot with up to two cuts.
    pub most_slot_erases: usize,
    /// Most banks erased in a start then.
    pub most_record_erases: usize,
    pub most_starts: usize,
    pub cuts: usize,
}

impl Tally {
    pub fn take(&mut self, ran: Ran, uncut: usize) {
        self.runs += 1;
        let Ran { depth, case, result } = ran;
        let key = (depth as usize, case.scenario, case.geometry);
        let place = match (depth, &case.cuts[..]) {
            (Depth::Single | Depth::Large, [(operation, cut)]) => {
                (*operation, way(*cut, &result.as_ref().map_or(0, |end| parts(end, *operation))))
            }
            (Depth::Double, [(first, _), (second, _)]) => (*first, *second),
            (_, cuts) => (cuts.len(), result.as_ref().map_or(0, |end| end.starts.min(24))),
        };
        let field = self.pictures.entry(key).or_default().entry(place).or_default();
        field.runs += 1;
        match result {
            Ok(end) => {
                field.again = field.again.max(end.all_slot_erases.saturating_sub(uncut));
                self.cuts += end.cut_at.len();
                if !matches!(depth, Depth::Many | Depth::Firmware) {
                    self.most_slot_erases = self.most_slot_erases.max(end.slot_erases);
                    self.most_record_erases = self.most_record_erases.max(end.record_erases.div_ceil(end.starts));
                }
                self.most_starts = self.most_starts.max(end.starts);
            }
            Err(why) => {
                field.failures += 1;
                self.failures.push((case, why));
            }
        }
    }
}

fn parts(end: &crate::case::Outcome, operation: usize) -> usize {
    end.operations.get(operation).copied().unwrap_or(0)
}

fn way(cut: Cut, parts: &usize) -> usize {
    match cut {
        Cut::Before => 0,
        Cut::Torn(0) => 1,
        Cut::Torn(done) if done + 1 < *parts => 2,
        Cut::Torn(_) => 3,
        Cut::Within(_) => 4,
        Cut::After => 5,
    }
}
