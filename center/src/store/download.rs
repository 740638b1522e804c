//! Table `download`: addresses that devices fetch files from.

use chrono::{DateTime, Utc};
use rusqlite::{params, Connection, OptionalExtension, Result, Row};

use super::package::read_file;
use super::time;
use crate::domain::package::PackageFile;

/// What an address leads to.
#[derive(Debug, Clone)]
pub struct Download {
    /// Plan.
    pub plan: i64,
    /// Device, by its MQTT client id.
    pub client_id: String,
    /// Component.
    pub component: String,
    /// Place of the file in its package.
    pub position: u32,
    /// Name, size and digests.
    pub file: PackageFile,
    /// Name on disk.
    pub stored: String,
    /// When the address stops working.
    pub expires_at: DateTime<Utc>,
}

/// What an address is made for.
#[derive(Debug, Clone, Copy)]
pub struct Purpose<'a> {
    /// Plan.
    pub plan: i64,
    /// Device, by its MQTT client id.
    pub client_id: &'a str,
    /// Component.
    pub component: &'a str,
    /// Package.
    pub package: i64,
    /// Place of the file in the package.
    pub position: usize,
}

/// Keeps a new address.
pub fn insert(db: &Connection, token: &str, purpose: Purpose<'_>, expires_at: DateTime<Utc>) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO download (token, plan, client_id, component, package, position, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        token,
        purpose.plan,
        purpose.client_id,
        purpose.component,
        purpose.package,
        purpose.position,
        expires_at.timestamp_millis()
    ])?;
    Ok(())
}

/// An address made earlier for the same purpose that works at least until `until`.
pub fn reusable(db: &Connection, purpose: Purpose<'_>, until: DateTime<Utc>) -> Result<Option<String>> {
    db.prepare_cached(
        "SELECT token FROM download WHERE plan = ?1 AND client_id = ?2 AND component = ?3 AND package = ?4 AND position = ?5
         AND expires_at >= ?6 ORDER BY expires_at DESC LIMIT 1",
    )?
    .query_row(
        params![purpose.plan, purpose.client_id, purpose.component, purpose.package, purpose.position, until.timestamp_millis()],
        |row| row.get(0),
    )
    .optional()
}

/// What an address leads to, expired or not.
pub fn get(db: &Connection, token: &str) -> Result<Option<Download>> {
    db.prepare_cached(
        "SELECT plan, client_id, component, download.position, name, size, md5, crc32, sha256, manifest, stored, expires_at
         FROM download JOIN package_file USING (package, position) WHERE token = ?1",
    )?
    .query_row([token], read)
    .optional()
}

/// Closes the addresses of a device in a plan.
pub fn close(db: &Connection, plan: i64, client_id: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM download WHERE plan = ?1 AND client_id = ?2")?.execute(params![plan, client_id])?;
    Ok(())
}

/// Forgets the addresses that expired before `time`.
pub fn forget(db: &Connection, time: DateTime<Utc>) -> Result<()> {
    db.prepare_cached("DELETE FROM download WHERE expires_at < ?1")?.execute([time.timestamp_millis()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Download> {
    Ok(Download {
        plan: row.get(0)?,
        client_id: row.get(1)?,
        component: row.get(2)?,
        position: row.get(3)?,
        file: read_file(row, 4)?,
        stored: row.get(10)?,
        expires_at: time(row.get(11)?),
    })
}
