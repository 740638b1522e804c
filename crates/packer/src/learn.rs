//! Learns the table of shifts from both images.

use crate::align::Cover;
use crate::image::Image;
use qth_package::delta::field::Form;
use qth_package::delta::shifts::Region;
use std::collections::BTreeMap;

/// How often an address has moved by how much.
pub(crate) type Evidence = BTreeMap<u32, BTreeMap<i32, u32>>;

/// A table of shifts: of each region, from each place on, how far numbers have moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table(pub [Vec<(u32, i32)>; 3]);

impl Table {
    /// The table that explains the evidence best; see [`shifts`].
    pub(crate) fn new(evidence: &[Evidence; 3], penalty: u32) -> Self {
        let [image, ram, names] = evidence;
        Self([shifts(image, penalty), shifts(ram, penalty), shifts(names, penalty)])
    }

    /// How many shifts.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// How far a number has moved.
    pub(crate) fn shift(&self, region: Region, place: u32) -> i32 {
        let shifts = &self.0[region as usize];
        match shifts.partition_point(|(start, _)| *start <= place) {
            0 => 0,
            behind => shifts[behind - 1].1,
        }
    }
}

/// What fields that correspond to each other say about how numbers have moved, region by region. Only those of the old image
/// count whose place does.
pub(crate) fn learn(evidence: &mut [Evidence; 3], old: &Image, new: &Image, covers: &[Cover], counts: &dyn Fn(u32) -> bool) {
    let mut note = |was: Option<(Region, u32)>, is: Option<(Region, u32)>| match (was, is) {
        (Some((region, from)), Some((same, to))) if region == same => {
            let shift = to.wrapping_sub(from) as i32;
            *evidence[region as usize].entry(from).or_default().entry(shift).or_default() += 1;
        }
        _ => (),
    };
    for cover in covers {
        let places = cover.old..(cover.old + cover.length).saturating_sub(3).max(cover.old);
        for (at, field) in old.fields.range(places).filter(|(at, _)| counts(**at)) {
            let Some(other) = new.fields.get(&(at - cover.old + cover.new)) else { continue };
            if other.form != field.form || other.origin.is_some() != field.origin.is_some() {
                continue;
            }
            if field.form == Form::Name {
                note(Some((Region::Names, field.target)), Some((Region::Names, other.target)));
                continue;
            }
            note(old.place(field.target), new.place(other.target));
            if let (Some(was), Some(is)) = (field.origin, other.origin) {
                note(old.place(was), new.place(is));
            }
        }
    }
}

/// The shifts that explain the evidence best, where one more has to explain `penalty` halves of a field more.
fn shifts(evidence: &Evidence, penalty: u32) -> Vec<(u32, i32)> {
    // Dynamic programming over the addresses. A way ends with a shift; of the ways to each, the cheapest is kept.
    struct Way {
        cost: u32,
        /// Its last step.
        step: usize,
    }
    /// From `start` on, `shift`; and the step before.
    struct Step {
        start: u32,
        shift: i32,
        before: usize,
    }
    let mut steps = vec![Step { start: 0, shift: 0, before: usize::MAX }];
    let mut ways = BTreeMap::from([(0, Way { cost: 0, step: 0 })]);
    for (place, seen) in evidence {
        let total: u32 = seen.values().sum();
        let Some((cheapest, cheapest_step)) = ways.values().map(|way| (way.cost, way.step)).min() else { break };
        let mut next = BTreeMap::new();
        for shift in ways.keys().chain(seen.keys()) {
            if next.contains_key(shift) {
                continue;
            }
            let explained = 2 * (total - seen.get(shift).copied().unwrap_or(0));
            let kept = ways.get(shift).filter(|way| way.cost <= cheapest + penalty);
            let way = match kept {
                Some(way) => Way { cost: way.cost + explained, step: way.step },
                None => {
                    steps.push(Step { start: *place, shift: *shift, before: cheapest_step });
                    Way { cost: cheapest + penalty + explained, step: steps.len() - 1 }
                }
            };
            next.insert(*shift, way);
        }
        let least = next.values().map(|way| way.cost).min().unwrap_or(0);
        // What is farther behind than a new step costs never leads.
        next.retain(|_, way| way.cost <= least + penalty);
        ways = next;
    }
    let mut table: Vec<(u32, i32)> = Vec::new();
    let mut step = ways.values().map(|way| (way.cost, way.step)).min().map_or(0, |(_, step)| step);
    while let Some(Step { start, shift, before }) = steps.get(step) {
        table.push((*start, *shift));
        step = *before;
    }
    table.reverse();
    table.dedup_by_key(|(_, shift)| *shift);
    if table.first().is_some_and(|(_, shift)| *shift == 0) {
        table.remove(0);
    }
    table
}
