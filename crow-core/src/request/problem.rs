//! What the client is told.

use std::borrow::Cow;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::error::Error;

/// An answer that says what went wrong: a status and `application/problem+json` (RFC 9457).
///
/// Made of an [`Error`] or a [`Refusal`] it says nothing of the inside: no constraint, no table, no host, no tenant. What
/// an operator needs to know of a fault of the service is in an event of `tracing`, target `crow`.
///
/// An application has errors of its own beside those of crow, and answers all of them with this:
///
/// ```
/// use crow_core::{Error, request::Problem};
/// use http::StatusCode;
///
/// enum ShopError {
///     Crow(Error),
///     NoSuchMake(String),
/// }
///
/// impl From<Error> for ShopError {
///     fn from(error: Error) -> Self {
///         Self::Crow(error)
///     }
/// }
///
/// impl From<ShopError> for Problem {
///     fn from(error: ShopError) -> Self {
///         match error {
///             // What crow does not know: which rule of the shop the constraint stands for.
///             ShopError::Crow(Error::Unique(Some(name))) if name == "vehicles_tenant_id_plate_key" => {
///                 Problem::new(StatusCode::CONFLICT, "plate_taken").detail("Another vehicle has this plate.")
///             }
///             ShopError::Crow(error) => error.into(),
///             ShopError::NoSuchMake(make) => {
///                 Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_such_make").with("make", make)
///             }
///         }
///     }
/// }
/// # let conflict = Problem::from(ShopError::Crow(Error::Unique(Some("vehicles_tenant_id_plate_key".into()))));
/// # assert_eq!(conflict.code(), "plate_taken");
/// # assert_eq!(Problem::from(ShopError::NoSuchMake("Hund".into())).status(), StatusCode::UNPROCESSABLE_ENTITY);
/// ```
///
/// | status | for |
/// |---|---|
/// | 400 | no tenant named; a part that names one malformed, doubled, oversized; a malformed tenant id |
/// | 401 | nobody, or nobody who is proved, with `WWW-Authenticate` |
/// | 403 | no member, another tenant than the token's, no such tenant; an access across tenants that has expired |
/// | 404 | no such row in this tenant, whether or not in another; a row that a policy refused |
/// | 409 | a key that exists already |
/// | 421 | a host that the service is not |
/// | 422 | a reference to no row of the tenant, or a value that breaks a rule of the table, or is none of its type |
/// | 503 | no connection free in time, none to be had, or conflicts with others, with `Retry-After` |
/// | 504 | the deadline has passed, the server stopped the statement, or it is not known whether it was done |
/// | 500 | everything else, which is a fault of the service |
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an answer does nothing until it is sent"]
pub struct Problem(Box<Said>);

/// In a box, since it is the error of many functions that seldom have one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Option<Cow<'static, str>>,
    members: Map<String, Value>,
    retry_after: Option<Duration>,
    challenge: Option<HeaderValue>,
}

#[derive(Serialize)]
struct Body<'a> {
    title: &'a str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// An answer with this status, and a word by which a program tells it from others.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Said {
            status,
            code: code.into(),
            detail: None,
            members: Map::new(),
            retry_after: None,
            challenge: None,
        }))
    }

    /// Explains it to a person.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a member to the body, such as the field of a form that is wrong. A member of RFC 9457, or `code`, stays as it is.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if !["type", "title", "status", "code", "detail", "instance"].contains(&name) {
            self.0.members.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Says after what time it is worth to ask again, in whole seconds: `Retry-After`.
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.0.retry_after = Some(time);
        self
    }

    /// Says how to prove who asks: `WWW-Authenticate`.
    pub fn challenge(mut self, challenge: HeaderValue) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The word by which a program tells this from others.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The answer, for any framework whose bodies can be made of text.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let Said { status, code, detail, members, retry_after, challenge } = *self.0;
        let body = Body {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: &code,
            detail: detail.as_deref(),
            members: &members,
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = Response::new(B::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(time) = retry_after {
            headers.insert(RETRY_AFTER, time.as_secs().max(1).into());
        }
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// How long a client waits where waiting helps.
const SOON: Duration = Duration::from_secs(1);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let (status, code, detail) = match error {
            Error::TenantId(_) => (StatusCode::BAD_REQUEST, "tenant_id", "This is not the id of a tenant."),
            // A row that the policies keep from this tenant is as good as none.
            Error::NotFound | Error::Refused(_) => {
                (StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
            }
            Error::Unique(_) => (StatusCode::CONFLICT, "conflict", "Something with this key exists already."),
            Error::ForeignKey(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "reference",
                "This refers to something that does not exist, or something still refers to it.",
            ),
            Error::Check(_) | Error::Value(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "rule", "A value breaks a rule for its field.")
            }
            // Delivering it again would change nothing.
            #[cfg(feature = "jobs")]
            Error::Job(_) => (StatusCode::UNPROCESSABLE_ENTITY, "job", "This job is not to be done."),
            Error::AccessExpired => (StatusCode::FORBIDDEN, "expired", "This access has expired."),
            Error::Conflict { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Others changed the same at the same time. Nothing was changed.",
            ),
            Error::PoolTimeout | Error::PoolClosed | Error::Connection(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "busy", "The service is busy.")
            }
            Error::Deadline(_) | Error::Cancelled(_) => (
                StatusCode::GATEWAY_TIMEOUT,
                "timeout",
                "This took too long. Nothing that was under way was kept.",
            ),
            Error::CommitUnknown(_) => (
                StatusCode::GATEWAY_TIMEOUT,
                "outcome_unknown",
                "It is not known whether this was done. Look before you ask again.",
            ),
            Error::NoTenant
            | Error::ReadOnly
            | Error::RolledBack
            | Error::Unsafe(_)
            | Error::Invalid(_)
            | Error::Other(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service made a mistake.")
            }
        };
        let (kind, number) = (error.kind(), status.as_u16());
        if status.is_server_error() || matches!(error, Error::Refused(_)) {
            tracing::error!(target: "crow", { "error.type" = kind, status = number, %error }, "request failed");
        } else {
            tracing::info!(target: "crow", { "error.type" = kind, status = number, %error }, "request failed");
        }
        let problem = Self::new(status, code).detail(detail);
        if status == StatusCode::SERVICE_UNAVAILABLE { problem.retry_after(SOON) } else { problem }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::from(&refusal)
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let (status, code, detail) = match refusal {
            Refusal::Unidentified => (StatusCode::UNAUTHORIZED, "unidentified", "Say who you are."),
            Refusal::Credentials(_) => (
                StatusCode::UNAUTHORIZED,
                "credentials",
                "What says who you are is not valid, or not any more.",
            ),
            Refusal::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", "The request is malformed."),
            Refusal::NoTenant => {
                (StatusCode::BAD_REQUEST, "no_tenant", "The request says nothing of where it belongs.")
            }
            Refusal::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "misdirected", "This is another service.")
            }
            // One answer, or it could be learned which tenants there are.
            Refusal::CrossSite(_) | Refusal::UnknownTenant | Refusal::Disagreement | Refusal::NotAMember => {
                (StatusCode::FORBIDDEN, "forbidden", "This is not open to you.")
            }
            Refusal::Failed(error) => return Self::from(error),
        };
        Self::new(status, code).detail(detail)
    }
}
