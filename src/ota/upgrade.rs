//! The upgrade in progress: what is kept of it through restarts.

use heapless::Vec;
use qth_protocol::ota::{Component, Failure, Plan};

/// Failed attempts at one component that end the plan.
pub const ATTEMPTS_MAX: u8 = 5;

/// Where the upgrade is. The numbers are kept in flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// No plan.
    Idle = 0,
    /// The plan waits for the application's word.
    Offered = 1,
    /// Accepted; the file information of the next component is awaited.
    Confirmed = 2,
    /// A package is being downloaded, or its next attempt is awaited.
    Downloading = 3,
    /// The package is in the slot and verified.
    Downloaded = 4,
    /// The restart into the new firmware is due or has happened; an MCU is being updated.
    Updating = 5,
    /// Over for this component; the report of it is not acknowledged yet.
    Ended = 6,
}

impl Stage {
    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Stage::Idle,
            1 => Stage::Offered,
            2 => Stage::Confirmed,
            3 => Stage::Downloading,
            4 => Stage::Downloaded,
            5 => Stage::Updating,
            6 => Stage::Ended,
            _ => return None,
        })
    }
}

/// Length of the upgrade's record in flash.
pub const RECORD: usize = 14;

/// The upgrade in progress. The plan is kept as it came; everything else is a few numbers.
pub struct Upgrade<const PLAN: usize> {
    plan: Vec<u8, PLAN>,
    /// Where the upgrade is.
    pub stage: Stage,
    /// Place of the component in progress in the plan's order.
    pub current: u8,
    /// Failed attempts at this component.
    pub attempts: u8,
    /// SHA-256 was asked for.
    pub wants_sha256: bool,
    /// Why it failed, once it has ended in failure.
    pub failure: Option<Failure>,
    /// How far the download was when the device last started: no progress between two starts is a failed attempt.
    pub reached: u32,
    done: u32,
}

impl<const PLAN: usize> Upgrade<PLAN> {
    /// No upgrade.
    pub const fn idle() -> Self {
        Self {
            plan: Vec::new(),
            stage: Stage::Idle,
            current: 0,
            attempts: 0,
            wants_sha256: false,
            failure: None,
            reached: 0,
            done: 0,
        }
    }

    /// A plan that was just offered; `None` when it is larger than the space for it.
    pub fn offered(plan: &[u8], wants_sha256: bool) -> Option<Self> {
        let mut upgrade = Self { stage: Stage::Offered, wants_sha256, ..Self::idle() };
        upgrade.plan.extend_from_slice(plan).ok()?;
        let plan = upgrade.plan()?;
        let leader = plan.leader()?.name;
        upgrade.current = plan.find(leader)?.0;
        Some(upgrade)
    }

    /// What was kept in flash: the plan and the numbers. `None` when it makes no sense, as after a downgrade.
    pub fn restore(plan: &[u8], record: &[u8]) -> Option<Self> {
        let &[stage, current, attempts, wants_sha256, failure, r0, r1, r2, r3, d0, d1, d2, d3, _] = record else {
            return None;
        };
        let upgrade = Self {
            stage: Stage::from_code(stage)?,
            current,
            attempts,
            failure: Failure::from_code(failure),
            reached: u32::from_le_bytes([r0, r1, r2, r3]),
            done: u32::from_le_bytes([d0, d1, d2, d3]),
            ..Self::offered(plan, wants_sha256 != 0)?
        };
        upgrade.component()?;
        Some(upgrade)
    }

    /// The numbers as they are kept in flash.
    pub fn record(&self) -> [u8; RECORD] {
        let [r0, r1, r2, r3] = self.reached.to_le_bytes();
        let [d0, d1, d2, d3] = self.done.to_le_bytes();
        let failure = self.failure.map_or(0, |failure| failure as u8);
        let stage = self.stage as u8;
        [stage, self.current, self.attempts, u8::from(self.wants_sha256), failure, r0, r1, r2, r3, d0, d1, d2, d3, 0]
    }

    /// The plan as it came, which is empty when there is none.
    pub fn plan_bytes(&self) -> &[u8] {
        &self.plan
    }

    /// The plan.
    pub fn plan(&self) -> Option<Plan<'_>> {
        Plan::parse(&self.plan).ok()
    }

    /// The component in progress.
    pub fn component(&self) -> Option<Component<'_>> {
        self.plan()?.components().nth(usize::from(self.current))
    }

    /// The component at this place was not upgraded yet.
    pub fn is_open(&self, place: u8) -> bool {
        1_u32.checked_shl(u32::from(place)).is_some_and(|bit| self.done & bit == 0)
    }

    /// The component in progress is upgraded: on to the next, or to the end of the plan.
    pub fn component_succeeded(&mut self) {
        self.done |= 1_u32.checked_shl(u32::from(self.current)).unwrap_or(0);
        self.attempts = 0;
        self.reached = 0;
        let count = self.plan().map_or(0, |plan| plan.count());
        self.stage = if self.done.count_ones() as usize >= count { Stage::Idle } else { Stage::Confirmed };
    }
}
