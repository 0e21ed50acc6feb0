//! What a private server can be asked for.

use crate::Error;

/// How a [private server](crate::Server::private) differs from the shared one.
///
/// ```
/// use crow_testkit::ServerOptions;
///
/// let options = ServerOptions::default()
///     .password_authentication()
///     .max_connections(20)
///     .setting("log_statement", "all");
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    settings: Vec<(String, String)>,
    pub(crate) passwords: bool,
    pub(crate) loopback: bool,
}

impl ServerOptions {
    /// Makes everybody, the superuser too, log in with a password (SCRAM); see
    /// [`Server::role_password`](crate::Server::role_password).
    #[must_use]
    pub fn password_authentication(mut self) -> Self {
        self.passwords = true;
        self
    }

    /// Listens on a free port of 127.0.0.1 as well, and hands out URLs with it. Every user of the
    /// machine can reach it there, so this implies [password
    /// authentication](Self::password_authentication).
    #[must_use]
    pub fn loopback(mut self) -> Self {
        self.loopback = true;
        self.password_authentication()
    }

    /// Sets `max_connections`.
    #[must_use]
    pub fn max_connections(self, limit: u32) -> Self {
        self.setting("max_connections", limit.to_string())
    }

    /// Sets any parameter of postgresql.conf; the last value given for a name counts.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The lines for postgresql.conf.
    pub(crate) fn render(&self) -> Result<String, Error> {
        let mut lines = String::new();
        for (name, value) in &self.settings {
            let wrong = |reason: &str| Error::Setting { name: name.clone(), reason: reason.into() };
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.') {
                return Err(wrong("this is no name of a parameter of postgresql.conf"));
            }
            if value.contains(['\n', '\r', '\0']) {
                return Err(wrong("postgresql.conf takes values of one line"));
            }
            lines += &format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''"));
        }
        Ok(lines)
    }
}
