//! A migrated database with crow's roles, for one test.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::DerefMut;
use std::sync::{Arc, Mutex, PoisonError};

use crow_core::audit::{Audit, Report};
use crow_core::bounds::Rows;
use crow_core::{AdminPool, TenantId, TenantPool};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use fastrand::Rng;
use tokio::sync::{MappedMutexGuard, MutexGuard, OnceCell};
use uuid::Builder;

use crate::given::{self, Columns};
use crate::migrate::{self, Failure};
use crate::session::Session;
use crate::template::EMPTY;
use crate::{Database, Error, Filler, Schema, Server, Template, Tenant, executable, name, seed};

/// The roles that a test logs in as; the crow schema makes them.
const ROLES: [&str; 4] = ["crow_migrator", "crow_app", "crow_admin", "crow_open"];

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
    fixtures: tokio::sync::Mutex<Option<Fixtures>>,
    tenants: Mutex<BTreeMap<String, TenantId>>,
    database: Database,
    chance: Mutex<Chance>,
}

/// What makes rows, as the owner of the tables.
struct Fixtures {
    filler: Filler,
    conn: AsyncPgConnection,
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
        let session = Session::open(server.address()).await?;
        let template = migrated(server, &session, schema.into()).await?;
        Self::copied(&template, &session).await
    }

    /// A database that begins with what `fill` does. The first test that asks lets it work on a database with the schema; this
    /// one and all others get copies of that.
    ///
    /// ```no_run
    /// # use crow_core::TenantModel;
    /// # use diesel::prelude::*;
    /// # use uuid::Uuid;
    /// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
    /// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
    /// # #[diesel(table_name = vehicles, primary_key(id))]
    /// # struct Vehicle { id: Uuid, make: String }
    /// use crow_testkit::{Error, TestDb};
    ///
    /// async fn large_shop(db: TestDb) -> Result<(), Error> {
    ///     let hondas = vec![vehicles::make.eq("Honda"); 500];
    ///     db.tenant("honda-shop").insert_all::<Vehicle>(hondas).await.map(drop)
    /// }
    ///
    /// # async fn test() -> Result<(), Error> {
    /// let db = TestDb::snapshot("migrations", large_shop).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// A copy is made of the content of the schema, the executable and `fill`, so it is never older than its code. What code
    /// cannot tell has to stay out of it: what `fill` reads from files or the environment, and the time. It must not capture
    /// anything, which does not compile, and its [`seed`](Self::seed) is always 0.
    ///
    /// ```compile_fail
    /// # async fn test(make: String) -> Result<(), crow_testkit::Error> {
    /// crow_testkit::TestDb::snapshot("migrations", async |db| {
    ///     println!("{make}"); // another make would be another snapshot
    ///     Ok::<_, crow_testkit::Error>(())
    /// }).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); [`Error::Build`] with the error of `fill`, if that is none of this crate's.
    pub async fn snapshot<F, E>(schema: impl Into<Schema>, fill: F) -> Result<Self, Error>
    where
        F: AsyncFnOnce(TestDb) -> Result<(), E> + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        const { assert!(size_of::<F>() == 0, "a snapshot is found by its code: it must not capture anything") };
        let (server, schema) = (Server::shared()?, schema.into());
        let key = format!("{} {} {:?}", schema.key()?, executable::identity()?, TypeId::of::<F>());
        let session = Session::open(server.address()).await?;
        let beginning = migrated(&server, &session, schema).await?;
        let snapshot = server
            .template_of(&session, &beginning.source(), &key, async |draft| {
                harden(draft, &session).await.map_err(Failure::from)?;
                fill(Self::of(draft.borrowed(), 0)).await.map_err(Into::into)
            })
            .await
            .map_err(Error::of_the_build)?;
        Self::copied(&snapshot, &session).await
    }

    async fn copied(template: &Template, session: &Session<'_>) -> Result<Self, Error> {
        let database = template.database_by(session).await?;
        harden(&database, session).await?;
        Ok(Self::of(database, seed::choose()?))
    }

    fn of(database: Database, seed: u64) -> Self {
        let inner = Inner {
            tenant_pool: OnceCell::new(),
            admin_pool: OnceCell::new(),
            fixtures: Default::default(),
            tenants: Default::default(),
            database,
            chance: Mutex::new(Chance { seed, rng: Rng::with_seed(seed) }),
        };
        Self { inner: Arc::new(inner) }
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

    /// What the [audit](crow_core::audit) finds in this database, where it is to have the tables of all the program's models.
    ///
    /// ```no_run,test_harness
    /// use crow_core::audit::Severity;
    /// use crow_testkit::TestDb;
    ///
    /// #[crow_testkit::test]
    /// async fn the_schema_keeps_tenants_apart(db: TestDb) -> Result<(), crow_core::Error> {
    ///     let report = db.audit().await?;
    ///     assert!(report.worst() < Some(Severity::Medium), "{report}");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// The server may be of any minor release: it is not the one that counts.
    ///
    /// # Errors
    ///
    /// As for [`Audit::run`]. What is wrong with the database is no error.
    pub async fn audit(&self) -> Result<Report, crow_core::Error> {
        let mut owner = crow_core::connect(&self.owner_url()).await?;
        Audit::new().any_minor_release().run(&mut owner).await
    }

    /// The tenant of this name, with the same id in every test and every run.
    ///
    /// Its name stands beside its id where a failed test of [`test`](crate::test) says what it had.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Tenant {
        let id = tenant_id(name::bytes(&[b"tenant", name.as_bytes()]));
        self.known().insert(name.to_owned(), id);
        Tenant::new(self.clone(), id, name.to_owned())
    }

    /// The first tenant of a test that names none is `tenant 1`.
    pub(crate) fn next_tenant(&self) -> Tenant {
        let number = self.known().len() + 1;
        self.tenant(&format!("tenant {number}"))
    }

    /// Fills rows of any table, by its name: for tables without a tenant model, and to say what
    /// [`always`](Filler::always) is to stand in a column. It is the one that [`Tenant::insert`] works with, which waits
    /// for as long as this is held.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if the owner of the tables cannot log in.
    pub async fn filler(&self) -> Result<impl DerefMut<Target = Filler> + use<'_>, Error> {
        let fixtures = self.fixtures().await?;
        Ok(MappedMutexGuard::map(fixtures, |fixtures| &mut fixtures.filler))
    }

    /// The values of rows that a test gives, as the server prints them.
    pub(crate) async fn evaluate<T>(&self, table: &str, rows: &impl Rows<T>) -> Result<Vec<Columns>, Error> {
        let mut fixtures = self.fixtures().await?;
        given::evaluate(table, rows, &mut fixtures.conn).await.map_err(|error| Error::Fill {
            table: table.to_owned(),
            reason: format!("the values that were given cannot be used: {error}"),
            cure: "Look whether `table!` says what is in the database".into(),
        })
    }

    async fn fixtures(&self) -> Result<MappedMutexGuard<'_, Fixtures>, Error> {
        let mut fixtures = self.inner.fixtures.lock().await;
        if fixtures.is_none() {
            let url = self.owner_url();
            let filler = Filler::connect(&url, self.seed()).await?;
            let conn = AsyncPgConnection::establish(&url).await.map_err(|error| Error::Fill {
                table: "any table".into(),
                reason: format!("no connection as the owner: {error}"),
                cure: "Look whether the server runs".into(),
            })?;
            *fixtures = Some(Fixtures { filler, conn });
        }
        Ok(MutexGuard::map(fixtures, |fixtures| fixtures.as_mut().expect("just made")))
    }

    /// The tenants that have names.
    pub(crate) fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, TenantId>> {
        self.inner.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tenant without rows, another at each call; the same ones in the same order for a [`seed`](Self::seed).
    #[must_use]
    pub fn new_tenant(&self) -> TenantId {
        let mut bytes = [0; 16];
        self.chance().rng.fill(&mut bytes);
        tenant_id(bytes)
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

    /// Logs in as the role for work without a tenant, such as a login, for a pool of diesel-async's; see the guide's page on
    /// [the tenants themselves](crow_core::guide::tenants).
    #[must_use]
    pub fn open_url(&self) -> String {
        self.database().url("crow_open")
    }

    /// The database itself.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    fn chance(&self) -> std::sync::MutexGuard<'_, Chance> {
        self.inner.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tenant_id(bytes: [u8; 16]) -> TenantId {
    TenantId::try_from(Builder::from_random_bytes(bytes).into_uuid()).expect("the version is not nil")
}

impl fmt::Debug for Fixtures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fixtures")
    }
}

/// The template with the tables of a schema.
async fn migrated(server: &Server, session: &Session<'_>, schema: Schema) -> Result<Template, Error> {
    let key = schema.key()?;
    let passwords = ROLES.map(|role| (role, server.role_password(role)));
    let build = async |draft: &Database| {
        let url = draft.superuser_url();
        let building = tokio::task::spawn_blocking(move || migrate::build(&url, &schema, &passwords));
        building.await.map_err(Failure::from)?
    };
    server.template_of(session, EMPTY, &key, build).await.map_err(Error::of_the_build)
}

/// Grants on a database are not copied with it: what the crow schema took from PUBLIC is taken again.
pub(crate) async fn harden(database: &Database, session: &Session<'_>) -> Result<(), Error> {
    let name = database.name();
    let statement = format!(
        "REVOKE CREATE, TEMPORARY ON DATABASE {name} FROM PUBLIC; \
         GRANT CREATE, TEMPORARY ON DATABASE {name} TO crow_owner"
    );
    session.run("set the grants on a database", &statement).await.map(drop)
}
