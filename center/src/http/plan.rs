//! `/api/v1/plans`

use super::extract::{Body, Path, Query};
use super::{ApiError, Shared};
use crate::domain::offer::Trigger;
use crate::domain::plan::{Mode, Plan, PlanAction, PlanDraft, PlanState};
use crate::domain::upgrade::{ComponentState, DeviceState, Upgrade};
use crate::service::{rollout, Center};
use crate::store;
use axum::http::StatusCode;
use axum::Json;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most log entries in one answer.
const LOG_MAX: u32 = 10_000;

pub async fn create(center: Shared, Body(draft): Body<PlanDraft>) -> Result<(StatusCode, Json<Plan>), ApiError> {
    let now = center.now();
    let plan = center
        .store
        .run(move |db| {
            check(db, &draft, None)?;
            let id = store::plan::insert(db, &draft, now)?;
            get(db, id)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(plan)))
}

pub async fn edit(center: Shared, Path(id): Path<i64>, Body(draft): Body<PlanDraft>) -> Result<Json<Plan>, ApiError> {
    let edited = move |db: &Connection| {
        get(db, id)?.state.check_editable()?;
        check(db, &draft, Some(id))?;
        store::plan::edit(db, id, &draft)?;
        get(db, id)
    };
    Ok(Json(center.store.run(edited).await?))
}

pub async fn list(center: Shared) -> Result<Json<Vec<Plan>>, ApiError> {
    Ok(Json(center.store.run(store::plan::list).await?))
}

pub async fn show(center: Shared, Path(id): Path<i64>) -> Result<Json<Plan>, ApiError> {
    Ok(Json(center.store.run(move |db| get(db, id)).await?))
}

pub async fn remove(center: Shared, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    let removed = move |db: &Connection| {
        get(db, id)?.state.check_editable()?;
        Ok::<_, ApiError>(store::plan::remove(db, id)?)
    };
    center.store.run(removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn act(center: Shared, Path((id, action)): Path<(i64, String)>) -> Result<Json<Plan>, ApiError> {
    let action = match action.as_str() {
        "activate" => PlanAction::Activate,
        "suspend" => PlanAction::Suspend,
        "resume" => PlanAction::Resume,
        "terminate" => PlanAction::Terminate,
        other => return Err(ApiError::not_found(format!("a plan can't '{other}'"))),
    };
    let at = center.circumstances();
    let acted = move |db: &Connection| {
        let plan = get(db, id)?;
        rollout::change(db, &at, &plan, action)??;
        get(db, id)
    };
    let plan = center.store.run(acted).await?;
    if plan.state.in_force() {
        // Devices that are there need not wait for the next tick.
        for client_id in center.online() {
            center.look(&client_id, Trigger::Online).await?;
        }
    }
    Ok(Json(plan))
}

pub async fn confirm(center: Shared, Path((id, name)): Path<(i64, String)>) -> Result<StatusCode, ApiError> {
    let at = center.circumstances();
    let confirmed = move |db: &Connection| {
        let plan = get(db, id)?;
        if plan.draft.mode != Mode::Manual || !(plan.state.in_force() || plan.state == PlanState::Suspended) {
            let detail = format!("plan {id} waits for nobody: only a manual plan that is activated is confirmed by a person");
            return Err(ApiError::conflict(detail));
        }
        let devices = store::device::find(db, &name)?;
        let device = devices.into_iter().find(|device| device.product == plan.draft.product);
        let device =
            device.ok_or_else(|| ApiError::not_found(format!("product '{}' has no device '{name}'", plan.draft.product)))?;
        rollout::approve(db, &at, &plan, &device.client_id)?;
        Ok::<_, ApiError>(device.client_id)
    };
    let client_id = center.store.run(confirmed).await?;
    center.look(&client_id, Trigger::Approval).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub struct Monitor {
    #[serde(default)]
    log: bool,
    /// Entries after this one only.
    #[serde(default)]
    after: i64,
}

/// Every device of the plan with where it stands, and why it is not further; the counts; the log if asked for.
pub async fn monitor(center: Shared, Path(id): Path<i64>, Query(wanted): Query<Monitor>) -> Result<Json<Value>, ApiError> {
    let (at, online, progress) = (center.circumstances(), center.online(), Arc::clone(&center));
    let monitored = move |db: &Connection| {
        let plan = get(db, id)?;
        let upgrades = store::upgrade::of_plan(db, id)?;
        let mut by_device: BTreeMap<&str, &Upgrade> = upgrades.iter().map(|one| (one.client_id.as_str(), one)).collect();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut devices = Vec::new();
        for device in store::device::list(db, Some(&plan.draft.product))? {
            let upgrade = by_device.remove(device.client_id.as_str());
            if upgrade.is_none() && !plan.draft.lists(&device.key) {
                continue;
            }
            let state = upgrade.map_or(DeviceState::NonUpgraded, |upgrade| upgrade.state);
            *counts.entry(name(state)).or_default() += 1;
            let is_online = online.contains(&device.client_id);
            let why_not = match state {
                DeviceState::NonUpgraded => match rollout::consider(db, &at, &plan, &device, Trigger::Tick(at.now))? {
                    Err(obstacle) => Some(obstacle.to_string()),
                    Ok(_) if !is_online => Some("offline".to_owned()),
                    Ok(_) => None,
                },
                _ => None,
            };
            devices.push(json!({
                "dk": device.key,
                "client_id": device.client_id,
                "online": is_online,
                "version": device.reported.module_version,
                "state": name(state),
                "attempts": upgrade.map_or(0, |upgrade| upgrade.attempts),
                "components": upgrade.map(|upgrade| shown(upgrade, id, &progress)),
                "reason": upgrade.and_then(|upgrade| upgrade.reason.clone()),
                "why_not": why_not,
            }));
        }
        let done = counts.get("upgraded").copied().unwrap_or(0);
        let over = done + counts.get("failed").copied().unwrap_or(0);
        let mut answer = json!({
            "plan": plan,
            "counts": counts,
            "success_rate": (over > 0).then(|| done as f64 / over as f64),
            "devices": devices,
        });
        if wanted.log {
            answer["log"] = json!(store::log::list(db, id, None, wanted.after, LOG_MAX)?);
        }
        Ok::<_, ApiError>(answer)
    };
    Ok(Json(center.store.run(monitored).await?))
}

/// The components of an upgrade, those that are being downloaded with how far that has got.
fn shown(upgrade: &Upgrade, plan: i64, center: &Center) -> Vec<Value> {
    let components = upgrade.components.iter().map(|component| {
        let mut shown = json!(component);
        if component.state == ComponentState::Downloading {
            let downloading = (plan, upgrade.client_id.clone(), component.identifier.clone());
            shown["percent"] = json!(center.progress(&downloading));
        }
        shown
    });
    components.collect()
}

fn name(state: DeviceState) -> &'static str {
    match state {
        DeviceState::NonUpgraded => "non_upgraded",
        DeviceState::InUpgrade => "in_upgrade",
        DeviceState::Upgraded => "upgraded",
        DeviceState::Failed => "failed",
    }
}

fn get(db: &Connection, id: i64) -> Result<Plan, ApiError> {
    store::plan::get(db, id)?.ok_or_else(|| ApiError::not_found(format!("there is no plan {id}")))
}

/// Checks a draft against the rules and against what is there.
fn check(db: &Connection, draft: &PlanDraft, own: Option<i64>) -> Result<(), ApiError> {
    draft.check()?;
    if store::product::get(db, &draft.product)?.is_none() {
        return Err(ApiError::bad_request(format!("there is no product '{}'", draft.product)));
    }
    for component in &draft.components {
        let Some(package) = store::package::get(db, component.package)? else {
            return Err(ApiError::bad_request(format!(
                "component '{}': there is no package {}",
                component.identifier, component.package
            )));
        };
        component.check(&draft.product, &package)?;
    }
    match store::plan::find(db, &draft.name)? {
        Some(other) if Some(other) != own => Err(ApiError::conflict(format!("a plan '{}' is there already", draft.name))),
        _ => Ok(()),
    }
}
