//! How to reach a server: the only place that knows passwords.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use url::Url;

use crate::{Error, name, place};

/// Everything but what no parser gives a meaning to, in whatever part of a URL.
const MEANINGFUL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
        let url = Url::parse("postgresql://postgres@localhost/postgres").expect("a URL");
        Self { superuser: at_socket(&url, directory, port), secret: None }
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
        let (url, _) = parse(variable, text)?;
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

    /// Whether the server is of this machine and has no room left.
    pub(crate) fn is_full(&self) -> bool {
        match host(&self.superuser) {
            Host::Socket(socket) => socket.parent().is_some_and(place::is_full),
            Host::Tcp(..) => false,
        }
    }

    /// The superuser's, fit to be printed.
    pub(crate) fn url_without_password(&self, database: &str) -> Url {
        let mut url = self.superuser_url(database);
        url.set_password(None).expect("the URL has a host");
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
        f.write_str(&host_and_port(&self.superuser))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Socket(PathBuf),
    Tcp(String, u16),
}

/// Reads the URL of a server and a role, which `name` names to the user.
pub(crate) fn parse(name: &str, text: &str) -> Result<(Url, Host), Error> {
    let wrong = |reason: &str| Error::Setting { name: name.into(), reason: reason.into() };
    // The parsers' messages do not quote the text, which can have a password.
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(wrong("a URL of the form postgresql://user:password@host:port/database is needed"));
    }
    if url.host_str().unwrap_or_default().is_empty() || url.username().is_empty() {
        return Err(wrong("the URL has to name the host and the user before its path"));
    }
    let host = self::host(&url);
    Ok((url, host))
}

fn host(url: &Url) -> Host {
    let (name, port) = (url.host_str().unwrap_or_default(), url.port().unwrap_or(5432));
    match percent_decode_str(name).collect::<Vec<_>>() {
        directory if directory.starts_with(b"/") => {
            Host::Socket(Path::new(OsStr::from_bytes(&directory)).join(format!(".s.PGSQL.{port}")))
        }
        _ => Host::Tcp(name.trim_matches(['[', ']']).to_owned(), port),
    }
}

/// The same role and database on the server whose socket is in a directory.
pub(crate) fn at_socket(url: &Url, directory: &Path, port: u16) -> Url {
    let mut url = url.clone();
    // The form with the directory as the host needs no quotes in a shell, and no PGPORT or PGHOST changes it.
    let host = percent_encode(directory.as_os_str().as_bytes(), MEANINGFUL).to_string();
    url.set_host(Some(&host)).expect("what is percent-encoded is a host");
    url.set_port(Some(port)).expect("the URL has a host");
    url
}

/// Nothing secret.
pub(crate) fn host_and_port(url: &Url) -> String {
    let host = percent_decode_str(url.host_str().unwrap_or_default()).decode_utf8_lossy().into_owned();
    url.port().iter().fold(host, |host, port| format!("{host}:{port}"))
}

fn role_password(secret: &str, role: &str) -> String {
    name::full_digest(&[secret.as_bytes(), role.as_bytes()])
}
