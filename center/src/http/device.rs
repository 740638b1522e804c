//! `/api/v1/devices`

use super::extract::{Path, Query};
use super::{ApiError, Shared};
use crate::domain::device::Device;
use crate::store;
use axum::Json;
use serde::Deserialize;
use serde_json::{json, Value};

#[derive(Deserialize)]
pub struct Filter {
    product: Option<String>,
}

pub async fn list(center: Shared, Query(filter): Query<Filter>) -> Result<Json<Vec<Value>>, ApiError> {
    let devices = center.store.run(move |db| store::device::list(db, filter.product.as_deref())).await?;
    Ok(Json(devices.iter().map(|device| shown(&center, device)).collect()))
}

/// A device by its key or its client id, with its upgrades.
pub async fn show(center: Shared, Path(name): Path<String>) -> Result<Json<Vec<Value>>, ApiError> {
    let wanted = name.clone();
    let found = center
        .store
        .run(move |db| {
            let mut found = Vec::new();
            for device in store::device::find(db, &wanted)? {
                let upgrades = store::upgrade::of_device(db, &device.client_id)?;
                found.push((device, upgrades));
            }
            Ok::<_, rusqlite::Error>(found)
        })
        .await?;
    if found.is_empty() {
        return Err(ApiError::not_found(format!("there is no device '{name}'; a device is created by its first connection")));
    }
    let with_upgrades = found.iter().map(|(device, upgrades)| {
        let mut shown = shown(&center, device);
        shown["upgrades"] = json!(upgrades);
        shown
    });
    Ok(Json(with_upgrades.collect()))
}

fn shown(center: &Shared, device: &Device) -> Value {
    let mut shown = json!(device);
    shown["online"] = json!(center.is_online(&device.client_id));
    shown
}
