//! `/api/v1/products`

use super::extract::{Body, Path, Query};
use super::{ApiError, Shared};
use crate::domain::product::Product;
use crate::store;
use axum::http::StatusCode;
use axum::Json;
use serde::Deserialize;
use serde_json::{json, Value};

#[derive(Deserialize)]
pub struct NewProduct {
    key: String,
    secret: String,
    name: String,
}

pub async fn add(center: Shared, Body(new): Body<NewProduct>) -> Result<(StatusCode, Json<Product>), ApiError> {
    let product = Product { key: new.key, secret: new.secret, name: new.name, created_at: center.now() };
    product.check()?;
    let kept = product.clone();
    center
        .store
        .run(move |db| match store::product::get(db, &kept.key)? {
            Some(_) => Err(ApiError::conflict(format!("product '{}' is there already", kept.key))),
            None => Ok(store::product::insert(db, &kept)?),
        })
        .await?;
    Ok((StatusCode::CREATED, Json(product)))
}

pub async fn list(center: Shared) -> Result<Json<Vec<Product>>, ApiError> {
    Ok(Json(center.store.run(store::product::list).await?))
}

#[derive(Deserialize)]
pub struct Show {
    #[serde(default)]
    secret: bool,
}

pub async fn show(center: Shared, Path(key): Path<String>, Query(show): Query<Show>) -> Result<Json<Value>, ApiError> {
    let wanted = key.clone();
    let product = center.store.run(move |db| store::product::get(db, &wanted)).await?;
    let product = product.ok_or_else(|| ApiError::not_found(format!("there is no product '{key}'")))?;
    let mut shown = json!(product);
    if show.secret {
        shown["secret"] = json!(product.secret);
    }
    Ok(Json(shown))
}

pub async fn remove(center: Shared, Path(key): Path<String>) -> Result<StatusCode, ApiError> {
    center
        .store
        .run(move |db| match store::product::remove(db, &key) {
            Ok(true) => Ok(StatusCode::NO_CONTENT),
            Ok(false) => Err(ApiError::not_found(format!("there is no product '{key}'"))),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                Err(ApiError::conflict(format!("product '{key}' has devices or plans")))
            }
            Err(error) => Err(error.into()),
        })
        .await
}
