//! Plans meet devices: each function is part of one transaction and returns the messages to be sent once it is committed.

use super::message::{self, Announced, Message};
use super::secret;
use crate::address;
use crate::domain::device::Device;
use crate::domain::offer::{Case, Obstacle, Trigger};
use crate::domain::package::Package;
use crate::domain::plan::{Plan, PlanAction, PlanError, PlanState};
use crate::domain::schedule;
use crate::domain::upgrade::{DeviceState, Next, Report, Upgrade};
use crate::store::{self, download::Purpose};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Result};

/// How long a download address works.
const ADDRESS_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// An address is used again while it works at least this long.
const ADDRESS_RESERVE: TimeDelta = TimeDelta::hours(12);

/// What the decisions depend on beside the database.
#[derive(Clone)]
pub struct Circumstances {
    pub now: DateTime<Utc>,
    /// Where devices find this Center's HTTP, without a slash at the end.
    pub public_url: String,
}

/// Looks for what a device needs: the continuation of its upgrade, or a plan that applies. A tick is for the plans of its zones.
pub fn look(db: &Connection, at: &Circumstances, client_id: &str, trigger: Trigger) -> Result<Vec<Message>> {
    let is_due = |plan: &Plan| match trigger {
        Trigger::Tick(last) => schedule::ticked(last, at.now, plan.draft.time_zone),
        _ => true,
    };
    let Some(device) = store::device::get(db, client_id)? else { return Ok(Vec::new()) };
    if let Some(mut upgrade) = store::upgrade::running(db, client_id)? {
        let Some(plan) = store::plan::get(db, upgrade.plan)? else { return Ok(Vec::new()) };
        if !is_due(&plan) {
            return Ok(Vec::new());
        }
        // What made the plan apply may be over: the push period, a charged battery, the plan itself.
        let obstacle = if upgrade.unanswered() { consider(db, at, &plan, &device, trigger)?.err() } else { None };
        let Some(obstacle) = obstacle else {
            let next = upgrade.resume();
            return act(db, at, &plan, &device, upgrade, next);
        };
        upgrade.withdraw(at.now);
        store::upgrade::put(db, &upgrade)?;
        store::log::add(db, (plan.id, client_id, ""), at.now, None, &format!("offer taken back: {obstacle}"))?;
    }
    for plan in store::plan::in_force(db, Some(&device.product))?.into_iter().filter(is_due) {
        if let Ok(components) = consider(db, at, &plan, &device, trigger)? {
            let mut upgrade = upgrade_of(db, &plan, client_id, at.now)?;
            upgrade.begin(components, at.now);
            store::upgrade::put(db, &upgrade)?;
            if plan.state == PlanState::Activated {
                store::plan::set_state(db, plan.id, PlanState::Upgrading, plan.activated_at)?;
            }
            store::log::add(db, (plan.id, client_id, ""), at.now, None, &format!("offered, attempt {}", upgrade.attempts))?;
            return Ok(vec![message::plan(&plan.draft, &upgrade)]);
        }
    }
    Ok(Vec::new())
}

/// Whether a plan applies to a device now, with the components to upgrade; else why not.
pub fn consider(
    db: &Connection,
    at: &Circumstances,
    plan: &Plan,
    device: &Device,
    trigger: Trigger,
) -> Result<std::result::Result<Vec<crate::domain::upgrade::ComponentRun>, Obstacle>> {
    let packages = packages_of(db, plan)?;
    let upgrade = store::upgrade::get(db, plan.id, &device.client_id)?;
    let busy = store::upgrade::running(db, &device.client_id)?.map(|running| running.plan);
    let case = Case { plan, packages: &packages, device, upgrade: upgrade.as_ref(), busy, now: at.now };
    Ok(case.offer(trigger))
}

/// Takes a device's status report into its upgrade.
pub fn report(db: &Connection, at: &Circumstances, device: &Device, report: &Report, code: u8) -> Result<Vec<Message>> {
    let Some(mut upgrade) = upgrade_reported(db, device, report)? else {
        tracing::info!("{}: status {code} of no upgrade ({})", device.client_id, report.text);
        return Ok(Vec::new());
    };
    let Some(plan) = store::plan::get(db, upgrade.plan)? else { return Ok(Vec::new()) };
    let component =
        upgrade.component(report).map_or(report.component.clone(), |index| upgrade.components[index].identifier.clone());
    store::log::add(db, (plan.id, &device.client_id, &component), at.now, Some(code), &report.text)?;
    let next = upgrade.report(report, &device.reported, plan.draft.strategy.retries, at.now);
    act(db, at, &plan, device, upgrade, next)
}

/// Takes versions that a device reported into its upgrade.
pub fn versions(db: &Connection, at: &Circumstances, device: &Device) -> Result<Vec<Message>> {
    let Some(mut upgrade) = store::upgrade::running(db, &device.client_id)? else { return Ok(Vec::new()) };
    let Some(plan) = store::plan::get(db, upgrade.plan)? else { return Ok(Vec::new()) };
    let next = upgrade.versions(&device.reported, at.now);
    act(db, at, &plan, device, upgrade, next)
}

/// A person allows a manual plan for a device.
pub fn approve(db: &Connection, at: &Circumstances, plan: &Plan, client_id: &str) -> Result<()> {
    let mut upgrade = upgrade_of(db, plan, client_id, at.now)?;
    upgrade.approved = true;
    upgrade.changed_at = at.now;
    store::upgrade::put(db, &upgrade)?;
    store::log::add(db, (plan.id, client_id, ""), at.now, None, "confirmed by a person")
}

/// A person activates, suspends, resumes or terminates a plan; the inner error is why it can't be that.
pub fn change(
    db: &Connection,
    at: &Circumstances,
    plan: &Plan,
    action: PlanAction,
) -> Result<std::result::Result<(), PlanError>> {
    let begun = store::upgrade::of_plan(db, plan.id)?.iter().any(|upgrade| upgrade.attempts > 0);
    let state = match plan.state.after(action, begun) {
        Ok(state) => state,
        Err(error) => return Ok(Err(error)),
    };
    if action == PlanAction::Activate {
        let packages = packages_of(db, plan)?;
        let mut pairs = plan.draft.components.iter().zip(&packages);
        if let Err(error) = pairs.try_for_each(|(component, package)| component.check(&plan.draft.product, package)) {
            return Ok(Err(error));
        }
    }
    store::plan::set_state(db, plan.id, state, plan.activated_at.or(Some(at.now)))?;
    if action == PlanAction::Terminate {
        terminate(db, at, plan)?;
    }
    Ok(Ok(()))
}

/// Ends a plan for the devices that wait for it or download its packages. What a device already installs is not to be stopped.
fn terminate(db: &Connection, at: &Circumstances, plan: &Plan) -> Result<()> {
    for device in store::device::list(db, Some(&plan.draft.product))? {
        if !plan.draft.lists(&device.key) {
            continue;
        }
        let mut upgrade = upgrade_of(db, plan, &device.client_id, at.now)?;
        let is_open = matches!(upgrade.state, DeviceState::NonUpgraded | DeviceState::InUpgrade);
        if is_open && !upgrade.installs() {
            upgrade.state = DeviceState::Failed;
            upgrade.reason = Some("the plan was terminated".into());
            upgrade.changed_at = at.now;
            store::upgrade::put(db, &upgrade)?;
            store::download::close(db, plan.id, &device.client_id)?;
        }
    }
    Ok(())
}

/// What is due with time: upgrades that went silent, addresses that expired, plans whose time is over.
pub fn housekeep(db: &Connection, at: &Circumstances) -> Result<()> {
    for mut upgrade in store::upgrade::silent_since(db, at.now - crate::domain::upgrade::SILENCE)? {
        let device = store::device::get(db, &upgrade.client_id)?;
        let plan = store::plan::get(db, upgrade.plan)?;
        let (Some(device), Some(plan)) = (device, plan) else { continue };
        if upgrade.check_silence(&device.reported, plan.draft.strategy.retries, at.now) {
            let text = upgrade.reason.clone().unwrap_or_else(|| "upgraded".into());
            store::log::add(db, (plan.id, &device.client_id, ""), at.now, None, &text)?;
            store::upgrade::put(db, &upgrade)?;
        }
    }
    store::download::forget(db, at.now)?;
    for plan in store::plan::in_force(db, None)? {
        if plan.draft.planned_end.is_some_and(|end| end <= at.now) {
            store::plan::set_state(db, plan.id, PlanState::Ended, plan.activated_at)?;
        }
    }
    Ok(())
}

/// The packages of a plan, in the order of its components.
pub fn packages_of(db: &Connection, plan: &Plan) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for component in &plan.draft.components {
        packages.extend(store::package::get(db, component.package)?);
    }
    Ok(packages)
}

/// The upgrade that a report is about: the one that runs, else the latest that has its component.
fn upgrade_reported(db: &Connection, device: &Device, report: &Report) -> Result<Option<Upgrade>> {
    if let Some(running) = store::upgrade::running(db, &device.client_id)? {
        return Ok(Some(running));
    }
    let all = store::upgrade::of_device(db, &device.client_id)?;
    Ok(all.into_iter().find(|upgrade| upgrade.component(report).is_some()))
}

fn upgrade_of(db: &Connection, plan: &Plan, client_id: &str, now: DateTime<Utc>) -> Result<Upgrade> {
    Ok(store::upgrade::get(db, plan.id, client_id)?.unwrap_or_else(|| Upgrade::new(plan.id, client_id, now)))
}

/// Keeps an upgrade and does what comes next.
fn act(db: &Connection, at: &Circumstances, plan: &Plan, device: &Device, upgrade: Upgrade, next: Next) -> Result<Vec<Message>> {
    store::upgrade::put(db, &upgrade)?;
    match next {
        Next::Wait => Ok(Vec::new()),
        Next::Offer => Ok(vec![message::plan(&plan.draft, &upgrade)]),
        Next::Files(index) => announce(db, at, &upgrade, index),
        Next::Finished => {
            store::download::close(db, plan.id, &device.client_id)?;
            let outcome = match (upgrade.state, &upgrade.reason) {
                (DeviceState::Upgraded, _) => "upgraded".to_owned(),
                (DeviceState::Failed, Some(reason)) => format!("failed: {reason}"),
                (_, Some(reason)) => format!("attempt failed: {reason}"),
                (_, None) => "attempt failed".to_owned(),
            };
            store::log::add(db, (plan.id, &device.client_id, ""), at.now, None, &outcome)?;
            tracing::info!("{}: plan '{}': {outcome}", device.client_id, plan.draft.name);
            look(db, at, &device.client_id, Trigger::Online)
        }
    }
}

/// Tells where the files of a component are, at addresses for this device only.
fn announce(db: &Connection, at: &Circumstances, upgrade: &Upgrade, index: usize) -> Result<Vec<Message>> {
    let component = &upgrade.components[index];
    let Some(package) = store::package::get(db, component.package)? else { return Ok(Vec::new()) };
    let mut announced = Vec::new();
    for (position, file) in package.files.iter().enumerate() {
        let purpose = Purpose {
            plan: upgrade.plan,
            client_id: &upgrade.client_id,
            component: &component.identifier,
            package: package.id,
            position,
        };
        let token = match store::download::reusable(db, purpose, at.now + ADDRESS_RESERVE)? {
            Some(token) => token,
            None => {
                let token = secret::hex::<16>();
                store::download::insert(db, &token, purpose, at.now + ADDRESS_LIFETIME)?;
                token
            }
        };
        announced.push(Announced { file, url: format!("{}/d/{token}/{}", at.public_url, address::part(&file.name)) });
    }
    let text = format!("told where {} is", package.draft.name);
    store::log::add(db, (upgrade.plan, &upgrade.client_id, &component.identifier), at.now, None, &text)?;
    Ok(vec![message::files(component, &announced, upgrade.sha256)])
}
