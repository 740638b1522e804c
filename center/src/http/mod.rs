//! HTTP: the REST API under `/api/v1`, and the files under `/d`.

mod data;
mod device;
mod download;
mod error;
mod extract;
mod package;
mod plan;
mod product;

pub use error::ApiError;

use crate::domain::package::{MAX_FILE, MAX_FILES};
use crate::service::Center;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::Router;
use std::sync::Arc;

type Shared = axum::extract::State<Arc<Center>>;

/// Room for the fields of a package beside its files.
const FIELDS_MAX: u64 = 64 * 1024;

/// All routes.
pub fn router(center: Arc<Center>) -> Router {
    let api = Router::new()
        .route("/products", get(product::list).post(product::add))
        .route("/products/{key}", get(product::show).delete(product::remove))
        .route("/packages", get(package::list).post(package::add))
        .route("/packages/{id}", get(package::show).delete(package::remove))
        .route("/plans", get(plan::list).post(plan::create))
        .route("/plans/{id}", get(plan::show).put(plan::edit).delete(plan::remove))
        .route("/plans/{id}/monitor", get(plan::monitor))
        .route("/plans/{id}/devices/{device}/confirm", post(plan::confirm))
        .route("/plans/{id}/{action}", post(plan::act))
        .route("/devices", get(device::list))
        .route("/devices/{name}", get(device::show))
        .route("/devices/{name}/data", get(data::last_values))
        .route("/devices/{name}/history", get(data::history))
        .route("/devices/{name}/write", post(data::write))
        .route("/devices/{name}/send", post(data::send))
        .route("/devices/{name}/call", post(data::call))
        .route("/devices/{name}/read", post(data::read));
    Router::new()
        .nest("/api/v1", api)
        .route("/d/{token}/{name}", get(download::get))
        .fallback(|| async { ApiError::not_found("there is nothing at this address") })
        .layer(DefaultBodyLimit::max((MAX_FILE * MAX_FILES as u64 + FIELDS_MAX) as usize))
        .with_state(center)
}
