//! A migrated database with crow's roles, for one test.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crow_core::{AdminPool, TenantId, TenantPool};
use fastrand::Rng;
use tokio::sync::OnceCell;
use uuid::Builder;

use crate::migrate::{self, Failure};
use crate::session::Session;
use crate::{Database, Error, Schema, Server, seed};

/// The roles that a test logs in as; the crow schema makes them.
const ROLES: [&str; 3] = ["crow_migrator", "crow_app", "crow_admin"];

/// A database of its own, with the crow schema and a project's migrations, for one test.
///
/// The first test that asks runs the migrations, into a template whose name follows their content;
/// all others copy it. Clones are handles of the same database, which is dropped with the last.
///
/// [`test`](crate::test) makes one for the tests that it marks. Everywhere else:
///
/// ```no_run
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use crow_testkit::TestDb;
///
/// let db = TestDb::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).await?;
/// let pool = db.tenant_pool().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct TestDb {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    // Before the database: their connections end first.
    tenant_pool: OnceCell<TenantPool>,
    admin_pool: OnceCell<AdminPool>,
    database: Database,
    chance: Mutex<Chance>,
}

/// What follows from the seed.
#[derive(Debug)]
struct Chance {
    seed: u64,
    rng: Rng,
}

impl TestDb {
    /// A database on the [shared server](Server::shared), with the tables of a [`Schema`]: the path of a directory of
    /// diesel migrations, for instance.
    ///
    /// # Errors
    ///
    /// [`Error::NoMigrations`] if there is no such directory, [`Error::Migration`] with file, line and the server's message if
    /// a migration fails; the errors of [`Server::shared`] and [`Server::template`].
    pub async fn new(schema: impl Into<Schema>) -> Result<Self, Error> {
        Self::on(&Server::shared()?, schema).await
    }

    /// As [`new`](Self::new), on a server of one's choice.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub async fn on(server: &Server, schema: impl Into<Schema>) -> Result<Self, Error> {
        let schema = schema.into();
        let key = schema.key()?;
        let seed = seed::choose()?;
        let passwords = ROLES.map(|role| (role, server.role_password(role)));
        let template = server
            .template(&key, async |url| {
                let building = tokio::task::spawn_blocking(move || migrate::build(&url, &schema, &passwords));
                building.await.map_err(Failure::from)?
            })
            .await
            .map_err(Error::of_the_build)?;
        let database = template.database().await?;
        harden(&database).await?;
        let inner = Inner {
            tenant_pool: OnceCell::new(),
            admin_pool: OnceCell::new(),
            database,
            chance: Mutex::new(Chance { seed, rng: Rng::with_seed(seed) }),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A pool of the application's role, opened by the first call; all calls give the same one.
    ///
    /// # Errors
    ///
    /// As for [`connect`](crow_core::PoolBuilder::connect): [`Unsafe`](crow_core::Error::Unsafe) if a table does not keep
    /// tenants apart.
    pub async fn tenant_pool(&self) -> Result<TenantPool, crow_core::Error> {
        let open = async || TenantPool::builder(self.tenant_url()).connect().await;
        self.inner.tenant_pool.get_or_try_init(open).await.cloned()
    }

    /// A pool of the admin role, opened by the first call; all calls give the same one.
    ///
    /// # Errors
    ///
    /// As for [`connect`](crow_core::PoolBuilder::connect).
    pub async fn admin_pool(&self) -> Result<AdminPool, crow_core::Error> {
        let open = async || AdminPool::builder(self.admin_url()).connect().await;
        self.inner.admin_pool.get_or_try_init(open).await.cloned()
    }

    /// A tenant without rows, another at each call; the same ones in the same order for a [`seed`](Self::seed).
    #[must_use]
    pub fn new_tenant(&self) -> TenantId {
        let mut bytes = [0; 16];
        self.chance().rng.fill(&mut bytes);
        let id = Builder::from_random_bytes(bytes).into_uuid();
        TenantId::try_from(id).expect("the version is not nil")
    }

    /// What this test's random choices follow from: for a generator of one's own, or a [`Soak`](crate::Soak).
    ///
    /// It is another one for each test and each run, and printed when a test of [`test`](crate::test) fails; with
    /// `CROW_SEED` in the environment it is that for all.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.chance().seed
    }

    /// Logs in as the migrator, who owns the tables and sees all tenants.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.database().url("crow_migrator")
    }

    /// Logs in as the application, for a `TenantPool`.
    #[must_use]
    pub fn tenant_url(&self) -> String {
        self.database().url("crow_app")
    }

    /// Logs in as the admin role, for an `AdminPool`.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.database().url("crow_admin")
    }

    /// The database itself.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    fn chance(&self) -> MutexGuard<'_, Chance> {
        self.inner.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Grants on a database are not copied with it: what the crow schema took from PUBLIC is taken again.
async fn harden(database: &Database) -> Result<(), Error> {
    let name = database.name();
    let session = Session::open(database.server().address()).await?;
    let statement = format!(
        "REVOKE CREATE, TEMPORARY ON DATABASE {name} FROM PUBLIC; \
         GRANT CREATE, TEMPORARY ON DATABASE {name} TO crow_owner"
    );
    session.run("set the grants on a database", &statement).await.map(drop)
}
