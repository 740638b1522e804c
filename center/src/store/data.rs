//! Tables `last_value` and `record`.

use super::{from_json, from_name, json, name, time};
use crate::domain::data::{Kind, LastValue, Record, HISTORY_MAX};
use chrono::{DateTime, Utc};
use rusqlite::{params, Connection, Result};
use serde_json::Value;

/// Keeps what a device said: its TSL values, and a record of it in the history.
pub fn add(db: &Connection, client_id: &str, kind: Kind, content: &Value, now: DateTime<Utc>) -> Result<()> {
    let values = content.as_object().filter(|_| kind.has_values());
    for (id, value) in values.into_iter().flatten() {
        db.prepare_cached(
            "INSERT INTO last_value (client_id, id, at, value) VALUES (?1, CAST(?2 AS INTEGER), ?3, ?4)
             ON CONFLICT (client_id, id) DO UPDATE SET at = excluded.at, value = excluded.value",
        )?
        .execute(params![client_id, id, now.timestamp_millis(), json(value)?])?;
    }
    db.prepare_cached("INSERT INTO record (client_id, at, kind, content) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        client_id,
        now.timestamp_millis(),
        name(&kind)?,
        json(content)?
    ])?;
    db.prepare_cached(
        "DELETE FROM record WHERE client_id = ?1 AND id <=
         (SELECT id FROM record WHERE client_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![client_id, HISTORY_MAX])?;
    Ok(())
}

/// The last value of each TSL id of a device.
pub fn last_values(db: &Connection, client_id: &str) -> Result<Vec<LastValue>> {
    db.prepare_cached("SELECT id, at, value FROM last_value WHERE client_id = ?1 ORDER BY id")?
        .query_map([client_id], |row| {
            Ok(LastValue { id: row.get(0)?, at: time(row.get(1)?), value: from_json(2, &row.get::<_, String>(2)?)? })
        })?
        .collect()
}

/// A device's latest records, of one kind or of all, the oldest of them first; only those after the one numbered `after`.
pub fn history(db: &Connection, client_id: &str, kind: Option<Kind>, after: i64, limit: u32) -> Result<Vec<Record>> {
    let kind = kind.map(|kind| name(&kind)).transpose()?;
    let mut records: Vec<Record> = db
        .prepare_cached(
            "SELECT id, at, kind, content FROM record
             WHERE client_id = ?1 AND (?2 IS NULL OR kind = ?2) AND id > ?3 ORDER BY id DESC LIMIT ?4",
        )?
        .query_map(params![client_id, kind, after, limit], |row| {
            Ok(Record {
                id: row.get(0)?,
                at: time(row.get(1)?),
                kind: from_name(2, &row.get::<_, String>(2)?)?,
                content: from_json(3, &row.get::<_, String>(3)?)?,
            })
        })?
        .collect::<Result<_>>()?;
    records.reverse();
    Ok(records)
}
