//! Table `upgrade`: a plan on a device.

use chrono::{DateTime, Utc};
use rusqlite::{params, Connection, OptionalExtension, Result, Row};

use super::{from_json, json, name};
use crate::domain::upgrade::Upgrade;

/// The upgrade of a device by a plan.
pub fn get(db: &Connection, plan: i64, client_id: &str) -> Result<Option<Upgrade>> {
    db.prepare_cached("SELECT detail FROM upgrade WHERE plan = ?1 AND client_id = ?2")?
        .query_row(params![plan, client_id], read)
        .optional()
}

/// The upgrade that is running on a device.
pub fn running(db: &Connection, client_id: &str) -> Result<Option<Upgrade>> {
    db.prepare_cached(
        "SELECT detail FROM upgrade WHERE client_id = ?1 AND state = 'in_upgrade' ORDER BY changed_at DESC LIMIT 1",
    )?
    .query_row([client_id], read)
    .optional()
}

/// Every upgrade of a device, the latest first.
pub fn of_device(db: &Connection, client_id: &str) -> Result<Vec<Upgrade>> {
    db.prepare_cached("SELECT detail FROM upgrade WHERE client_id = ?1 ORDER BY changed_at DESC, plan DESC")?
        .query_map([client_id], read)?
        .collect()
}

/// Every upgrade by a plan.
pub fn of_plan(db: &Connection, plan: i64) -> Result<Vec<Upgrade>> {
    db.prepare_cached("SELECT detail FROM upgrade WHERE plan = ?1 ORDER BY client_id")?.query_map([plan], read)?.collect()
}

/// The upgrades that are running and have not changed since `before`.
pub fn silent_since(db: &Connection, before: DateTime<Utc>) -> Result<Vec<Upgrade>> {
    db.prepare_cached("SELECT detail FROM upgrade WHERE state = 'in_upgrade' AND changed_at <= ?1")?
        .query_map([before.timestamp_millis()], read)?
        .collect()
}

/// Keeps an upgrade.
pub fn put(db: &Connection, upgrade: &Upgrade) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO upgrade (plan, client_id, state, changed_at, detail) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (plan, client_id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at, detail = excluded.detail",
    )?
    .execute(params![
        upgrade.plan,
        upgrade.client_id,
        name(&upgrade.state)?,
        upgrade.changed_at.timestamp_millis(),
        json(upgrade)?
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Upgrade> {
    from_json(0, &row.get::<_, String>(0)?)
}
