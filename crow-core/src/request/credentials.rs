//! Where a request carries what says who asks.

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::refusal::Refusal;

/// The token of `Authorization: Bearer`; `None` without this header, or with one of another scheme.
pub(super) fn bearer(parts: &Parts) -> Result<Option<&str>, Refusal> {
    let Some(value) = single(&parts.headers, &AUTHORIZATION)? else { return Ok(None) };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' ')))
}

/// The value of a header that may stand once.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Refusal::malformed(format!("it has more than one `{name}`")));
    }
    let visible = |_| Refusal::malformed(format!("`{name}` has characters that are no visible ASCII"));
    value.map(|value| value.to_str().map_err(visible)).transpose()
}
