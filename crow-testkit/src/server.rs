//! A PostgreSQL server that nobody had to set up.

use std::env;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::address::Address;
use crate::cluster::Cluster;
use crate::session::Session;
use crate::{Error, ServerOptions};

/// A running PostgreSQL server. Clones are handles of the same one.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    owned: Owned,
}

enum Owned {
    /// Named by `CROW_DATABASE_URL`.
    No,
    /// Until the last process that uses it ends.
    Shared(Cluster),
    /// Until the last handle is dropped.
    Private(Cluster),
}

impl Server {
    /// The one server that all test processes of this operating system's user share, started if
    /// it does not run; or the one that `CROW_DATABASE_URL` names.
    ///
    /// It stays up for as long as this process lives, and a little longer. The call blocks, up to
    /// a second for the first process and for milliseconds from then on; it may be made inside an
    /// asynchronous runtime.
    ///
    /// # Errors
    /// Where no server can be found or started; the error says what was tried and what helps.
    pub fn shared() -> Result<Self, Error> {
        static SHARED: Mutex<Option<Server>> = Mutex::new(None);
        // A panic while it was held has not half-changed anything.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = &*shared {
            return Ok(server.clone());
        }
        let inner = match env::var("CROW_DATABASE_URL") {
            Ok(url) => Inner { address: Address::external("CROW_DATABASE_URL", &url)?, owned: Owned::No },
            Err(env::VarError::NotUnicode(_)) => {
                return Err(Error::Setting {
                    name: "CROW_DATABASE_URL".into(),
                    reason: "it is not UTF-8".into(),
                });
            }
            Err(env::VarError::NotPresent) => {
                let cluster = Cluster::shared()?;
                let address = Address::socket(cluster.directory(), cluster.port());
                Inner { address, owned: Owned::Shared(cluster) }
            }
        };
        let server = Self { inner: Arc::new(inner) };
        Ok(shared.insert(server).clone())
    }

    /// A server that no other test sees, for tests that stop it, kill it, or need other settings.
    ///
    /// It takes about a tenth of a second, and half a second more if no other server of crow's
    /// runs. It is stopped and its directory deleted when the last handle is dropped, and also
    /// when the process dies without dropping it. `CROW_DATABASE_URL` does not matter here.
    ///
    /// # Errors
    /// As [`shared`](Self::shared), and where PostgreSQL refuses the options.
    pub fn private(options: ServerOptions) -> Result<Self, Error> {
        let secret = Uuid::new_v4().simple().to_string();
        // The port is known only after the start, the password does not depend on it.
        let password = Address::loopback(0).with_passwords(secret.clone()).password("postgres");
        let cluster = Cluster::private(&options, &password.unwrap_or_default())?;
        let mut address = match options.loopback {
            true => Address::loopback(cluster.port()),
            false => Address::socket(cluster.directory(), cluster.port()),
        };
        if options.passwords {
            address = address.with_passwords(secret);
        }
        Ok(Self { inner: Arc::new(Inner { address, owned: Owned::Private(cluster) }) })
    }

    /// A URL that logs in as the superuser, for psql and tokio-postgres alike. Secret where the
    /// server asks for passwords.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.inner.address.superuser_url(database).into()
    }

    /// A URL that logs in as `role`, with [its password](Self::role_password) where one is needed.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        self.inner.address.url(role, database)
    }

    /// The password that a role has to be given for its URLs to work; the same in every process
    /// that uses this server, so that parallel test runs agree. `None` where the server trusts
    /// everybody who reaches its socket, which is closed to other users.
    #[must_use]
    pub fn role_password(&self, role: &str) -> Option<String> {
        self.inner.address.password(role)
    }

    /// The process of a server that crow started, if it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &self.inner.owned {
            Owned::No => None,
            Owned::Shared(cluster) | Owned::Private(cluster) => cluster.pid(),
        }
    }

    /// Stops a private server, breaking its connections.
    ///
    /// # Errors
    /// If it does not run, is not private, or does not stop.
    pub fn stop(&self) -> Result<(), Error> {
        self.control("stop")
    }

    /// Starts a private server that was stopped, at the same address with the same data.
    ///
    /// # Errors
    /// If it runs, is not private, or does not start.
    pub fn start(&self) -> Result<(), Error> {
        self.control("start")
    }

    /// Stops a private server if it runs, and starts it.
    ///
    /// # Errors
    /// If it is not private, or does not start.
    pub fn restart(&self) -> Result<(), Error> {
        self.control("restart")
    }

    /// Stops all processes of a private server where they are (SIGSTOP), and breaks nothing:
    /// whoever waits for an answer waits, and nobody can connect. This is a server that hangs, of which
    /// no timeout of its own tells.
    ///
    /// # Errors
    /// If it does not run, or is not private.
    pub async fn freeze(&self) -> Result<(), Error> {
        let cluster = self.private_cluster("freeze")?;
        let session = Session::open(self.address()).await?;
        // First of all the process that would start more of them.
        cluster.freeze(self.pid())?;
        let others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        let pids = session.run("name its processes", others).await?;
        cluster.freeze(pids.iter().flat_map(|pid| pid.parse()))
    }

    /// Lets a server that was [frozen](Self::freeze) go on.
    ///
    /// # Errors
    /// If it is not private.
    pub fn thaw(&self) -> Result<(), Error> {
        self.private_cluster("thaw").map(Cluster::thaw)
    }

    fn control(&self, order: &'static str) -> Result<(), Error> {
        self.private_cluster(order)?.control(order)
    }

    fn private_cluster(&self, action: &'static str) -> Result<&Cluster, Error> {
        match &self.inner.owned {
            Owned::Private(cluster) => Ok(cluster),
            Owned::No | Owned::Shared(_) => Err(Error::NotPrivate { action }),
        }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.inner.address
    }

    /// Keeps the server up for somebody who wants to look at it, and says how long.
    pub(crate) fn keep_up(&self) -> &'static str {
        match &self.inner.owned {
            Owned::No => "until somebody drops it",
            Owned::Shared(cluster) => cluster.keep_up(),
            Owned::Private(_) => "for as long as the test keeps its server",
        }
    }

    /// Whether what is left on the server goes away with it.
    pub(crate) fn is_throw_away(&self) -> bool {
        !matches!(self.inner.owned, Owned::No)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.inner.address)
    }
}
