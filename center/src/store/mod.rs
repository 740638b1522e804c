//! SQLite and the files in the data folder.
//!
//! One connection, write-ahead log, `synchronous=FULL`: what a transaction has committed survives a power cut. The modules hold one
//! table each as plain functions on a connection, so that a caller puts together the transaction it needs.

pub mod data;
pub mod device;
pub mod download;
pub mod files;
pub mod log;
pub mod package;
pub mod plan;
pub mod product;
pub mod upgrade;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{bail, Context};
use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, TransactionBehavior};
use serde::de::DeserializeOwned;
use serde::Serialize;

/// Each step brings the schema one version further; steps are only ever added.
const MIGRATIONS: [&str; 3] = [include_str!("schema_1.sql"), include_str!("schema_2.sql"), include_str!("schema_3.sql")];

/// The database.
#[derive(Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens or creates the database in `file` and brings its schema up to date.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        let mut connection = Connection::open(file).with_context(|| format!("can't open the database {}", file.display()))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrate(&mut connection).with_context(|| format!("can't bring {} up to date", file.display()))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs `work` as one transaction on a thread that may block: committed if it returns `Ok`, else nothing happened.
    pub async fn run<R, E>(&self, work: impl FnOnce(&Connection) -> Result<R, E> + Send + 'static) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<rusqlite::Error> + Send + 'static,
    {
        let connection = self.connection.clone();
        let task = tokio::task::spawn_blocking(move || {
            // A panic in an earlier transaction has rolled it back; the connection itself is sound.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            drop(connection);
            Ok(result)
        });
        match task.await {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

fn migrate(connection: &mut Connection) -> anyhow::Result<()> {
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > MIGRATIONS.len() {
        bail!("it was written by a newer qth-center (schema {version}); use that one");
    }
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Times are kept as milliseconds since 1970.
fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

fn json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn from_json<T: DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

/// The name of an enum's value in a column, the same as in JSON.
fn name<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

fn from_name<T: DeserializeOwned>(column: usize, name: &str) -> rusqlite::Result<T> {
    from_json(column, &format!("\"{name}\""))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An empty database as the Center wrote it before schema 3.
    pub fn version_2(file: &Path) -> Connection {
        let old = Connection::open(file).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(MIGRATIONS[1]).unwrap();
        old.pragma_update(None, "user_version", 2).unwrap();
        old
    }

    #[test]
    fn a_database_of_version_1_opens_with_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("center.db");
        let old = Connection::open(&file).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch("INSERT INTO product VALUES ('p1', 's', 'Lamp', 0); PRAGMA user_version = 1;").unwrap();
        drop(old);
        let store = Store::open(&file).unwrap();
        let db = store.connection.lock().unwrap();
        assert_eq!(product::list(&db).unwrap().len(), 1);
        assert!(data::last_values(&db, "nobody").unwrap().is_empty());
    }
}
