//! Tests on a real PostgreSQL, each with a migrated database of its own, in milliseconds and with nothing to set up.
//!
//! ```no_run,test_harness
//! # use crow_core::{Error, TenantId, TenantModel, TenantPool};
//! # use diesel::prelude::*;
//! # use uuid::Uuid;
//! # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
//! # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
//! # #[diesel(table_name = vehicles, primary_key(id))]
//! # struct Vehicle { id: Uuid, make: String }
//! #[crow_testkit::test]
//! async fn a_shop_lists_its_own_vehicles(pool: TenantPool, [honda, toyota]: [TenantId; 2]) -> Result<(), Error> {
//!     for (shop, make) in [(honda, "Civic"), (toyota, "Corolla")] {
//!         pool.scope(shop, async |db| {
//!             db.insert_into::<Vehicle>().values(vehicles::make.eq(make)).execute(db).await
//!         })
//!         .await?;
//!     }
//!     let listed = pool.scope(honda, async |db| db.query::<Vehicle>().load(db).await).await?;
//!     assert_eq!(listed.iter().map(|vehicle| &*vehicle.make).collect::<Vec<_>>(), ["Civic"]);
//!     Ok(())
//! }
//! ```
//!
//! | to | take |
//! |---|---|
//! | write a test with a database | [`test`](macro@test), with arguments that are [`FromTestDb`] |
//! | make such a database elsewhere | [`TestDb`], from a [`Schema`] |
//! | have a server, or databases of another kind | [`Server`], [`Template`], [`Database`] |
//! | give tenants rows | [`TestDb::tenant`], [`Tenant::insert`], [`Filler`] |
//! | send a service what its users send | [`Issuer`] of tokens |
//! | prove that no tenant reaches another's rows | [`isolation!`], [`mutate!`], [`Isolation`] |
//! | see what happens when things break | [`Proxy`], [`cancel`], [`Soak`], [`Server::freeze`] |
//!
//! The [guide] says how tests are written with it, and its page on [isolation](guide::isolation) what is attacked, and how.
//!
//! # The server
//!
//! [`Server::shared`] starts PostgreSQL once for all test processes of an operating system's user and
//! joins it from then on. Its whole cluster lies in one directory that other users cannot enter, on
//! `/dev/shm` if that has 1 GB to spare, else in the system's temporary directory. It listens on a Unix
//! socket in this directory only, and trusts whoever reaches that. Some seconds after the last process that
//! uses it has ended, by whatever death, the server is stopped and the directory deleted: nothing is kept
//! between test runs. Root's tests run it as the user `postgres` or `nobody`.
//!
//! A server that `CROW_DATABASE_URL` names stays. There a killed run leaves its database; it is dropped by the next run that builds a
//! template a day later, as are templates of that age.
//!
//! # Where PostgreSQL comes from
//!
//! `CROW_DATABASE_URL` ends the search: that server is used, nothing is started. Otherwise the programs
//! `initdb`, `pg_ctl` and `postgres`, of release 14 or newer, are taken from the first of: `CROW_PG_BIN`,
//! `PATH`, what `pg_config --bindir` says, the usual directories of Linux distributions, Homebrew, MacPorts and
//! Postgres.app, an earlier download, and a download, if the feature `download` is on. If none has them that is an error
//! which names all of these; no test is ever skipped.
//!
//! The download is the newest release of zonky's `embedded-postgres-binaries`, which needs nothing else of the system than
//! glibc, from the public Maven repository or from the one whose root `CROW_PG_MIRROR` names. Its SHA-512 is checked; as that comes from
//! the same place it finds damage, not malice. It stays in `CROW_PG_CACHE`, if not set in `~/.cache/crow`, root's in `/var/cache/crow`.
//!
//! # Faults
//!
//! [`Proxy`] is a network that a test controls: it counts round trips, is slow, hangs, breaks in the middle of a
//! message, and holds single messages back. [`Server::freeze`], [`Server::stop`] and [`Server::restart`] do to a
//! private server what befalls servers. [`cancel`] drops a future at each of its awaits. [`Soak`] runs
//! random work on many tasks, of which a part is cancelled, while server processes are killed.
//!
//! # Environment variables
//!
//! | variable | meaning |
//! |---|---|
//! | `CROW_DATABASE_URL` | superuser's URL of a server to use instead of starting one; without TLS |
//! | `CROW_PG_BIN` | directory of PostgreSQL's programs; or `download`, to pass over what is installed |
//! | `CROW_PG_DIR` | directory to use instead of `/dev/shm` and the temporary directory; everybody may write to it, as to `/tmp` |
//! | `CROW_PG_LINGER` | seconds that an unused server stays up, 10 if not set |
//! | `CROW_KEEP` | `1`: the databases of failed tests are not dropped, and their URLs printed; `all`: those of all tests |
//! | `CROW_SEED` | number that all tests' random choices follow from; a failed test prints its own |
//! | `CROW_PG_CACHE` | directory for downloaded programs |
//! | `CROW_PG_MIRROR` | Maven repository to download from |
//!
//! # Platforms
//!
//! Linux, macOS and other Unix systems. On Windows this crate does not compile: there, run the tests in WSL.

#[cfg(not(unix))]
compile_error!("crow-testkit starts PostgreSQL by means of Unix; on Windows, run the tests in WSL");

mod account;
mod address;
mod binaries;
pub mod cancel;
mod cluster;
mod database;
#[cfg(feature = "download")]
mod download;
mod error;
mod executable;
mod fill;
mod from_test_db;
mod given;
mod isolation;
mod issuer;
mod keep;
mod lease;
mod leftovers;
mod lock;
mod login;
mod migrate;
mod name;
mod one_row;
mod options;
mod place;
mod postmaster;
mod proxy;
mod role;
mod run;
mod schema;
mod seed;
mod server;
mod session;
mod soak;
mod sql;
mod template;
mod tenant;
mod test_db;

#[doc = include_str!("../../docs/testing.md")]
pub mod guide {
    #[doc = include_str!("../../docs/isolation.md")]
    pub mod isolation {}
}

/// Makes an `async fn` a test with a migrated database of its own.
///
/// ```no_run,test_harness
/// # use crow_core::{Error, TenantId, TenantPool};
/// # use crow_testkit::TestDb;
/// #[crow_testkit::test]
/// async fn two_shops(db: &TestDb, pool: TenantPool, [honda, toyota]: [TenantId; 2]) -> Result<(), Error> {
///     // ..
/// #   Ok(())
/// }
///
/// #[crow_testkit::test(migrations = "../shop/migrations", timeout = "5s")]
/// #[should_panic(expected = "no such shop")]
/// async fn a_shop_that_is_not_there(pool: TenantPool) {
///     // ..
/// }
/// ```
///
/// An argument is anything that is [`FromTestDb`], or a reference to it. The test is an ordinary one, for cargo test and
/// cargo nextest, with `#[ignore]` and other attributes. It fails if it panics, returns an error or takes too long; then
/// its database [can be kept](Database). A `#[should_panic]` test that has no database fails, and so does one that
/// takes too long: neither is the panic that it is about.
///
/// | option | |
/// |---|---|
/// | `migrations = "../shop/migrations"` | directory of migrations, from that of `Cargo.toml`; `"migrations"` if not set |
/// | `migrations = shop::tables()` | any other [`Schema`], or what becomes one |
/// | `snapshot = two_shops` | an `async fn(TestDb)` whose work the test begins with, done once for all: see [`TestDb::snapshot`] |
/// | `timeout = "30s"` | how long the test may take, in `ms`, `s` or `m`; a minute if not set. It is noticed where the test awaits |
/// | `worker_threads = 8` | threads of the runtime; 2 if not set |
/// | `flavor = "current_thread"` | a runtime without threads of its own |
pub use crow_testkit_macros::test;

pub use database::Database;
pub use error::Error;
pub use fill::{FilledRow, Filler, RowBuilder};
pub use from_test_db::FromTestDb;
pub use isolation::{Attackable, Cell, Group, Isolation, Mutant, Mutants, Noticed, Report, Verdict};
pub use issuer::Issuer;
pub use options::ServerOptions;
pub use proxy::{Direction, Hold, Message, Proxy};
pub use schema::Schema;
pub use server::Server;
pub use soak::{Soak, SoakReport};
pub use template::Template;
pub use tenant::Tenant;
pub use test_db::TestDb;

/// What the attribute refers to.
#[doc(hidden)]
pub mod __test {
    pub use crate::run::{Outcome, Running, Settings, directory, run};
}

/// What the code of the macros refers to.
#[doc(hidden)]
pub mod __isolation {
    pub use crate::isolation::macros::run::{every_model, one};
    pub use crate::isolation::mutation::macros::mutant;
}
