//! Table `device`.

use chrono::{DateTime, Utc};
use rusqlite::{params, Connection, OptionalExtension, Result, Row};

use super::{from_json, json, time};
use crate::domain::device::Device;

const COLUMNS: &str = "client_id, product, key, reported, created_at, last_seen";

/// Creates a device, or gives the one that is there a new secret (DS). False when the client id is that of another device: product
/// key and device key stand in it without anything between them.
pub fn authenticate(db: &Connection, device: &Device, secret: &str) -> Result<bool> {
    let changed = db
        .prepare_cached(
        "INSERT INTO device (client_id, product, key, secret, reported, created_at, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
         ON CONFLICT (client_id) DO UPDATE SET secret = excluded.secret, last_seen = excluded.last_seen
         WHERE product = excluded.product AND key = excluded.key",
    )?
    .execute(params![
        device.client_id,
        device.product,
        device.key,
        secret,
        json(&device.reported)?,
        device.created_at.timestamp_millis()
    ])?;
    Ok(changed > 0)
}

/// The secrets that a device's access is checked with: its DS and its product's PS.
pub fn secrets(db: &Connection, client_id: &str) -> Result<Option<(String, String)>> {
    db.prepare_cached(
        "SELECT device.secret, product.secret FROM device JOIN product ON product.key = device.product WHERE client_id = ?1",
    )?
    .query_row([client_id], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

/// The device of this MQTT client id.
pub fn get(db: &Connection, client_id: &str) -> Result<Option<Device>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM device WHERE client_id = ?1"))?.query_row([client_id], read).optional()
}

/// The devices of this device key, one for each product that has it; or the one of this client id.
pub fn find(db: &Connection, name: &str) -> Result<Vec<Device>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM device WHERE key = ?1 OR client_id = ?1 ORDER BY client_id"))?
        .query_map([name], read)?
        .collect()
}

/// All devices, or those of one product.
pub fn list(db: &Connection, product: Option<&str>) -> Result<Vec<Device>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM device WHERE ?1 IS NULL OR product = ?1 ORDER BY product, key"))?
        .query_map([product], read)?
        .collect()
}

/// Keeps what the device reported.
pub fn update(db: &Connection, device: &Device) -> Result<()> {
    db.prepare_cached("UPDATE device SET reported = ?2, last_seen = ?3 WHERE client_id = ?1")?.execute(params![
        device.client_id,
        json(&device.reported)?,
        device.last_seen.timestamp_millis()
    ])?;
    Ok(())
}

/// Notes that the device was there.
pub fn seen(db: &Connection, client_id: &str, now: DateTime<Utc>) -> Result<()> {
    db.prepare_cached("UPDATE device SET last_seen = ?2 WHERE client_id = ?1")?
        .execute(params![client_id, now.timestamp_millis()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Device> {
    Ok(Device {
        client_id: row.get(0)?,
        product: row.get(1)?,
        key: row.get(2)?,
        reported: from_json(3, &row.get::<_, String>(3)?)?,
        created_at: time(row.get(4)?),
        last_seen: time(row.get(5)?),
    })
}
