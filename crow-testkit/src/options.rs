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
    hba: Vec<String>,
    /// Beside the data directory, readable for the server alone.
    pub(crate) files: Vec<(&'static str, String)>,
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

    /// Offers TLS to connections over TCP, with this certificate and its private key, both in PEM.
    #[must_use]
    pub fn tls(mut self, certificate: impl Into<String>, key: impl Into<String>) -> Self {
        self.files.extend([("server.crt", certificate.into()), ("server.key", key.into())]);
        self.setting("ssl", "on")
            .setting("ssl_cert_file", "../server.crt")
            .setting("ssl_key_file", "../server.key")
    }

    /// Believes the client certificates that this CA has issued; its own certificate is in PEM.
    /// A line of [`hba`](Self::hba) has to ask for them.
    #[must_use]
    pub fn client_ca(mut self, certificate: impl Into<String>) -> Self {
        self.files.push(("client-ca.crt", certificate.into()));
        self.setting("ssl_ca_file", "../client-ca.crt")
    }

    /// Adds a line to pg_hba.conf, before those that let everybody in.
    ///
    /// ```
    /// # use crow_testkit::ServerOptions;
    /// let options = ServerOptions::default().loopback().hba("hostnossl all app all reject");
    /// ```
    #[must_use]
    pub fn hba(mut self, line: impl Into<String>) -> Self {
        self.hba.push(line.into());
        self
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

    /// The lines for pg_hba.conf, of which the first that fits counts.
    pub(crate) fn render_hba(&self) -> Result<String, Error> {
        if self.hba.iter().any(|line| line.contains(['\n', '\r', '\0'])) {
            return Err(Error::Setting {
                name: "a line for pg_hba.conf".into(),
                reason: "it has to be one line".into(),
            });
        }
        let method = if self.passwords { "scram-sha-256" } else { "trust" };
        let everybody = [format!("local all all {method}"), format!("host all all 127.0.0.1/32 {method}")];
        Ok(self.hba.iter().chain(&everybody).map(|line| format!("{line}\n")).collect())
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
