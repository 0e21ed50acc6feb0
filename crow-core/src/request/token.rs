//! A signed token, from its text to its claims (RFC 7515, RFC 7519).

use std::any::type_name;
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::keys::KeySet;

/// What a token has to say to be accepted.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) leeway: Duration,
}

/// The claims that say whether a token is good, here and now.
#[derive(Deserialize)]
struct Registered<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The claims of a token that one of these keys has signed and that is good now, or why they are not to be had.
///
/// Nothing of the claims is read before the signature is verified.
pub(super) fn claims<C: DeserializeOwned>(
    token: &str,
    keys: &KeySet,
    expected: &Expected,
) -> Result<C, Cow<'static, str>> {
    let payload = verified(token, keys)?;
    let registered: Registered<'_> = serde_json::from_slice(&payload)
        .map_err(|_| "the token lacks `iss`, `aud` or `exp`, or has them in a form that is not theirs")?;
    expected.check(&registered)?;
    serde_json::from_slice(&payload).map_err(|_| {
        format!("the claims of the token do not fit the principal's type, `{}`", type_name::<C>()).into()
    })
}

fn verified(token: &str, keys: &KeySet) -> Result<Vec<u8>, &'static str> {
    let (message, signature) = token.rsplit_once('.').ok_or("the token is no signed token of three parts")?;
    let (head, payload) = message.split_once('.').ok_or("the token is no signed token of three parts")?;
    let decoded =
        |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "a part of the token is not base64url");
    // An algorithm that is not known here, such as `none`, is an error of the header.
    let header: jsonwebtoken::Header = serde_json::from_slice(&decoded(head)?).map_err(
        |_| "the header of the token cannot be read, or names an algorithm that is none of a signature",
    )?;
    if header.crit.is_some() {
        return Err("the token demands an extension that is not known here (`crit`)");
    }
    if header.typ.is_some_and(|typ| !["JWT", "at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known))) {
        return Err("the token is one of another kind (`typ`)");
    }
    let signature = decoded(signature)?;
    match keys.with(header.kid.as_deref(), |key| key.verifies(header.alg, message.as_bytes(), &signature)) {
        Some(true) => decoded(payload),
        Some(false) => {
            Err("the signature of the token is not that of its key with the algorithm of that key")
        }
        None => Err("the token names no key of the set (`kid`)"),
    }
}

impl Expected {
    fn check(&self, claims: &Registered<'_>) -> Result<(), &'static str> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let leeway = self.leeway.as_secs_f64();
        if now >= claims.exp + leeway {
            return Err("the token has expired (`exp`)");
        }
        if claims.nbf.is_some_and(|nbf| now + leeway < nbf) {
            return Err("the token is not valid yet (`nbf`)");
        }
        if claims.iss != self.issuer {
            return Err("the token is from another issuer (`iss`)");
        }
        let audience = match &claims.aud {
            Audience::One(audience) => *audience == self.audience,
            Audience::Several(audiences) => audiences.contains(&self.audience),
        };
        if audience { Ok(()) } else { Err("the token is for another audience (`aud`)") }
    }
}
