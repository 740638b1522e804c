//! Which plan applies to which device, and why not.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::device::Device;
use super::package::{Package, PackageType};
use super::plan::{Mode, Plan, PlanState};
use super::schedule::local_text;
use super::upgrade::{ComponentRun, ComponentState, DeviceState, Upgrade};

/// What makes the Center look for a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The device asked (0x0115).
    Request,
    /// It came online and has reported its versions.
    Online,
    /// Zones had a full ten minutes since then.
    Tick(DateTime<Utc>),
    /// A person confirmed the plan for the device.
    Approval,
}

/// Why a device is not offered a plan now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Obstacle {
    /// Another product's device.
    #[error("the plan is for product {0}")]
    Product(String),
    /// Left out.
    #[error("on the plan's blacklist")]
    Blacklisted,
    /// Not let in.
    #[error("not on the plan's whitelist")]
    NotWhitelisted,
    /// Saved, suspended, terminated or ended.
    #[error("the plan is {0}")]
    NotInForce(PlanState),
    /// Too early.
    #[error("the plan starts {0}")]
    NotYet(String),
    /// Too late.
    #[error("the plan ended {0}")]
    Over(String),
    /// Not at this time of day.
    #[error("outside the push period {0}")]
    PushPeriod(String),
    /// Already done.
    #[error("upgraded")]
    Upgraded,
    /// Failed for good.
    #[error("failed, no retry left{}", .0.as_deref().map(|r| format!(" ({r})")).unwrap_or_default())]
    Failed(Option<String>),
    /// Retries are made at a tick or on request.
    #[error("tried again at the next full ten minutes or when the device asks{}", .0.as_deref().map(|r| format!(" ({r})")).unwrap_or_default())]
    RetryLater(Option<String>),
    /// Manual mode.
    #[error("waits for a person to confirm the upgrade of this device")]
    NotConfirmed,
    /// Nothing to compare with.
    #[error("the device has not reported the version of component '{0}'")]
    VersionUnknown(String),
    /// The delta starts elsewhere.
    #[error("component '{component}' runs version '{version}', the delta package is for '{source_version}'")]
    SourceVersion {
        /// Component.
        component: String,
        /// What it runs.
        version: String,
        /// What the package needs.
        source_version: String,
    },
    /// Nothing to do.
    #[error("already runs the target version")]
    TargetVersion,
    /// Battery below the strategy.
    #[error("battery {0} % is below {1} %")]
    Battery(i64, u8),
    /// Signal below the strategy.
    #[error("signal {0} dBm is below {1} dBm")]
    Signal(i64, i16),
    /// Space below the strategy.
    #[error("{0} bytes of free flash are less than {1}")]
    Space(i64, u32),
    /// One at a time.
    #[error("plan {0} is running on the device")]
    Busy(i64),
    /// Nobody to talk to.
    #[error("offline")]
    Offline,
}

/// Everything that decides about one plan and one device.
pub struct Case<'a> {
    /// Plan.
    pub plan: &'a Plan,
    /// Its packages, in the order of its components.
    pub packages: &'a [Package],
    /// Device.
    pub device: &'a Device,
    /// What happened so far.
    pub upgrade: Option<&'a Upgrade>,
    /// Plan that is running on the device.
    pub busy: Option<i64>,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Case<'_> {
    /// The components to offer, or the first obstacle.
    pub fn offer(&self, trigger: Trigger) -> Result<Vec<ComponentRun>, Obstacle> {
        self.check_membership()?;
        self.check_history(trigger)?;
        self.check_time()?;
        let components = self.components()?;
        self.check_strategy()?;
        match self.busy {
            Some(plan) if plan != self.plan.id => Err(Obstacle::Busy(plan)),
            _ => Ok(components),
        }
    }

    fn check_membership(&self) -> Result<(), Obstacle> {
        let plan = &self.plan.draft;
        if plan.product != self.device.product {
            return Err(Obstacle::Product(plan.product.clone()));
        }
        if plan.blacklist.contains(&self.device.key) {
            return Err(Obstacle::Blacklisted);
        }
        if !plan.lists(&self.device.key) {
            return Err(Obstacle::NotWhitelisted);
        }
        Ok(())
    }

    fn check_history(&self, trigger: Trigger) -> Result<(), Obstacle> {
        let approved = self.upgrade.is_some_and(|upgrade| upgrade.approved);
        if let Some(upgrade) = self.upgrade {
            match upgrade.state {
                DeviceState::Upgraded => return Err(Obstacle::Upgraded),
                DeviceState::Failed => return Err(Obstacle::Failed(upgrade.reason.clone())),
                DeviceState::NonUpgraded if upgrade.attempts > 0 && trigger == Trigger::Online => {
                    return Err(Obstacle::RetryLater(upgrade.reason.clone()));
                }
                _ => {}
            }
        }
        if self.plan.draft.mode == Mode::Manual && !approved && self.plan.state.in_force() {
            return Err(Obstacle::NotConfirmed);
        }
        Ok(())
    }

    fn check_time(&self) -> Result<(), Obstacle> {
        let plan = &self.plan.draft;
        if !self.plan.state.in_force() {
            return Err(Obstacle::NotInForce(self.plan.state));
        }
        if let Some(start) = plan.planned_start.filter(|start| self.now < *start) {
            return Err(Obstacle::NotYet(local_text(start, plan.time_zone)));
        }
        if let Some(end) = plan.planned_end.filter(|end| self.now >= *end) {
            return Err(Obstacle::Over(local_text(end, plan.time_zone)));
        }
        match plan.push_period {
            Some(period) if !period.contains(self.now, plan.time_zone) => {
                Err(Obstacle::PushPeriod(format!("{period} ({})", plan.time_zone.name())))
            }
            _ => Ok(()),
        }
    }

    fn components(&self) -> Result<Vec<ComponentRun>, Obstacle> {
        let mut runs = Vec::with_capacity(self.packages.len());
        for (component, package) in self.plan.draft.components.iter().zip(self.packages) {
            let draft = &package.draft;
            let version = self
                .device
                .reported
                .version(draft.component_type, &component.identifier)
                .ok_or_else(|| Obstacle::VersionUnknown(component.identifier.clone()))?;
            let done = version == draft.target_version;
            match draft.source_version.as_deref() {
                Some(source) if draft.package_type == PackageType::Delta && source != version && !done => {
                    return Err(Obstacle::SourceVersion {
                        component: component.identifier.clone(),
                        version: version.to_owned(),
                        source_version: source.to_owned(),
                    });
                }
                _ => {}
            }
            runs.push(ComponentRun {
                identifier: component.identifier.clone(),
                component_type: draft.component_type,
                package: package.id,
                source_version: version.to_owned(),
                target_version: draft.target_version.clone(),
                state: if done { ComponentState::Successful } else { ComponentState::Start },
                download_failed: false,
                version_awaited: false,
            });
        }
        if runs.iter().all(|run| run.state == ComponentState::Successful) {
            return Err(Obstacle::TargetVersion);
        }
        Ok(runs)
    }

    /// Against what the device reported; what it never reported, it checks by itself before it downloads.
    fn check_strategy(&self) -> Result<(), Obstacle> {
        let (wanted, status) = (&self.plan.draft.strategy, &self.device.reported.status);
        if let (Some(least), Some(battery)) = (wanted.min_battery, status.battery) {
            if battery < i64::from(least) {
                return Err(Obstacle::Battery(battery, least));
            }
        }
        if let (Some(least), Some(signal)) = (wanted.min_signal, status.rsrp.or(status.signal)) {
            if signal < i64::from(least) {
                return Err(Obstacle::Signal(signal, least));
            }
        }
        if let (Some(least), Some(free)) = (wanted.space, status.free_flash) {
            if free < i64::from(least) {
                return Err(Obstacle::Space(free, least));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::device::{mcu_versions, Reported, Status};
    use crate::domain::package::{ComponentType, PackageDraft};
    use crate::domain::plan::{tests::draft, PlanDraft, Strategy};
    use crate::domain::schedule::{instant, PushPeriod};
    use std::collections::BTreeSet;

    const DK: &str = "866000000000017";

    fn now() -> DateTime<Utc> {
        instant("2026-11-23T10:00", chrono_tz::UTC).unwrap()
    }

    fn device() -> Device {
        Device {
            client_id: format!("qdp111xt{DK}"),
            product: "p111xt".into(),
            key: DK.into(),
            reported: Reported {
                module_version: Some("1.0.0".into()),
                mcu_versions: mcu_versions("MCU1;1.0.0"),
                status: Status { battery: Some(50), signal: Some(-80), free_flash: Some(1000), ..Status::default() },
                ..Reported::default()
            },
            created_at: now(),
            last_seen: now(),
        }
    }

    fn package(package_type: PackageType, source: Option<&str>) -> Package {
        Package {
            id: 1,
            draft: PackageDraft {
                name: "fw".into(),
                component_type: ComponentType::Module,
                package_type,
                source_version: source.map(str::to_owned),
                target_version: "1.1.0".into(),
                remarks: String::new(),
            },
            files: Vec::new(),
            created_at: now(),
        }
    }

    fn offer(draft: PlanDraft, package: Package, upgrade: Option<Upgrade>, trigger: Trigger) -> Result<usize, Obstacle> {
        let plan = Plan { id: 7, draft, state: PlanState::Activated, created_at: now(), activated_at: None };
        let (device, packages) = (device(), [package]);
        let case = Case { plan: &plan, packages: &packages, device: &device, upgrade: upgrade.as_ref(), busy: None, now: now() };
        case.offer(trigger).map(|components| components.len())
    }

    fn full(draft: PlanDraft) -> Result<usize, Obstacle> {
        offer(draft, package(PackageType::Full, None), None, Trigger::Tick(now()))
    }

    #[test]
    fn a_full_package_is_offered_whatever_runs() {
        assert_eq!(full(draft()), Ok(1));
    }

    #[test]
    fn a_device_of_another_product_or_off_the_lists_is_left_out() {
        let only = |key: &str| BTreeSet::from([key.to_owned()]);
        assert_eq!(full(PlanDraft { product: "p2".into(), ..draft() }), Err(Obstacle::Product("p2".into())));
        assert_eq!(full(PlanDraft { whitelist: only("other"), ..draft() }), Err(Obstacle::NotWhitelisted));
        assert_eq!(full(PlanDraft { whitelist: only(DK), blacklist: only(DK), ..draft() }), Err(Obstacle::Blacklisted));
        assert_eq!(full(PlanDraft { whitelist: only(DK), ..draft() }), Ok(1));
    }

    #[test]
    fn a_delta_is_offered_only_for_its_source_version() {
        let delta = |source| offer(draft(), package(PackageType::Delta, Some(source)), None, Trigger::Online);
        assert_eq!(delta("1.0.0"), Ok(1));
        assert!(matches!(delta("0.9.0"), Err(Obstacle::SourceVersion { .. })));
    }

    #[test]
    fn a_device_that_runs_the_target_version_is_left_alone() {
        let mut package = package(PackageType::Full, None);
        package.draft.target_version = "1.0.0".into();
        assert_eq!(offer(draft(), package, None, Trigger::Request), Err(Obstacle::TargetVersion));
    }

    #[test]
    fn an_mcu_that_the_device_does_not_have_is_an_obstacle() {
        let mut package = package(PackageType::Full, None);
        package.draft.component_type = ComponentType::Mcu;
        assert_eq!(offer(draft(), package, None, Trigger::Tick(now())), Err(Obstacle::VersionUnknown("EC600N".into())));
    }

    #[test]
    fn the_strategy_is_held_against_the_reported_status() {
        let with = |strategy| full(PlanDraft { strategy, ..draft() });
        let none = Strategy::default();
        assert_eq!(with(Strategy { min_battery: Some(51), ..none }), Err(Obstacle::Battery(50, 51)));
        assert_eq!(with(Strategy { min_signal: Some(-79), ..none }), Err(Obstacle::Signal(-80, -79)));
        assert_eq!(with(Strategy { space: Some(1001), ..none }), Err(Obstacle::Space(1000, 1001)));
        let met = Strategy { min_battery: Some(50), min_signal: Some(-80), space: Some(1000), retries: 0 };
        assert_eq!(with(met), Ok(1));
    }

    #[test]
    fn planned_times_and_the_push_period_hold() {
        let at = |text: &str| Some(instant(text, chrono_tz::UTC).unwrap());
        assert!(matches!(full(PlanDraft { planned_start: at("2026-11-23T10:01"), ..draft() }), Err(Obstacle::NotYet(_))));
        assert!(matches!(full(PlanDraft { planned_end: at("2026-11-23T10:00"), ..draft() }), Err(Obstacle::Over(_))));
        let period = |text: &str| PushPeriod::parse(text).ok();
        assert!(matches!(full(PlanDraft { push_period: period("10:10-11:00"), ..draft() }), Err(Obstacle::PushPeriod(_))));
        assert_eq!(full(PlanDraft { push_period: period("10:00-10:10"), ..draft() }), Ok(1));
    }

    #[test]
    fn a_manual_plan_waits_for_a_person() {
        let manual = PlanDraft { mode: Mode::Manual, ..draft() };
        let package = package(PackageType::Full, None);
        assert_eq!(offer(manual.clone(), package.clone(), None, Trigger::Tick(now())), Err(Obstacle::NotConfirmed));
        let approved = Upgrade { approved: true, ..Upgrade::new(7, "c", now()) };
        assert_eq!(offer(manual, package, Some(approved), Trigger::Approval), Ok(1));
    }

    #[test]
    fn a_retry_waits_for_a_tick_or_a_request() {
        let failed_once = Upgrade { attempts: 1, ..Upgrade::new(7, "c", now()) };
        let again = |trigger| offer(draft(), package(PackageType::Full, None), Some(failed_once.clone()), trigger);
        assert_eq!(again(Trigger::Online), Err(Obstacle::RetryLater(None)));
        assert_eq!(again(Trigger::Tick(now())), Ok(1));
        assert_eq!(again(Trigger::Request), Ok(1));
    }

    #[test]
    fn a_second_plan_waits_for_the_first() {
        let plan = Plan { id: 7, draft: draft(), state: PlanState::Activated, created_at: now(), activated_at: None };
        let (device, packages) = (device(), [package(PackageType::Full, None)]);
        let case = Case { plan: &plan, packages: &packages, device: &device, upgrade: None, busy: Some(6), now: now() };
        assert_eq!(case.offer(Trigger::Tick(now())), Err(Obstacle::Busy(6)));
    }
}
