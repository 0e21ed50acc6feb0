//! What a request can end in, and what the client is told.

use axum::extract::rejection::{FormRejection, JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use crow_core::Error;
use crow_core::request::Problem;
use serde_json::{Map, Value};

/// An answer, or why there is none.
pub(crate) type Answer<T> = Result<T, ShopError>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ShopError {
    #[error(transparent)]
    Crow(#[from] Error),
    /// The body or the parameters cannot be read.
    #[error("{text}")]
    Unreadable { status: StatusCode, text: String },
    /// They can be read, and break a rule.
    #[error(transparent)]
    Rules(#[from] garde::Report),
}

impl From<JsonRejection> for ShopError {
    fn from(rejection: JsonRejection) -> Self {
        Self::Unreadable { status: rejection.status(), text: rejection.body_text() }
    }
}

impl From<FormRejection> for ShopError {
    fn from(rejection: FormRejection) -> Self {
        Self::Unreadable { status: rejection.status(), text: rejection.body_text() }
    }
}

impl From<QueryRejection> for ShopError {
    fn from(rejection: QueryRejection) -> Self {
        Self::Unreadable { status: rejection.status(), text: rejection.body_text() }
    }
}

impl From<ShopError> for Problem {
    fn from(error: ShopError) -> Self {
        match error {
            // What crow does not know: which rule of the shop the constraint stands for.
            ShopError::Crow(Error::Unique(Some(key))) if key == "vehicles_tenant_id_plate_key" => {
                Self::new(StatusCode::CONFLICT, "plate_taken").detail("Another vehicle has this plate.")
            }
            ShopError::Crow(error) => error.into(),
            ShopError::Unreadable { status, text } => Self::new(status, "unreadable").detail(text),
            ShopError::Rules(report) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid").with("fields", fields(&report))
            }
        }
    }
}

/// What is wrong, by field.
pub(crate) fn fields(report: &garde::Report) -> Map<String, Value> {
    report.iter().map(|(path, error)| (path.to_string(), error.to_string().into())).collect()
}

impl IntoResponse for ShopError {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
