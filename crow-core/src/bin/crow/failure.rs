//! Why a command could not run.

use std::fmt;

use diesel::result::Error as Diesel;

/// What is said of it; never a password, and no row: DETAIL, which quotes rows, is left out.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<crow_core::Error> for Failure {
    fn from(error: crow_core::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<Diesel> for Failure {
    fn from(error: Diesel) -> Self {
        match error {
            Diesel::DatabaseError(_, info) => {
                let hint = info.hint().map(|hint| format!("\n{hint}")).unwrap_or_default();
                let grant = if info.message().starts_with("permission denied to grant role") {
                    "\nSomebody else made the roles, and has to grant crow_owner to the role that installs first."
                } else if info.message().starts_with("permission denied to create role") {
                    "\nMaking crow's roles takes CREATEROLE, or a superuser: crow roles --create makes them, for whoever installs."
                } else if info.message().starts_with("permission denied") {
                    "\nConnect as crow_migrator, as the owner, or as a superuser."
                } else {
                    ""
                };
                Self(format!("{}{hint}{grant}", info.message()))
            }
            other => crow_core::Error::from(other).into(),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}
