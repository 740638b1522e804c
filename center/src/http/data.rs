//! `/api/v1/devices/{name}/data` and its siblings: what a device says, and what it is told.

use super::extract::{Body, Path, Query};
use super::{ApiError, Shared};
use crate::domain::data::{Kind, LastValue, Record, HISTORY_MAX};
use crate::service::request::{Request, WAIT_MAX};
use crate::service::value;
use crate::service::Center;
use crate::store;
use axum::Json;
use serde::Deserialize;
use serde_json::{json, Value};
use std::time::Duration;

pub async fn last_values(center: Shared, Path(name): Path<String>) -> Result<Json<Vec<LastValue>>, ApiError> {
    let client_id = one(&center, name).await?;
    Ok(Json(center.store.run(move |db| store::data::last_values(db, &client_id)).await?))
}

#[derive(Deserialize)]
pub struct Filter {
    kind: Option<Kind>,
    /// Records after this one only.
    #[serde(default)]
    after: i64,
    /// At most this many, the latest ones.
    limit: Option<u32>,
}

pub async fn history(
    center: Shared,
    Path(name): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Record>>, ApiError> {
    let client_id = one(&center, name).await?;
    let limit = filter.limit.unwrap_or(HISTORY_MAX).min(HISTORY_MAX);
    let read = move |db: &rusqlite::Connection| store::data::history(db, &client_id, filter.kind, filter.after, limit);
    Ok(Json(center.store.run(read).await?))
}

/// `{"1": true, …}`
pub async fn write(center: Shared, Path(name): Path<String>, Body(values): Body<Value>) -> Result<Json<Value>, ApiError> {
    request(&center, name, Request::Write(values), 0).await
}

/// `{"text": "…"}` or `{"hex": "…"}`
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transparent {
    Text(String),
    Hex(String),
}

pub async fn send(center: Shared, Path(name): Path<String>, Body(data): Body<Transparent>) -> Result<Json<Value>, ApiError> {
    let bytes = match data {
        Transparent::Text(text) => text.into_bytes(),
        Transparent::Hex(hex) => value::bytes(&hex)?,
    };
    request(&center, name, Request::Transparent(bytes), 0).await
}

/// How long the Center waits for an answer.
const WAIT_SECONDS: u64 = 10;

fn wait_seconds() -> u64 {
    WAIT_SECONDS
}

/// `{"service": 5, "value": {…}, "wait": 10}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    service: u16,
    value: Value,
    /// Seconds; 0 does not wait.
    #[serde(default = "wait_seconds")]
    wait: u64,
}

pub async fn call(center: Shared, Path(name): Path<String>, Body(call): Body<Call>) -> Result<Json<Value>, ApiError> {
    request(&center, name, Request::Call(call.service, call.value), call.wait).await
}

/// What can be read of a device.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Tsl,
    Status,
    Information,
    Location,
}

/// `{"what": "tsl", "ids": [1, 2], "wait": 10}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    what: What,
    /// None for all; a location has none.
    #[serde(default)]
    ids: Vec<u16>,
    /// Seconds; 0 does not wait.
    #[serde(default = "wait_seconds")]
    wait: u64,
}

pub async fn read(center: Shared, Path(name): Path<String>, Body(read): Body<Read>) -> Result<Json<Value>, ApiError> {
    let wanted = match read.what {
        What::Tsl => Request::ReadTsl(read.ids),
        What::Status => Request::ReadStatus(read.ids),
        What::Information => Request::ReadInformation(read.ids),
        What::Location if !read.ids.is_empty() => return Err(ApiError::bad_request("a location has no ids")),
        What::Location => Request::ReadLocation,
    };
    request(&center, name, wanted, read.wait).await
}

async fn request(center: &Center, name: String, request: Request, wait: u64) -> Result<Json<Value>, ApiError> {
    let wait = Duration::from_secs(wait);
    if wait > WAIT_MAX {
        return Err(ApiError::bad_request(format!("wait is 0 to {} seconds", WAIT_MAX.as_secs())));
    }
    let client_id = one(center, name).await?;
    let answer = center.request(&client_id, &request, wait).await?;
    Ok(Json(json!({ "sent": true, "answer": answer })))
}

/// The client id of the one device of this name: its key, or its client id where products share the key.
async fn one(center: &Center, name: String) -> Result<String, ApiError> {
    let wanted = name.clone();
    let mut found = center.store.run(move |db| store::device::find(db, &wanted)).await?;
    match (found.pop(), found.len()) {
        (Some(device), 0) => Ok(device.client_id),
        (None, _) => {
            Err(ApiError::not_found(format!("there is no device '{name}'; a device is created by its first connection")))
        }
        (Some(device), _) => Err(ApiError::conflict(format!(
            "several products have a device '{name}'; name it by its client id, as '{}'",
            device.client_id
        ))),
    }
}
