//! What a tenant is called in a request.

use super::refusal::Refusal;
use crate::error::Error;
use crate::membership::ClaimedTenant;
use crate::tenant::TenantId;

/// Knows tenants by the names that requests give.
///
/// A name is a label of a host: up to 63 of the characters `a` to `z`, `0` to `9` and `-`, with no `-` at its ends. Others
/// are refused before this is asked, whether they stood in a host, a path or a header. Nothing is decoded: a shop called
/// münchen is known by `xn--mnchen-3ya`, and a name that only looks like another one is another one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not find tenants by their names",
    label = "neither a `Directory` nor `ByUuid`",
    note = "write `Directory::new(|name: String| async move {{ .. }})` with a lookup that gives `Result<Option<TenantId>, Error>`"
)]
pub trait Names: Send + Sync + 'static {
    /// The tenant of this name; `None` if there is none.
    ///
    /// # Errors
    ///
    /// What kept it from finding out.
    fn tenant(&self, name: &str) -> impl Future<Output = Result<Option<TenantId>, Error>> + Send;
}

/// Tenants are named by their ids, as hyphenated UUIDs.
#[derive(Debug, Clone, Copy)]
pub struct ByUuid;

impl Names for ByUuid {
    async fn tenant(&self, name: &str) -> Result<Option<TenantId>, Error> {
        // UUIDs have other spellings, and each tenant is to have one name.
        const LENGTH: usize = "6f1c2a9e-4f0b-4d56-9a70-5d0a3c1b7e11".len();
        Ok(if name.len() == LENGTH { name.parse().ok() } else { None })
    }
}

/// The tenant that a part of the request names. `part` says which part, for the log.
pub(super) async fn named<N: Names>(
    name: &str,
    names: &N,
    part: &'static str,
) -> Result<ClaimedTenant, Refusal> {
    if !is_name(name) {
        return Err(Refusal::malformed(format!("{part} is no name of up to 63 of `a-z`, `0-9` and `-`")));
    }
    names.tenant(name).await?.map(ClaimedTenant::new).ok_or(Refusal::UnknownTenant)
}

pub(super) fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
}
