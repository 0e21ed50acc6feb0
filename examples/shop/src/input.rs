//! What clients send, taken in only as far as it keeps the rules. Every refusal is a problem+json.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use chrono::{Datelike, NaiveDate};
use garde::Validate;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::ShopError;

/// A JSON body that keeps the rules of its type.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Validate<Context = ()>> FromRequest<S> for Body<T> {
    type Rejection = ShopError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ShopError> {
        let Json(body) = Json::<T>::from_request(request, state).await?;
        body.validate()?;
        Ok(Self(body))
    }
}

/// Parameters behind the `?` that keep the rules of their type.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Validate<Context = ()>> FromRequestParts<S> for Params<T> {
    type Rejection = ShopError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ShopError> {
        let Query(params) = Query::<T>::from_request_parts(parts, state).await?;
        params.validate()?;
        Ok(Self(params))
    }
}

/// The id in the path. One that is no UUID names nothing, as one of another shop does not.
pub(crate) struct Id(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ShopError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ShopError> {
        let id = Path::<Uuid>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|_| ShopError::from(crow_core::Error::NotFound))
    }
}

/// Text that is there, and that a database and a page can show.
pub(crate) fn text(text: &str, _: &()) -> garde::Result {
    if text.trim().is_empty() {
        Err(garde::Error::new("is blank"))
    } else if text.chars().any(char::is_control) {
        Err(garde::Error::new("has characters that are no text"))
    } else {
        Ok(())
    }
}

/// A day since there are vehicles.
pub(crate) fn day(day: &NaiveDate, _: &()) -> garde::Result {
    if (1886..=2100).contains(&day.year()) {
        Ok(())
    } else {
        Err(garde::Error::new("is no day between 1886 and 2100"))
    }
}
