//! Tokens that a browser sends by itself.

use http::header::{COOKIE, HeaderName, ORIGIN, UPGRADE};
use http::request::Parts;
use http::{Method, Uri};

use super::credentials::single;
use super::host::authority;
use super::refusal::Refusal;

/// The value of a cookie that may stand once, and of a request that no other site made the browser send.
pub(super) fn cookie<'a>(parts: &'a Parts, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut found = None;
    for header in parts.headers.get_all(COOKIE) {
        let Ok(text) = header.to_str() else {
            return Err(Refusal::malformed("`Cookie` has characters that are no visible ASCII"));
        };
        let values = text.split(';').filter_map(|pair| pair.trim().split_once('='));
        for (_, value) in values.filter(|(key, _)| *key == name) {
            // A site below the same domain can set a cookie of the same name for all of them.
            if found.replace(value).is_some() {
                return Err(Refusal::malformed("its token stands in more than one cookie"));
            }
        }
    }
    if found.is_some() && changes(parts) {
        same_origin(parts)?;
    }
    Ok(found)
}

/// Whether the request could do more than read. A websocket begins with a GET.
fn changes(parts: &Parts) -> bool {
    !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS)
        || parts.headers.contains_key(UPGRADE)
}

/// The browser says where the request comes from. `SameSite` does not do: to a browser, two tenants' subdomains are one site.
fn same_origin(parts: &Parts) -> Result<(), Refusal> {
    const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    match single(&parts.headers, &SEC_FETCH_SITE)? {
        Some("same-origin" | "none") => return Ok(()),
        Some(_) => return Err(Refusal::CrossSite("`Sec-Fetch-Site` is not `same-origin`".into())),
        None => {}
    }
    let Some(origin) = single(&parts.headers, &ORIGIN)? else {
        return Err(Refusal::CrossSite("there is neither `Sec-Fetch-Site` nor `Origin`".into()));
    };
    let origin =
        origin.parse::<Uri>().ok().and_then(|origin| Some(origin.authority()?.as_str().to_ascii_lowercase()));
    if origin.is_some() && origin == authority(parts)? {
        Ok(())
    } else {
        Err(Refusal::CrossSite("`Origin` is another one than that of the request".into()))
    }
}
