//! Which databases outlive their tests.

use std::env;

use crate::Error;

/// What `CROW_KEEP` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// Those of tests that failed.
    Failed,
    All,
}

impl Keep {
    pub(crate) fn read() -> Result<Self, Error> {
        match env::var_os("CROW_KEEP") {
            None => Ok(Self::Nothing),
            Some(value) => match value.to_str() {
                Some("" | "0") => Ok(Self::Nothing),
                Some("1") => Ok(Self::Failed),
                Some("all") => Ok(Self::All),
                _ => Err(Error::Setting {
                    name: "CROW_KEEP".into(),
                    reason: format!(
                        "{value:?} is neither 1, to keep the databases of failed tests, nor `all`, to keep all"
                    ),
                }),
            },
        }
    }
}
