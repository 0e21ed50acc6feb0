//! The host that a request is for.

use http::header::HOST;
use http::request::Parts;

use super::name::is_name;
use super::refusal::Refusal;

/// The longest host that DNS knows, a dot at its end, and a port.
const LONGEST: usize = 253 + 1 + ":65535".len();

/// The host in lower case, without a port and a dot at its end; `None` if the request has none.
pub(super) fn host(parts: &Parts) -> Result<Option<String>, Refusal> {
    authority(parts)?.map(|authority| plain(&authority)).transpose()
}

/// The host with its port, in lower case, from the one place or the two where it can stand, which have to agree.
pub(super) fn authority(parts: &Parts) -> Result<Option<String>, Refusal> {
    let mut headers = parts.headers.get_all(HOST).iter();
    let header = headers.next();
    if headers.next().is_some() {
        return Err(Refusal::malformed("it has more than one `Host`"));
    }
    let header = match header.map(|header| header.to_str()) {
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(Refusal::malformed("`Host` has characters that are no visible ASCII")),
        None => None,
    };
    // In HTTP/2 and in requests to proxies the host stands in the target.
    let target = parts.uri.authority().map(|authority| authority.as_str());
    match (target, header) {
        (Some(text), _) | (None, Some(text)) if text.len() > LONGEST => {
            Err(Refusal::malformed("its host is longer than hosts are"))
        }
        (Some(target), Some(header)) if !target.eq_ignore_ascii_case(header) => {
            Err(Refusal::malformed("`Host` is another host than that of the target"))
        }
        (target, header) => Ok(target.or(header).map(str::to_ascii_lowercase)),
    }
}

fn plain(authority: &str) -> Result<String, Refusal> {
    let host = match authority.split_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() && !port.starts_with('+') => host,
        Some(_) => return Err(Refusal::malformed("the port of its host is no number")),
        None => authority,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.split('.').all(is_name) {
        Ok(host.to_owned())
    } else {
        Err(Refusal::malformed("its host is no name of a host"))
    }
}
