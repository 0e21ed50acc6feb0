//! Extractors and answers for axum.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::admin::AdminDoor;
use super::problem::Problem;
use super::refusal::Refusal;
use crate::conn::TenantScope;
use crate::error::Error;
use crate::membership::{Principal, VerifiedTenant};

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.into_response()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for TenantScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        left_by_a_layer(parts, "TenantScope", "TenantLayer")
    }
}

impl<S: Sync> FromRequestParts<S> for VerifiedTenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        left_by_a_layer(parts, "VerifiedTenant", "TenantLayer")
    }
}

impl<S: Sync> FromRequestParts<S> for AdminDoor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        left_by_a_layer(parts, "AdminDoor", "AdminLayer")
    }
}

impl<P: Send + Sync + 'static, S: Sync> FromRequestParts<S> for Principal<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        left_by_a_layer(parts, std::any::type_name::<Self>(), "TenantLayer or AdminLayer")
    }
}

fn left_by_a_layer<T: Clone + Send + Sync + 'static>(
    parts: &Parts,
    wanted: &str,
    layer: &str,
) -> Result<T, Problem> {
    parts.extensions.get().cloned().ok_or_else(|| {
        tracing::error!(target: "crow", wanted, layer, "a handler is not behind the layer that it needs");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal").detail("The service made a mistake.")
    })
}
