//! A server of crow's own: its directory, its settings, its end.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::account::Account;
use crate::lease::{self, Lease};
use crate::lock::Locked;
use crate::place::Place;
use crate::{Error, ServerOptions, binaries, name, postmaster};

/// The port that names the socket's file, where nothing listens on TCP.
const SOCKET_PORT: u16 = 5432;

/// A test's data is worth nothing once the test is over, and autovacuum would only disturb:
/// it connects to templates, which then cannot be cloned. Shared memory in files of the cluster
/// goes with them, also after a kill -9, and is not short where a container has a small /dev/shm.
const SETTINGS: &str = "\
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
max_connections = 1000
dynamic_shared_memory_type = mmap
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
";

#[derive(Debug)]
pub(crate) struct Cluster {
    /// `None` only while dropping.
    lease: Option<Lease>,
    /// The keeper, if it has to be waited for: that of a private server.
    keeper: Option<Child>,
    /// Keeps the next start cheap.
    _template: Option<Lease>,
    account: Account,
    binaries: PathBuf,
    directory: PathBuf,
    port: u16,
    /// Processes that stand still.
    frozen: Mutex<Vec<Pid>>,
}

impl Cluster {
    /// The server that all test processes of this user share.
    pub(crate) fn shared() -> Result<Self, Error> {
        let account = Account::current()?;
        let binaries = binaries::find()?;
        let linger = lease::linger()?;
        let prefix = format!("s-{}-", key(&binaries));
        let places = Place::all();

        // Joining needs no lock, so that a hundred test processes do not queue.
        for directory in places.iter().flat_map(|place| place.directories(&prefix, &account)) {
            if let Some(lease) = Lease::attach(&directory)
                && postmaster::is_ready(&directory)
            {
                return Ok(Self::attached(lease, &account, &binaries));
            }
        }

        let place = Place::choose(places, &account)?;
        place.locked(&account, |locked| {
            for directory in locked.directories(&prefix) {
                // One whose starter was killed may still be on its way, or have failed.
                if let Some(lease) = Lease::attach(&directory)
                    && lease.wait("postgres", postmaster::is_ready).is_ok()
                {
                    return Ok(Self::attached(lease, &account, &binaries));
                }
            }
            let options = ServerOptions::default();
            let mut cluster = Self::start(locked, &prefix, &account, &binaries, &linger, &options, None)?;
            cluster.keeper = None;
            cluster.wait()?;
            Ok(cluster)
        })
    }

    /// A server for one test. `password` is the superuser's, where the options ask for one.
    pub(crate) fn private(options: &ServerOptions, password: &str) -> Result<Self, Error> {
        let account = Account::current()?;
        let binaries = binaries::find()?;
        let place = Place::choose(Place::all(), &account)?;
        let mut attempts = 3;
        loop {
            let cluster = place.locked(&account, |locked| {
                Self::start(locked, "p-", &account, &binaries, "0", options, Some(password))
            })?;
            attempts -= 1;
            match cluster.wait() {
                // Between our look and the server's, another process can have taken the free port.
                Err(Error::Start { .. }) if options.loopback && attempts > 0 => {}
                outcome => return outcome.map(|()| cluster),
            }
        }
    }

    fn attached(lease: Lease, account: &Account, binaries: &Path) -> Self {
        let directory = lease.directory().to_owned();
        Self {
            lease: Some(lease),
            keeper: None,
            _template: None,
            account: account.clone(),
            binaries: binaries.to_owned(),
            directory,
            port: SOCKET_PORT,
            frozen: Mutex::default(),
        }
    }

    fn start(
        locked: &Locked<'_>,
        prefix: &str,
        account: &Account,
        binaries: &Path,
        linger: &str,
        options: &ServerOptions,
        password: Option<&str>,
    ) -> Result<Self, Error> {
        let own_settings = options.render()?;
        let hba = options.render_hba()?;
        let template = template(locked, account, binaries)?;
        let directory = locked.create(&name::fresh(prefix))?;
        let port = if options.loopback { free_port()? } else { SOCKET_PORT };
        let listen = if options.loopback { "127.0.0.1" } else { "" };
        // Debian's default socket directory is closed to other users. Double quotes, or a comma would begin another.
        let socket =
            directory.display().to_string().replace('\\', "\\\\").replace('\'', "''").replace('"', "\"\"");
        let settings = format!(
            "{SETTINGS}listen_addresses = '{listen}'\nport = {port}\nunix_socket_directories = '\"{socket}\"'\n{own_settings}"
        );
        let mut files = options.files.clone();
        files.extend([("settings", settings), ("hba", hba)]);
        if let (true, Some(password)) = (options.passwords, password) {
            files.push(("password.sql", format!("ALTER ROLE postgres PASSWORD '{password}'\n")));
        }
        for (file, text) in files {
            let path = directory.join(file);
            // PostgreSQL refuses a private key that others may read.
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .and_then(|()| account.take_over(&path))
                .map_err(Error::system(format!("write {}", path.display())))?;
        }
        let (lease, keeper) =
            Lease::found(directory.clone(), account, binaries, linger, Some(template.directory()))?;
        Ok(Self {
            lease: Some(lease),
            keeper: Some(keeper),
            _template: Some(template),
            account: account.clone(),
            binaries: binaries.to_owned(),
            directory,
            port,
            frozen: Mutex::default(),
        })
    }

    fn wait(&self) -> Result<(), Error> {
        self.lease.iter().try_for_each(|lease| lease.wait("postgres", postmaster::is_ready))
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        postmaster::pid(&self.directory)
    }

    /// See [`Lease::extend`].
    pub(crate) fn keep_up(&self) -> &'static str {
        self.lease.as_ref().map_or("for some seconds", Lease::extend)
    }

    /// Stops processes of the server until it is thawed.
    pub(crate) fn freeze(&self, pids: impl IntoIterator<Item = u32>) -> Result<(), Error> {
        let mut frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        for pid in pids.into_iter().map(|pid| Pid::from_raw(pid.cast_signed())) {
            match kill(pid, Signal::SIGSTOP) {
                Ok(()) => frozen.push(pid),
                // It has ended meanwhile.
                Err(Errno::ESRCH) => {}
                Err(errno) => return Err(Error::system("freeze the server")(errno.into())),
            }
        }
        Ok(())
    }

    pub(crate) fn thaw(&self) {
        for pid in self.frozen.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // One that was killed meanwhile needs nothing.
            let _ = kill(pid, Signal::SIGCONT);
        }
    }

    pub(crate) fn control(&self, order: &'static str) -> Result<(), Error> {
        self.thaw();
        let action = || format!("{order} the server in {}", self.directory.display());
        let log = self.directory.join("log");
        let output = self
            .account
            .command(self.binaries.join("pg_ctl"))
            .args([order, "--wait", "--silent", "--pgdata"])
            .arg(self.directory.join("data"))
            .args((order != "stop").then_some("--log"))
            .args((order != "stop").then_some(log))
            .args((order != "start").then_some("--mode=fast"))
            .current_dir(&self.directory)
            .output()
            .map_err(Error::system(action()))?;
        if output.status.success() {
            return Ok(());
        }
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::system(action())(io::Error::other(complaint)))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.thaw();
        self.lease = None;
        if let Some(keeper) = &mut self.keeper {
            // The keeper's exit code says nothing that could be acted on.
            let _ = keeper.wait();
        }
    }
}

/// The result of initdb, made where there is none.
fn template(locked: &Locked<'_>, account: &Account, binaries: &Path) -> Result<Lease, Error> {
    let prefix = format!("t-{}-", key(binaries));
    let is_ready = |directory: &Path| directory.join("ready").exists();
    for directory in locked.directories(&prefix) {
        if let Some(lease) = Lease::attach(&directory)
            && lease.wait("initdb", is_ready).is_ok()
        {
            return Ok(lease);
        }
    }
    binaries::check(binaries, account)?;
    let directory = locked.create(&name::fresh(&prefix))?;
    let (lease, _keeper) = Lease::found(directory, account, binaries, &lease::linger()?, None)?;
    lease.wait("initdb", is_ready)?;
    Ok(lease)
}

/// Tells servers of other binaries, and of another crow-testkit's making, apart.
fn key(binaries: &Path) -> String {
    name::digest(&[binaries.as_os_str().as_encoded_bytes(), env!("CARGO_PKG_VERSION").as_bytes()])
}

fn free_port() -> Result<u16, Error> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::system("find a free port on 127.0.0.1"))
}
