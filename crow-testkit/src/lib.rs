//! A throw-away PostgreSQL for tests.
//!
//! ```no_run
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! use crow_testkit::Server;
//!
//! let server = Server::shared()?;
//! let template = server
//!     .template("vehicles 1", async |url| {
//!         // Connect to `url` and migrate.
//!         Ok::<_, std::io::Error>(())
//!     })
//!     .await?;
//! let database = template.database().await?; // this test's own, dropped at its end
//! let url = database.url("app");
//! # Ok(())
//! # }
//! ```
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
//! | `CROW_KEEP` | `1`: tests' databases are not dropped, and their URLs printed |
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
mod fill;
mod lease;
mod lock;
mod login;
mod name;
mod options;
mod place;
mod postmaster;
mod proxy;
mod server;
mod session;
mod soak;
mod template;
mod test_db;

pub use database::Database;
pub use error::Error;
pub use fill::{FilledRow, Filler, RowBuilder};
pub use options::ServerOptions;
pub use proxy::{Direction, Hold, Message, Proxy};
pub use server::Server;
pub use soak::{Soak, SoakReport};
pub use template::Template;
pub use test_db::TestDb;
