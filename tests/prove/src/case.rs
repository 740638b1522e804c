//! One run: an upgrade on a chip, with power cut at given operations.

use crate::geometry::{Geometry, GEOMETRIES};
use crate::images::{Images, Upgrade};
use crate::scenario::{self, Scenario, SCENARIOS};
use qth_flash::layout::Region;
use qth_flash::ram::{Cut, RamFlash};
use qth_flash::slot::Slots;
use qth_world::center::Verdict;
use qth_world::world::{Delivery, Faults, File, Firmware, WorldOf};
use std::fmt;
use std::ops::Range;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Byte of what is nobody's.
const NOBODYS: u8 = 0xA5;

#[derive(Clone)]
pub struct Case {
    pub scenario: usize,
    pub geometry: usize,
    pub images: Images,
    /// Of the network's faults and of what torn bits read as; 0: no faults.
    pub seed: u64,
    /// Each counted from the start after the one before.
    pub cuts: Vec<(usize, Cut)>,
}

/// How a run has ended that went well.
#[derive(Clone, Default)]
pub struct Outcome {
    /// Parts of each operation.
    pub operations: Vec<usize>,
    /// How many operations there had been at each cut.
    pub cut_at: Vec<usize>,
    /// Most erases of a block of the slot.
    pub slot_erases: usize,
    /// The same of the staging area of a board with one slot.
    pub staging_erases: usize,
    /// Of all blocks of both.
    pub all_slot_erases: usize,
    pub slot_bytes: usize,
    /// Erases of banks of records, whole ones.
    pub record_erases: usize,
    pub record_bytes: usize,
    pub starts: usize,
}

impl Case {
    pub fn scenario(&self) -> &'static Scenario {
        &SCENARIOS[self.scenario]
    }

    pub fn geometry(&self) -> &'static Geometry {
        &GEOMETRIES[self.geometry]
    }

    pub fn with_cut(&self, operation: usize, cut: Cut) -> Self {
        let mut case = self.clone();
        case.cuts.push((operation, cut));
        case
    }

    fn chance(&self) -> u64 {
        let numbers = self.cuts.iter().flat_map(|(operation, cut)| [*operation as u64, number(*cut)]);
        let known = [self.seed, self.scenario as u64, self.geometry as u64];
        known.into_iter().chain(numbers).fold(0, |sum, number| sum.wrapping_mul(0x0100_0000_01B3) ^ number)
    }

    /// Runs it; why it went wrong.
    pub fn run(&self) -> Result<Outcome, String> {
        let run = || match (self.geometry().erase, self.geometry().write) {
            (2048, 8) => self.run_on::<2048, 8>(),
            (4096, 1) => self.run_on::<4096, 1>(),
            (4096, 8) => self.run_on::<4096, 8>(),
            (4096, 16) => self.run_on::<4096, 16>(),
            (4096, 32) => self.run_on::<4096, 32>(),
            (131_072, 32) => self.run_on::<131_072, 32>(),
            _ => self.run_on::<4096, 4>(),
        };
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned())
        })
    }

    fn run_on<const E: usize, const W: usize>(&self) -> Result<Outcome, String> {
        let (scenario, geometry) = (self.scenario(), self.geometry());
        let Upgrade { old, new, sizes, room } = self.images.upgrade(geometry)?;
        let layout = if scenario.in_place { geometry.one_slot(room) } else { geometry.layout(room) };
        let in_place: File = scenario::in_place::<E>;
        let mut flash = RamFlash::<E, W>::new(layout.size() + geometry.erase).with_sectors(geometry.sectors);
        let nobodys: Vec<Region> = [0, layout.records.end(), layout.slots[0].end(), layout.slots[1].end()]
            .map(|start| Region { start, len: geometry.erase })
            .into();
        for region in &nobodys {
            flash.bytes_mut()[range(*region)].fill(NOBODYS);
        }
        Slots::program(&mut flash, layout, &old, "1.0.0").map_err(|error| error.to_string())?;
        flash.erases.fill(0);
        flash.written.fill(0);
        let faults = match self.seed {
            0 => Faults::NONE,
            seed => Faults { power_cut: 0, cut: None, cut_again: 0, ..Faults::random(seed) },
        };
        let delivery = Delivery {
            file: if scenario.in_place { Some(in_place) } else { scenario.file },
            is_alike: true,
            flash: Some(flash),
            layout,
            sizes: Some(sizes),
            new_images: new,
            cuts: self.cuts.clone(),
            other: scenario.other.map(|other| if scenario.in_place { in_place } else { other }),
            rots: scenario.rots,
            chance: self.chance(),
            ..Delivery::default()
        };
        let mut end = WorldOf::<E, W>::with(6, faults, scenario.firmware, delivery).run();
        if scenario.firmware == Firmware::Good && self.seed == 0 && end.verdict != Verdict::Upgraded {
            return Err(format!("{:?}", end.verdict));
        }
        if self.seed == 0 && !scenario.rots && scenario.other.is_none() && end.statuses.contains(&6) {
            return Err("what was written before a cut was not what was noted".to_owned());
        }
        if scenario.firmware != Firmware::Good && matches!(end.verdict, Verdict::Upgraded) {
            return Err("a firmware that does not work was kept".to_owned());
        }
        let reached = if end.verdict == Verdict::Upgraded { "1.1.0" } else { "1.0.0" };
        if end.version != reached {
            return Err(format!("{} runs, not {reached}", end.version));
        }
        let blocks = |region: Region| region.start as usize / E..region.end() as usize / E;
        for region in &nobodys {
            if end.flash.bytes_mut()[range(*region)].iter().any(|byte| *byte != NOBODYS) {
                return Err(format!("flash at {:#x} was changed, which is nobody's", region.start));
            }
        }
        let [a, b] = layout.slots;
        if scenario.in_place {
            // The slot is the one that runs.
        } else if end.flash.bytes_mut()[range(a)][..old.len()] != old
            || end.flash.erases[blocks(a)].iter().any(|erases| *erases > 0)
        {
            return Err("the slot that ran was changed".to_owned());
        }
        // The slot that is written, and what is written besides: a staging area.
        let (slot, staging) = if scenario.in_place { (blocks(a), blocks(b)) } else { (blocks(b), 0..0) };
        let most = |blocks: Range<usize>| end.flash.erases[blocks].iter().copied().max().unwrap_or(0);
        let all = |counts: &[usize]| counts[slot.clone()].iter().sum::<usize>() + counts[staging.clone()].iter().sum::<usize>();
        let outcome = Outcome {
            slot_erases: most(slot.clone()),
            staging_erases: most(staging.clone()),
            all_slot_erases: all(&end.flash.erases),
            slot_bytes: all(&end.flash.written),
            record_erases: end.flash.erases[blocks(layout.records)].iter().sum::<usize>().div_ceil(layout.bank as usize / E),
            record_bytes: end.flash.written[blocks(layout.records)].iter().sum(),
            starts: end.restarts + 1,
            operations: end.operations,
            cut_at: end.cut_at,
        };
        // Each cut may cost the work on a block once more; where the slot is whole but the upgrade has not heard of it, on all.
        let again = usize::from(scenario.other.is_some()) + usize::from(scenario.rots);
        // There, and back where the trial fails.
        let ways = 1 + usize::from(scenario.in_place && scenario.firmware != Firmware::Good);
        if self.seed == 0 && outcome.slot_erases > ways + self.cuts.len() + again {
            return Err(format!("a block of the slot was erased {} times", outcome.slot_erases));
        }
        // A staging block holds a part of the package, or blocks of the image in turn, at most all of them each way.
        let turns = ways * slot.len();
        if self.seed == 0 && outcome.staging_erases > 1 + turns + self.cuts.len() + again {
            return Err(format!("a block of the staging area was erased {} times", outcome.staging_erases));
        }
        let banks = match scenario.in_place {
            false => RECORD_ERASES * outcome.starts,
            // Before and behind the rewriting the decision begins anew; a cut within it is no start. Two notes a block fill banks.
            true => (RECORD_ERASES + 3) * (outcome.starts + self.cuts.len()) + turns * 4 * (geometry.write as usize + 32) / 2048,
        };
        if self.seed == 0 && outcome.record_erases > banks {
            return Err(format!("records were erased {} times in {} starts", outcome.record_erases, outcome.starts));
        }
        Ok(outcome)
    }
}

/// Banks that may be erased in a start: one that settles what was read, one for the first record, and one that was filled.
pub const RECORD_ERASES: usize = 3;

fn range(region: Region) -> Range<usize> {
    region.start as usize..region.end() as usize
}

fn number(cut: Cut) -> u64 {
    match cut {
        Cut::Before => 0,
        Cut::After => 1,
        Cut::Within(done) => 2 + done as u64 * 2,
        Cut::Torn(done) => 3 + done as u64 * 2,
    }
}

/// As `--case` takes it: `delta/4k-w4/small/0/12:torn3,4:after`.
impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}/{}/", self.scenario().name, self.geometry().name, self.images.name(), self.seed)?;
        for (place, (operation, cut)) in self.cuts.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            match cut {
                Cut::Before => write!(out, "{comma}{operation}:before")?,
                Cut::Within(done) => write!(out, "{comma}{operation}:within{done}")?,
                Cut::Torn(done) => write!(out, "{comma}{operation}:torn{done}")?,
                Cut::After => write!(out, "{comma}{operation}:after")?,
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text}: not a case such as delta/4k-w4/small/0/12:torn3,4:after");
        let [scenario, geometry, images, seed, cuts] = text.split('/').collect::<Vec<_>>()[..] else { return Err(bad()) };
        let cuts = cuts.split(',').filter(|cut| !cut.is_empty()).map(|cut| {
            let (operation, how) = cut.split_once(':')?;
            let place = |name| how.strip_prefix(name)?.parse().ok();
            let cut = match how {
                "before" => Cut::Before,
                "after" => Cut::After,
                _ => place("torn").map(Cut::Torn).or_else(|| place("within").map(Cut::Within))?,
            };
            Some((operation.parse().ok()?, cut))
        });
        Ok(Self {
            scenario: SCENARIOS.iter().position(|known| known.name == scenario).ok_or_else(bad)?,
            geometry: GEOMETRIES.iter().position(|known| known.name == geometry).ok_or_else(bad)?,
            images: Images::named(images).ok_or_else(bad)?,
            seed: seed.parse().map_err(|_| bad())?,
            cuts: cuts.collect::<Option<_>>().ok_or_else(bad)?,
        })
    }
}
