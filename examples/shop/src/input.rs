//! What clients send, taken in only as far as it keeps the rules. Every refusal is a problem+json.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use chrono::{Datelike, NaiveDate};
use garde::Validate;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
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

/// `text` of at most so many characters, as the document says it.
pub(crate) fn text_of<const LONGEST: usize>() -> Object {
    /// Control characters, and with them what is blank.
    const CONTROL: &str = r"\u0000-\u001f\u007f-\u009f";
    const BLANK: &str = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(LONGEST))
        .pattern(Some(format!("^[^{CONTROL}]*[^{CONTROL}{BLANK}][^{CONTROL}]*$")))
        .build()
}

/// A whole number, be it written `2019` or `2019.0`: in JSON they are the same.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let number = f64::deserialize(deserializer)?;
    let whole = number as i32;
    if f64::from(whole) == number {
        Ok(whole)
    } else {
        Err(D::Error::custom(format!("{number} is no whole number of its size")))
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

/// `day`, as the document says it.
pub(crate) fn any_day() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .pattern(Some("^(188[6-9]|189[0-9]|19[0-9]{2}|20[0-9]{2}|2100)-"))
        .build()
}
