//! Where random choices begin.

use std::env;

use crate::Error;

/// The one that `CROW_SEED` names, or a new one.
pub(crate) fn choose() -> Result<u64, Error> {
    match env::var("CROW_SEED") {
        Ok(text) => text.parse().map_err(|_| Error::Setting {
            name: "CROW_SEED".into(),
            reason: format!("{text:?} is no whole number from 0 to {}", u64::MAX),
        }),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Error::Setting { name: "CROW_SEED".into(), reason: "it is not UTF-8".into() })
        }
        Err(env::VarError::NotPresent) => Ok(fastrand::u64(..)),
    }
}
