//! Table `log`: everything that happened to a component, in order.

use chrono::{DateTime, Utc};
use rusqlite::{params, Connection, Result};
use serde::{Deserialize, Serialize};

use super::time;

/// One line of an upgrade's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Increases from entry to entry.
    pub id: i64,
    /// Device, by its MQTT client id.
    pub client_id: String,
    /// Component; empty for the plan as a whole.
    pub component: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Status code of the device; none for what the Center did.
    pub code: Option<u8>,
    /// The device's text, or what the Center did.
    pub text: String,
}

/// Adds an entry.
pub fn add(
    db: &Connection,
    (plan, client_id, component): (i64, &str, &str),
    at: DateTime<Utc>,
    code: Option<u8>,
    text: &str,
) -> Result<()> {
    db.prepare_cached("INSERT INTO log (plan, client_id, component, at, code, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![plan, client_id, component, at.timestamp_millis(), code, text])?;
    Ok(())
}

/// The entries of a plan after the one numbered `after`, of all devices or of one, at most `limit`.
pub fn list(db: &Connection, plan: i64, client_id: Option<&str>, after: i64, limit: u32) -> Result<Vec<Entry>> {
    db.prepare_cached(
        "SELECT id, client_id, component, at, code, text FROM log
         WHERE plan = ?1 AND (?2 IS NULL OR client_id = ?2) AND id > ?3 ORDER BY id LIMIT ?4",
    )?
    .query_map(params![plan, client_id, after, limit], |row| {
        Ok(Entry {
            id: row.get(0)?,
            client_id: row.get(1)?,
            component: row.get(2)?,
            at: time(row.get(3)?),
            code: row.get(4)?,
            text: row.get(5)?,
        })
    })?
    .collect()
}
