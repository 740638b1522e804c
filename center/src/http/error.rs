//! Errors, as the API tells them: `{"error": "…", "detail": "…"}`.

use crate::domain::package::PackageError;
use crate::domain::plan::PlanError;
use crate::domain::product::ProductError;
use crate::domain::schedule::ScheduleError;
use crate::service::request::RequestError;
use crate::service::value::ValueError;
use axum::extract::multipart::MultipartError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::Json;
use serde_json::json;

/// Why a request was not carried out.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: String,
}

impl ApiError {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409: not in the present state.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 400.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!("{error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the Center could not do this; its log says why")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = match self.status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::CONFLICT => "conflict",
            StatusCode::BAD_GATEWAY => "refused",
            StatusCode::GATEWAY_TIMEOUT => "no_answer",
            StatusCode::INTERNAL_SERVER_ERROR => "internal",
            _ => "invalid",
        };
        (self.status, Json(json!({ "error": error, "detail": self.detail }))).into_response()
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => {
                Self::conflict("something of this name or key is there already, or is needed by something else")
            }
            _ => Self::internal(error),
        }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(error)
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

impl From<MultipartError> for ApiError {
    fn from(error: MultipartError) -> Self {
        Self::new(error.status(), error.body_text())
    }
}

macro_rules! invalid {
    ($($error:ty),*) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::bad_request(error.to_string())
            }
        }
    )*};
}
invalid!(ProductError, PackageError, ScheduleError, ValueError);

impl From<PlanError> for ApiError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::State { .. } => Self::conflict(error.to_string()),
            _ => Self::bad_request(error.to_string()),
        }
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        let status = match error {
            RequestError::Value(_) | RequestError::Empty | RequestError::Large(_) => StatusCode::BAD_REQUEST,
            RequestError::Offline => StatusCode::CONFLICT,
            RequestError::Refused(_) => StatusCode::BAD_GATEWAY,
            RequestError::Gone | RequestError::Silent(_) => StatusCode::GATEWAY_TIMEOUT,
        };
        Self::new(status, error.to_string())
    }
}
