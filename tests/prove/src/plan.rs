//! Which runs there are.

use crate::case::{Case, Outcome};
use crate::geometry::GEOMETRIES;
use crate::images::{Images, FIRMWARE};
use crate::scenario::SCENARIOS;
use qth_flash::ram::Cut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A part of the proof: runs that differ by where power is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// One cut, at every operation in every way.
    Single,
    /// The same of a larger image, whose progress is noted.
    Large,
    /// A second one, at every operation after the start that follows the first.
    Double,
    /// Many, by chance, with faults of the network.
    Many,
    /// The same of real firmware; half of the runs without faults, with up to two cuts.
    Firmware,
}

/// How much of the proof is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What a mutant has to be caught by.
    Least,
    Quick,
    Full,
}

/// Writes of more units than this are cut in some of them.
const UNITS: usize = 1024;

/// Work for one thread at a time.
pub struct Job {
    pub depth: Depth,
    pub case: Case,
    /// Second cuts follow at every operation of this many.
    stride: usize,
}

/// What came of a run.
pub struct Ran {
    pub depth: Depth,
    pub case: Case,
    pub result: Result<Outcome, String>,
}

impl Extent {
    /// How much of [`FIRMWARE`] is upgraded, where it is there: for a part of the proof, that of one processor.
    pub const fn firmware(self) -> usize {
        match self {
            Self::Least => 0,
            Self::Quick => 2,
            Self::Full => FIRMWARE.len(),
        }
    }
}

/// All jobs of this extent, with so much of [`FIRMWARE`]; runs each scenario once without cuts to know its operations.
pub fn jobs(extent: Extent, firmware: usize) -> Result<Vec<Job>, (Case, String)> {
    let mut jobs = Vec::new();
    for (geometry, chip) in GEOMETRIES.iter().enumerate() {
        let is_slow = chip.erase > 4096;
        for scenario in 0..SCENARIOS.len() {
            if extent == Extent::Least && geometry > 0 {
                continue;
            }
            let case = Case { scenario, geometry, images: Images::Small, seed: 0, cuts: Vec::new() };
            let operations = case.run().map_err(|why| (case.clone(), why))?.operations;
            let step = match extent {
                Extent::Full => 1,
                // Where an erase block is large, so is the image.
                _ if is_slow => 15,
                _ if geometry > 2 => 4,
                _ => 1,
            };
            for (operation, &parts) in operations.iter().enumerate().step_by(step) {
                // A block that is rewritten in place is one write, of many units, whose middle stands for most of them.
                let is_thorough = extent == Extent::Full && !is_slow && parts <= UNITS;
                let cuts: Vec<Cut> = if is_thorough { Cut::all(parts).collect() } else { Cut::some(parts).collect() };
                let single = |cut| Job { depth: Depth::Single, case: case.with_cut(operation, cut), stride: 0 };
                jobs.extend(cuts.into_iter().map(single));
            }
            if geometry < 2 {
                let case = Case { images: Images::Large, ..case.clone() };
                let operations = case.run().map_err(|why| (case.clone(), why))?.operations;
                for (operation, &parts) in operations.iter().enumerate() {
                    let single = |cut| Job { depth: Depth::Large, case: case.with_cut(operation, cut), stride: 0 };
                    jobs.extend(Cut::some(parts).map(single));
                }
            }
            if geometry > 2 || extent == Extent::Least {
                continue;
            }
            let stride = match extent {
                Extent::Quick => 97,
                // Rewriting takes twice the operations, so four times the pairs: all of them on the first chip.
                _ if case.scenario().in_place && (geometry > 0 || case.scenario().other.is_some()) => 11,
                _ => 1,
            };
            for (operation, &parts) in operations.iter().enumerate() {
                let double = |cut| Job { depth: Depth::Double, case: case.with_cut(operation, cut), stride };
                jobs.extend(Cut::some(parts).filter(|cut| *cut != Cut::Before).map(double));
            }
        }
    }
    let (many, of_each) = match extent {
        Extent::Least => (200, 0),
        Extent::Quick => (1_500, 150),
        Extent::Full => (200_000, 10_000),
    };
    jobs.sort_by_key(|job| job.depth == Depth::Double);
    jobs.extend((1..=many).map(|seed| Job { depth: Depth::Many, case: many_cuts(seed, Images::Large), stride: 0 }));
    for place in 0..firmware {
        let seeds = place as u64 * of_each + 1..=(place as u64 + 1) * of_each;
        let cases = seeds.map(|seed| many_cuts(seed, Images::Firmware(place)));
        jobs.extend(cases.map(|case| Job { depth: Depth::Firmware, case, stride: 0 }));
    }
    Ok(jobs)
}

/// Up to eight cuts, most of them not long after a start.
fn many_cuts(seed: u64, images: Images) -> Case {
    let mut random = qth_world::random::Random::new(seed);
    // Blocks of 128 KB take a hundred times as long: now and then.
    let geometry = if random.one_in(100) { GEOMETRIES.len() - 1 } else { random.below(GEOMETRIES.len() as u64 - 1) as usize };
    let scenario = random.below(SCENARIOS.len() as u64) as usize;
    let is_firmware = matches!(images, Images::Firmware(_));
    let has_faults = !(is_firmware && random.one_in(2));
    let ranges: &[u64] = if is_firmware { &[4, 12, 40, 120, 400, 1600] } else { &[4, 12, 40, 120] };
    let most = if has_faults { 8 } else { 2 };
    let cuts = (0..1 + random.below(most)).map(|_| {
        let range = ranges[random.below(ranges.len() as u64) as usize];
        let done = [0, 1, 2, 500][random.below(4) as usize];
        let cut = [Cut::Before, Cut::Torn(done), Cut::Torn(done), Cut::Within(done), Cut::After][random.below(5) as usize];
        (random.below(range) as usize, cut)
    });
    Case { scenario, geometry, images, seed: if has_faults { seed } else { 0 }, cuts: cuts.collect() }
}

impl Job {
    /// Its runs, one after the other, until `take` wants no more.
    fn run(&self, take: &mut impl FnMut(Ran) -> bool) {
        let result = self.case.run();
        let after = result.as_ref().ok().map(|first| (first.operations.clone(), first.cut_at.clone()));
        let ran = Ran { depth: self.depth, case: self.case.clone(), result };
        // Runs of one cut only prepare the others here.
        if (self.depth != Depth::Double || ran.result.is_err()) && !take(ran) {
            return;
        }
        let (Depth::Double, Some((operations, cut_at))) = (self.depth, after) else { return };
        let Some(&start) = cut_at.first() else { return };
        let seconds = operations[start..].iter().enumerate();
        for (operation, &parts) in seconds.skip(self.case.cuts[0].0 % self.stride).step_by(self.stride) {
            for cut in [Cut::Torn(0), Cut::Torn(parts - 1), Cut::After] {
                let case = self.case.with_cut(operation, cut);
                let result = case.run();
                if !take(Ran { depth: self.depth, case, result }) {
                    return;
                }
            }
        }
    }
}

/// Runs jobs in `threads` threads; `take` hears of every run, with the number of jobs that are done, and says whether to go on.
pub fn run(jobs: &[Job], threads: usize, take: impl FnMut(usize, Ran) -> bool + Send) {
    let (next, done, stop) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let take = Mutex::new(take);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| loop {
                let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                let mut goes_on = true;
                job.run(&mut |ran| {
                    let mut take = take.lock().unwrap_or_else(PoisonError::into_inner);
                    goes_on = take(done.load(Ordering::Relaxed), ran) && stop.load(Ordering::Relaxed) == 0;
                    goes_on
                });
                done.fetch_add(1, Ordering::Relaxed);
                if !goes_on {
                    stop.store(1, Ordering::Relaxed);
                    return;
                }
            });
        }
    });
}
