//! The server that a pool connects to, and why that may fail.

use std::error::Error as StdError;
use std::fmt;
use std::iter::successors;
use std::str::FromStr;
use std::time::Duration;

use diesel::result::ConnectionError;
use diesel_async::AsyncPgConnection;
use tokio::task::AbortHandle;
use tokio_postgres::config::Config;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{NoTls, Socket};

use super::encryption::{self, Encryption, invalid};
use super::parameters;
use crate::error::Error;

/// Opens a connection that belongs to no pool, by a URL as pools take it: for installing, migrating, auditing.
///
/// It is diesel-async's own, and sees what its role may see. [`AsyncPgConnection::establish`] opens none with TLS.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut conn = crow_core::connect("postgresql://crow_migrator:…@db.example.com/shop?sslmode=verify-full&sslrootcert=system").await?;
/// println!("{}", crow_core::audit::run(&mut conn).await?);
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`Error::Invalid`] for a URL that cannot work, without the text of it; [`Error::Connection`] if the server cannot be
/// reached or refuses the login.
///
/// [`AsyncPgConnection::establish`]: diesel_async::AsyncConnection::establish
pub async fn connect(url: &str) -> Result<AsyncPgConnection, Error> {
    let (conn, _) = Target::parse(url, "crow")?.connect(false).await?;
    Ok(conn)
}

/// What a connection string says.
pub(super) struct Target {
    config: Config,
    encryption: Option<Encryption>,
}

impl Target {
    /// Reads a URL, or libpq's `key=value` form. `application` is what the server is told if the
    /// string does not say.
    pub(super) fn parse(text: &str, application: &str) -> Result<Self, Error> {
        Self::parse_with(text, application, cfg!(feature = "tls"))
    }

    fn parse_with(text: &str, application: &str, tls_is_built_in: bool) -> Result<Self, Error> {
        let wanted = [&encryption::PARAMETERS[..], &encryption::REFUSED].concat();
        let (rest, parameters) = parameters::take(text, &wanted).ok_or_else(unreadable)?;
        if let Some(name) = parameters.keys().find(|name| encryption::REFUSED.contains(name)) {
            return Err(invalid(&format!("crow does not know libpq's {name}: leave it out")));
        }
        // The parser's own message quotes the text, and the text has the password.
        let mut config = Config::from_str(&rest).map_err(|_| unreadable())?;
        let encryption = Encryption::read(&parameters, &mut config, tls_is_built_in)?;
        if config.get_hosts().is_empty() {
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        if config.get_application_name().is_none() {
            config.application_name(application);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        Ok(Self { config, encryption })
    }

    /// The name that the server is told.
    pub(super) fn application(&self) -> &str {
        self.config.get_application_name().unwrap_or_default()
    }

    /// The name of the database.
    pub(super) fn database(&self) -> &str {
        self.config.get_dbname().or(self.config.get_user()).unwrap_or_default()
    }

    /// A connection that is logged in. A severable one comes with a handle that cuts it, whoever holds it.
    pub(super) async fn connect(
        &self,
        severable: bool,
    ) -> Result<(AsyncPgConnection, Option<AbortHandle>), Error> {
        match &self.encryption {
            #[cfg(feature = "tls")]
            Some(encryption) => self.connect_by(super::tls::connector(encryption).await?, severable).await,
            _ => self.connect_by(NoTls, severable).await,
        }
    }

    async fn connect_by<T>(
        &self,
        tls: T,
        severable: bool,
    ) -> Result<(AsyncPgConnection, Option<AbortHandle>), Error>
    where
        T: MakeTlsConnect<Socket, Stream: Send + 'static>,
    {
        let (client, connection) =
            self.config.connect(tls).await.map_err(|error| self.unreachable(&error))?;
        let (conn, driver) = if severable {
            // diesel-async's own driver ends with the connection's owner alone.
            let driver = tokio::spawn(connection).abort_handle();
            (AsyncPgConnection::try_from(client).await, Some(driver))
        } else {
            (AsyncPgConnection::try_from_client_and_connection(client, connection).await, None)
        };
        Ok((conn.map_err(setup_failed)?, driver))
    }

    fn unreachable(&self, error: &tokio_postgres::Error) -> Error {
        let user = self.config.get_user().unwrap_or("(default user)");
        let database = self.config.get_dbname().unwrap_or(user);
        let cause = successors(Some(error as &(dyn StdError + 'static)), |&error| error.source())
            .map(ToString::to_string)
            .reduce(|all, cause| if all.contains(&cause) { all } else { format!("{all}: {cause}") })
            .unwrap_or_default();
        let cure = self.cure(error);
        Error::Connection(format!("cannot connect to database {database} as {user} ({cause}): {cure}"))
    }

    fn cure(&self, error: &tokio_postgres::Error) -> String {
        #[cfg(feature = "tls")]
        if let Some(cure) =
            self.encryption.as_ref().and_then(|encryption| super::tls::cure(encryption, error))
        {
            return cure;
        }
        match error.code().map(|code| code.code()) {
            Some("28P01" | "28000") => {
                "check the user and password of the URL, the server's pg_hba.conf, and whether that asks for TLS \
                 (sslmode) or for a client's certificate (sslcert, sslkey)"
            }
            Some("3D000") => "create the database, or correct its name in the URL",
            Some("53300") => "raise the server's max_connections or lower the pool's max_size",
            Some("57P03") => "the server is starting or stopping: try again",
            Some(_) => "see the server's log",
            None => "check that the server runs and that host and port of the URL are right",
        }
        .to_owned()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("hosts", &self.config.get_hosts())
            .field("user", &self.config.get_user())
            .field("database", &self.config.get_dbname())
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

fn unreadable() -> Error {
    invalid(
        "write postgresql://user:password@host:port/database, with special characters in the password \
         percent-encoded",
    )
}

fn setup_failed(error: ConnectionError) -> Error {
    match error {
        ConnectionError::CouldntSetupConfiguration(error) => error.into(),
        other => Error::Connection(format!("cannot set up a connection: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::Target;
    use crate::error::Error;

    fn target(text: &str) -> Target {
        Target::parse_with(text, "test", true).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refusal(text: &str, tls_is_built_in: bool) -> String {
        match Target::parse_with(text, "test", tls_is_built_in) {
            Err(Error::Invalid(text)) => text,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn parameters_that_contradict_each_other_are_refused() {
        for (parameters, reason) in [
            ("sslmode=none", "sslmode is one of disable, prefer"),
            ("sslmode=", "sslmode is one of disable, prefer"),
            ("sslmode=allow", "sslmode is one of disable, prefer"),
            ("sslmode=Verify-Full", "sslmode is one of disable, prefer"),
            ("sslmode=verify-full", "add sslrootcert"),
            ("sslmode=verify-ca", "add sslrootcert"),
            ("sslmode=verify-ca&sslrootcert=", "add sslrootcert"),
            ("sslmode=verify-ca&sslrootcert=system", "sslmode=verify-full"),
            ("sslmode=require&sslrootcert=system", "sslmode=verify-full"),
            ("sslmode=disable&sslrootcert=system", "sslmode=verify-full"),
            ("sslnegotiation=direct", "sslnegotiation=direct"),
            ("sslmode=prefer&sslnegotiation=direct", "sslnegotiation=direct"),
            ("sslcert=a", "add sslkey"),
            ("sslkey=a", "add sslcert"),
            ("sslcert=a&sslkey=", "add sslkey"),
            ("sslmode=require&host=/run/postgresql", "of its hosts one is a Unix socket"),
            ("sslcrl=a", "sslcrl"),
            ("ssl_min_protocol_version=TLSv1.3", "ssl_min_protocol_version"),
            ("sslhope=a", "write postgresql://"),
        ] {
            let text = refusal(&format!("postgresql://app:secret@db.example.com/shop?{parameters}"), true);
            assert!(text.contains(reason) && !text.contains("secret"), "{parameters}: {text}");
        }
        let text =
            refusal("postgresql:///shop?user=app&hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=a", true);
        assert!(text.contains("add the host"), "{text}");
    }

    #[test]
    fn without_parameters_encryption_is_preferred() {
        assert_eq!(target("postgresql://app@db.example.com/shop").config.get_ssl_mode(), SslMode::Prefer);
        let on_socket = "postgresql:///shop?user=app&host=/run/postgresql";
        assert_eq!(target(on_socket).config.get_ssl_mode(), SslMode::Disable);
    }

    #[test]
    fn every_mode_above_prefer_requires_encryption_of_the_driver() {
        for parameters in [
            "sslmode=require",
            "sslmode=require&sslnegotiation=direct",
            "sslmode=verify-ca&sslrootcert=a",
            "sslmode=verify-full&sslrootcert=a",
            "sslmode=disable&sslmode=verify-full&sslrootcert=system",
            "sslrootcert=system",
        ] {
            let target = target(&format!("postgresql://app@h/shop?{parameters}"));
            assert_eq!(target.config.get_ssl_mode(), SslMode::Require, "{parameters}");
            assert!(target.encryption.is_some(), "{parameters}");
        }
    }

    #[test]
    fn without_the_feature_a_url_that_asks_for_tls_is_refused() {
        for parameters in [
            "sslmode=require",
            "sslmode=require&sslnegotiation=direct",
            "sslmode=verify-ca&sslrootcert=a",
            "sslmode=verify-full&sslrootcert=a",
            "sslrootcert=system",
            "sslrootcert=a",
            "sslmode=prefer&sslrootcert=a",
            "sslcert=a&sslkey=b",
            "channel_binding=require",
        ] {
            let text = refusal(&format!("postgresql://app:secret@db.example.com/shop?{parameters}"), false);
            assert!(text.contains("feature `tls`") && !text.contains("secret"), "{parameters}: {text}");
        }
        for parameters in ["", "sslmode=prefer", "sslmode=disable", "sslmode=disable&sslrootcert=a"] {
            let target = Target::parse_with(&format!("postgresql://app@h/shop?{parameters}"), "test", false);
            assert!(target.is_ok(), "{parameters}: {target:?}");
        }
    }
}
