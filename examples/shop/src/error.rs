//! What a request can end in, and what the client is told.

use axum::body::Body;
use axum::extract::rejection::{FormRejection, JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
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

/// Makes a problem of an answer that axum or a layer has given, such as 405, in text or without a body.
pub(crate) async fn as_problem(response: Response) -> Response {
    let (status, headers) = (response.status(), response.headers());
    let plain = headers.get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !plain || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::METHOD_NOT_ALLOWED => ("method", "This cannot be done here."),
        StatusCode::GATEWAY_TIMEOUT => {
            ("late", "This took too long. Look whether it was done before you ask again.")
        }
        _ => ("refused", "The request cannot be answered."),
    };
    let (mut head, _) = response.into_parts();
    let (problem, body) = Problem::new(status, code).detail(detail).into_response::<Body>().into_parts();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.extend(problem.headers);
    Response::from_parts(head, body)
}
