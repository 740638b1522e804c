//! The plan and how far it is: what is kept of an upgrade through restarts.

use super::state::Stage;
use heapless::Vec;
use qth_protocol::ota::{Component, Failure, Plan};

/// Length of the upgrade's record in flash.
pub const RECORD: usize = 14;

/// A plan as it came, and a few numbers.
pub struct Course<const PLAN: usize> {
    plan: Vec<u8, PLAN>,
    /// Place of the component in progress in the plan's order.
    pub current: u8,
    /// Failed attempts at this component.
    pub attempts: u8,
    /// The last attempt is among them, and no other was begun since.
    pub is_counted: bool,
    /// SHA-256 was asked for.
    pub wants_sha256: bool,
    /// How far the download was when the device last started: no progress between two starts is a failed attempt.
    pub reached: u32,
    done: u32,
}

impl<const PLAN: usize> Course<PLAN> {
    /// No plan.
    pub const fn none() -> Self {
        Self { plan: Vec::new(), current: 0, attempts: 0, is_counted: false, wants_sha256: false, reached: 0, done: 0 }
    }

    /// Takes a plan that was just offered; `None`, and nothing changed, when it is malformed or larger than the space for it.
    pub fn offer(&mut self, bytes: &[u8], wants_sha256: bool) -> Option<()> {
        let plan = Plan::parse(bytes).ok()?;
        let (current, _) = plan.find(plan.leader()?.name)?;
        if bytes.len() > PLAN {
            return None;
        }
        self.plan.clear();
        self.plan.extend_from_slice(bytes).ok()?;
        (self.current, self.attempts, self.reached, self.done) = (current, 0, 0, 0);
        self.is_counted = false;
        self.wants_sha256 = wants_sha256;
        Some(())
    }

    /// Takes what was kept in flash: the plan, which `read` writes to the room that it is given and tells the length of, and
    /// the numbers. `None`, and no plan, when they make no sense, as after a downgrade.
    pub fn restore(
        &mut self,
        record: &[u8; RECORD],
        read: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Option<(Stage, Option<Failure>)> {
        let &[stage, current, attempts, wants_sha256, failure, r0, r1, r2, r3, d0, d1, d2, d3, is_counted] = record;
        self.plan.resize_default(PLAN).ok()?;
        let length = read(&mut self.plan).unwrap_or(0);
        self.plan.truncate(length);
        self.current = current;
        self.attempts = attempts;
        self.is_counted = is_counted != 0;
        self.wants_sha256 = wants_sha256 != 0;
        self.reached = u32::from_le_bytes([r0, r1, r2, r3]);
        self.done = u32::from_le_bytes([d0, d1, d2, d3]);
        match (self.component(), Stage::from_code(stage)) {
            (Some(_), Some(stage)) => Some((stage, Failure::from_code(failure))),
            _ => {
                self.plan.clear();
                None
            }
        }
    }

    /// The numbers as they are kept in flash, with the stage and the reason of a failure.
    pub fn record(&self, stage: Stage, failure: Option<Failure>) -> [u8; RECORD] {
        let [r0, r1, r2, r3] = self.reached.to_le_bytes();
        let [d0, d1, d2, d3] = self.done.to_le_bytes();
        let failure = failure.map_or(0, |failure| failure as u8);
        let wants_sha256 = u8::from(self.wants_sha256);
        [
            stage as u8,
            self.current,
            self.attempts,
            wants_sha256,
            failure,
            r0,
            r1,
            r2,
            r3,
            d0,
            d1,
            d2,
            d3,
            u8::from(self.is_counted),
        ]
    }

    /// The plan as it came; empty when there is none.
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

    /// Returns whether the component at this place was not upgraded yet.
    pub fn is_open(&self, place: u8) -> bool {
        1_u32.checked_shl(u32::from(place)).is_some_and(|bit| self.done & bit == 0)
    }

    /// Notes that the component in progress is upgraded; returns whether it was the last one.
    pub fn component_succeeded(&mut self) -> bool {
        self.done |= 1_u32.checked_shl(u32::from(self.current)).unwrap_or(0);
        self.attempts = 0;
        self.is_counted = false;
        self.reached = 0;
        let count = self.plan().map_or(0, |plan| plan.count());
        self.done.count_ones() as usize >= count
    }
}
