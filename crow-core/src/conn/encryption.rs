//! What a connection string asks of TLS: libpq's parameters, and the rules among them.

use std::fmt;
use std::path::PathBuf;

use tokio_postgres::config::{ChannelBinding, Config, Host, SslMode, SslNegotiation};

use super::parameters::Parameters;
use crate::error::Error;

/// The parameters that tokio-postgres does not know, or knows a part of.
pub(super) const PARAMETERS: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

/// libpq's parameters that would change what is trusted or sent, and have no counterpart here.
pub(super) const REFUSED: [&str; 12] = [
    "gssencmode",
    "require_auth",
    "requirepeer",
    "requiressl",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslpassword",
    "sslsni",
];

/// How connections are encrypted and whom they trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encryption {
    pub(super) mode: Mode,
    pub(super) roots: Option<Roots>,
    pub(super) identity: Option<Identity>,
    pub(super) negotiation: SslNegotiation,
}

/// libpq's `sslmode`, in the order of what each protects from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Roots {
    File(PathBuf),
    System,
}

/// Files with the client's certificate and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Encryption {
    /// Reads the parameters, and makes the driver's own settings fit. `None` where connections are
    /// not encrypted: by `sslmode=disable`, and on Unix sockets.
    pub(super) fn read(
        parameters: &Parameters,
        config: &mut Config,
        is_built_in: bool,
    ) -> Result<Option<Self>, Error> {
        let given = |name| parameters.get(name).filter(|value| !value.is_empty());
        let roots = given("sslrootcert").map(|value| match value.as_str() {
            "system" => Roots::System,
            path => Roots::File(path.into()),
        });
        let mode = match parameters.get("sslmode") {
            Some(value) => Mode::parse(value)?,
            None if roots == Some(Roots::System) => Mode::VerifyFull,
            None => Mode::Prefer,
        };
        let identity = match (given("sslcert"), given("sslkey")) {
            (Some(certificate), Some(key)) => {
                Some(Identity { certificate: certificate.into(), key: key.into() })
            }
            (None, None) => None,
            (Some(_), None) => return Err(invalid("sslcert needs its private key: add sslkey=<file>")),
            (None, Some(_)) => return Err(invalid("sslkey is the key of a certificate: add sslcert=<file>")),
        };
        let encryption = Self { mode, roots, identity, negotiation: config.get_ssl_negotiation() };
        encryption.check(config)?;
        if !is_built_in && encryption.is_asked_for(config) {
            return Err(invalid(
                "it asks for TLS, and crow-core was built without its feature `tls`: add \
                 `features = [\"tls\"]` to the dependency crow-core",
            ));
        }
        let encrypts = mode > Mode::Disable && !config.get_hosts().iter().any(is_socket);
        config.ssl_mode(match mode {
            _ if !encrypts => SslMode::Disable,
            Mode::Disable | Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        Ok(encrypts.then_some(encryption))
    }

    fn check(&self, config: &Config) -> Result<(), Error> {
        let mode = self.mode;
        if self.roots == Some(Roots::System) && mode != Mode::VerifyFull {
            return Err(invalid(&format!(
                "sslmode={mode} may not be used with sslrootcert=system, as anybody can have a certificate of a \
                 public CA: write sslmode=verify-full"
            )));
        }
        if mode >= Mode::VerifyCa && self.roots.is_none() {
            return Err(invalid(&format!(
                "sslmode={mode} needs to know whom to trust: add sslrootcert=<file> with the certificate of the \
                 server's CA, or sslrootcert=system for the CAs that the operating system trusts"
            )));
        }
        if self.negotiation == SslNegotiation::Direct && mode < Mode::Require {
            return Err(invalid(&format!(
                "sslmode={mode} may not be used with sslnegotiation=direct: write sslmode=verify-full"
            )));
        }
        let hosts = config.get_hosts();
        if mode == Mode::VerifyFull && hosts.is_empty() {
            return Err(invalid(
                "sslmode=verify-full compares the host's name, and hostaddr has none: add the host",
            ));
        }
        if mode > Mode::Disable && hosts.iter().any(is_socket) && !hosts.iter().all(is_socket) {
            return Err(invalid(&format!(
                "sslmode={mode} is for TCP, and of its hosts one is a Unix socket, which is never encrypted: name \
                 hosts of one kind, or write sslmode=disable"
            )));
        }
        Ok(())
    }

    /// Whether more is asked for than to encrypt where that is possible.
    fn is_asked_for(&self, config: &Config) -> bool {
        self.mode >= Mode::Require
            || self.mode == Mode::Prefer && (self.roots.is_some() || self.identity.is_some())
            || config.get_channel_binding() == ChannelBinding::Require
    }
}

impl Mode {
    fn parse(value: &str) -> Result<Self, Error> {
        [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull]
            .into_iter()
            .find(|mode| mode.to_string() == value)
            .ok_or_else(|| invalid("sslmode is one of disable, prefer, require, verify-ca and verify-full"))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        })
    }
}

fn is_socket(host: &Host) -> bool {
    !matches!(host, Host::Tcp(_))
}

/// The string is wrong in a way that can be told without quoting it.
pub(super) fn invalid(reason: &str) -> Error {
    Error::Invalid(format!("the connection URL cannot be used: {reason}"))
}
