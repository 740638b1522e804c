//! Tables `package` and `package_file`.

use chrono::{DateTime, Utc};
use rusqlite::{params, Connection, OptionalExtension, Result, Row};

use super::{from_json, json, time};
use crate::domain::package::{Manifest, Package, PackageDraft, PackageFile};

/// A file of a package and its name in the folder `files`.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// Name, size and digests.
    pub file: PackageFile,
    /// Name on disk.
    pub stored: String,
}

/// Adds a package and returns its number; a name that is there already is a constraint violation.
pub fn insert(db: &Connection, draft: &PackageDraft, files: &[StoredFile], now: DateTime<Utc>) -> Result<i64> {
    db.execute(
        "INSERT INTO package (name, draft, created_at) VALUES (?1, ?2, ?3)",
        params![draft.name, json(draft)?, now.timestamp_millis()],
    )?;
    let id = db.last_insert_rowid();
    for (position, StoredFile { file, stored }) in files.iter().enumerate() {
        db.execute(
            "INSERT INTO package_file (package, position, name, size, md5, crc32, sha256, manifest, stored)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![id, position, file.name, file.size, file.md5, file.crc32, file.sha256, json(&file.manifest)?, stored],
        )?;
    }
    Ok(id)
}

/// The package of this number.
pub fn get(db: &Connection, id: i64) -> Result<Option<Package>> {
    let head = db
        .prepare_cached("SELECT id, draft, created_at FROM package WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(1)?, row.get(2)?)))
        .optional()?;
    head.map(|(draft, created_at)| whole(db, id, draft, created_at)).transpose()
}

/// The number of the package of this name.
pub fn find(db: &Connection, name: &str) -> Result<Option<i64>> {
    db.query_row("SELECT id FROM package WHERE name = ?1", [name], |row| row.get(0)).optional()
}

/// All packages.
pub fn list(db: &Connection) -> Result<Vec<Package>> {
    let heads: Vec<(i64, String, i64)> = db
        .prepare_cached("SELECT id, draft, created_at FROM package ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_>>()?;
    heads.into_iter().map(|(id, draft, created_at)| whole(db, id, draft, created_at)).collect()
}

/// The names of the plans that use a package.
pub fn used_by(db: &Connection, id: i64) -> Result<Vec<String>> {
    db.prepare(
        "SELECT DISTINCT plan.name FROM plan JOIN plan_component ON plan_component.plan = plan.id
         WHERE plan_component.package = ?1 ORDER BY plan.id",
    )?
    .query_map([id], |row| row.get(0))?
    .collect()
}

/// Removes a package and returns the names of its files on disk; one that a plan uses is a constraint violation.
pub fn remove(db: &Connection, id: i64) -> Result<Vec<String>> {
    let stored = stored_names(db, Some(id))?;
    db.execute("DELETE FROM package WHERE id = ?1", [id])?;
    Ok(stored)
}

/// The names on disk of one package's files, or of all.
pub fn stored_names(db: &Connection, package: Option<i64>) -> Result<Vec<String>> {
    db.prepare("SELECT stored FROM package_file WHERE ?1 IS NULL OR package = ?1")?
        .query_map([package], |row| row.get(0))?
        .collect()
}

fn whole(db: &Connection, id: i64, draft: String, created_at: i64) -> Result<Package> {
    let files = db
        .prepare_cached("SELECT name, size, md5, crc32, sha256, manifest FROM package_file WHERE package = ?1 ORDER BY position")?
        .query_map([id], |row| read_file(row, 0))?
        .collect::<Result<_>>()?;
    Ok(Package { id, draft: from_json(1, &draft)?, files, created_at: time(created_at) })
}

/// Reads a file from its columns name, size, md5, crc32, sha256 and manifest.
pub fn read_file(row: &Row<'_>, first: usize) -> Result<PackageFile> {
    let manifest: Option<String> = row.get(first + 5)?;
    Ok(PackageFile {
        name: row.get(first)?,
        size: row.get(first + 1)?,
        md5: row.get(first + 2)?,
        crc32: row.get(first + 3)?,
        sha256: row.get(first + 4)?,
        manifest: manifest.map_or(Ok(None), |text| from_json(first + 5, &text))?,
    })
}

/// A file that was not read yet for what it says of itself.
#[derive(Debug, Clone)]
pub struct UnreadFile {
    /// Its package.
    pub package: i64,
    position: i64,
    /// Name as uploaded.
    pub name: String,
    /// Name on disk.
    pub stored: String,
}

/// The files that were uploaded when what they say was not kept yet.
pub fn unread(db: &Connection) -> Result<Vec<UnreadFile>> {
    let read =
        |row: &Row<'_>| Ok(UnreadFile { package: row.get(0)?, position: row.get(1)?, name: row.get(2)?, stored: row.get(3)? });
    db.prepare("SELECT package, position, name, stored FROM package_file WHERE manifest IS NULL")?.query_map([], read)?.collect()
}

/// Notes what a file says of itself.
pub fn set_manifest(db: &Connection, file: &UnreadFile, manifest: Option<&Manifest>) -> Result<()> {
    db.execute(
        "UPDATE package_file SET manifest = ?3 WHERE package = ?1 AND position = ?2",
        params![file.package, file.position, json(&manifest)?],
    )?;
    Ok(())
}
