//! How to reach a server: the only place that knows passwords.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use url::Url;

use crate::{Error, name};

#[derive(Clone)]
pub(crate) struct Address {
    superuser: Url,
    /// What passwords of roles are made of; `None` where nobody is asked for one.
    secret: Option<String>,
}

impl Address {
    /// A server that trusts whoever reaches its socket.
    pub(crate) fn socket(directory: &Path, port: u16) -> Self {
        // The form with the directory as the host needs no quotes in a shell, and no PGPORT or PGHOST changes it.
        let host = percent_encode(directory);
        let url = format!("postgresql://postgres@{host}:{port}/postgres");
        Self { superuser: Url::parse(&url).expect("what is percent-encoded is a host"), secret: None }
    }

    /// The same server on the loopback interface.
    pub(crate) fn loopback(port: u16) -> Self {
        let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
        Self { superuser: Url::parse(&url).expect("an address and a port are an authority"), secret: None }
    }

    /// The same server, asking everybody for the password that is made of `secret`.
    pub(crate) fn with_passwords(mut self, secret: String) -> Self {
        let password = role_password(&secret, "postgres");
        self.superuser.set_password(Some(&password)).expect("the URL has a host");
        self.secret = Some(secret);
        self
    }

    /// A server that somebody else runs.
    pub(crate) fn external(variable: &str, text: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Setting { name: variable.into(), reason: reason.into() };
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong(
                "a URL of the form postgresql://superuser:password@host:port/database is needed",
            ));
        }
        if url.host_str().is_none_or(str::is_empty) || url.username().is_empty() {
            return Err(wrong("the URL has to name the host and the superuser before its path"));
        }
        // Everybody who was given this URL makes the same passwords, and nobody else can.
        let secret = name::full_digest(&[b"crow", text.as_bytes()]);
        Ok(Self { superuser: url, secret: Some(secret) })
    }

    pub(crate) fn url(&self, role: &str, database: &str) -> String {
        let mut url = self.superuser_url(database);
        url.set_username(role).expect("the URL has a host");
        let password = self.secret.as_ref().map(|secret| role_password(secret, role));
        url.set_password(password.as_deref()).expect("the URL has a host");
        url.into()
    }

    pub(crate) fn superuser_url(&self, database: &str) -> Url {
        let mut url = self.superuser.clone();
        url.path_segments_mut().expect("the URL has a host").clear().push(database);
        url
    }

    /// The database that statements about other databases run in.
    pub(crate) fn maintenance_database(&self) -> String {
        let path = self.superuser.path().trim_start_matches('/');
        if path.is_empty() { "postgres".into() } else { path.into() }
    }

    pub(crate) fn password(&self, role: &str) -> Option<String> {
        self.secret.as_ref().map(|secret| role_password(secret, role))
    }
}

/// Host and port, nothing secret.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.superuser.host_str().unwrap_or_default().replace("%2F", "/");
        write!(f, "{host}")?;
        self.superuser.port().iter().try_for_each(|port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn role_password(secret: &str, role: &str) -> String {
    name::full_digest(&[secret.as_bytes(), role.as_bytes()])
}

/// Everything but what no parser gives a meaning to, in whatever part of a URL.
fn percent_encode(path: &Path) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    path.as_os_str()
        .as_bytes()
        .iter()
        .map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
