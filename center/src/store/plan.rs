//! Tables `plan` and `plan_component`.

use chrono::{DateTime, Utc};
use rusqlite::{params, Connection, OptionalExtension, Result, Row};

use super::{from_json, from_name, json, name, time};
use crate::domain::plan::{Plan, PlanDraft, PlanState};

const COLUMNS: &str = "id, draft, state, created_at, activated_at";

/// Writes a plan down and returns its number; a name that is there already is a constraint violation.
pub fn insert(db: &Connection, draft: &PlanDraft, now: DateTime<Utc>) -> Result<i64> {
    db.execute(
        "INSERT INTO plan (name, product, state, draft, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![draft.name, draft.product, name(&PlanState::Saved)?, json(draft)?, now.timestamp_millis()],
    )?;
    let id = db.last_insert_rowid();
    insert_components(db, id, draft)?;
    Ok(id)
}

/// Replaces what was said about a plan.
pub fn edit(db: &Connection, id: i64, draft: &PlanDraft) -> Result<()> {
    db.execute(
        "UPDATE plan SET name = ?2, product = ?3, draft = ?4 WHERE id = ?1",
        params![id, draft.name, draft.product, json(draft)?],
    )?;
    db.execute("DELETE FROM plan_component WHERE plan = ?1", [id])?;
    insert_components(db, id, draft)
}

/// The plan of this number.
pub fn get(db: &Connection, id: i64) -> Result<Option<Plan>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM plan WHERE id = ?1"))?.query_row([id], read).optional()
}

/// The number of the plan of this name.
pub fn find(db: &Connection, name: &str) -> Result<Option<i64>> {
    db.query_row("SELECT id FROM plan WHERE name = ?1", [name], |row| row.get(0)).optional()
}

/// All plans.
pub fn list(db: &Connection) -> Result<Vec<Plan>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM plan ORDER BY id"))?.query_map([], read)?.collect()
}

/// The plans in force, of all products or of one, oldest first.
pub fn in_force(db: &Connection, product: Option<&str>) -> Result<Vec<Plan>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM plan WHERE state IN ('activated', 'upgrading') AND (?1 IS NULL OR product = ?1) ORDER BY id"
    ))?
    .query_map([product], read)?
    .collect()
}

/// Notes where a plan stands.
pub fn set_state(db: &Connection, id: i64, state: PlanState, activated_at: Option<DateTime<Utc>>) -> Result<()> {
    db.execute(
        "UPDATE plan SET state = ?2, activated_at = ?3 WHERE id = ?1",
        params![id, name(&state)?, activated_at.map(|time| time.timestamp_millis())],
    )?;
    Ok(())
}

/// Removes a plan that was never in force.
pub fn remove(db: &Connection, id: i64) -> Result<()> {
    db.execute("DELETE FROM plan WHERE id = ?1", [id])?;
    Ok(())
}

fn insert_components(db: &Connection, id: i64, draft: &PlanDraft) -> Result<()> {
    for (position, component) in draft.components.iter().enumerate() {
        db.execute(
            "INSERT INTO plan_component (plan, position, package) VALUES (?1, ?2, ?3)",
            params![id, position, component.package],
        )?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Plan> {
    Ok(Plan {
        id: row.get(0)?,
        draft: from_json(1, &row.get::<_, String>(1)?)?,
        state: from_name(2, &row.get::<_, String>(2)?)?,
        created_at: time(row.get(3)?),
        activated_at: row.get::<_, Option<i64>>(4)?.map(time),
    })
}
