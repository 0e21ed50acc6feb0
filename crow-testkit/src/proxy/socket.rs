//! Where a proxy listens.

use std::fs::{self, File};
use std::io;
use std::os::unix::net;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::account::Account;
use crate::lease;
use crate::place::Place;
use crate::{Error, name};

/// Names the socket's file, as PostgreSQL's clients expect it.
pub(super) const PORT: u16 = 5432;

/// A socket in a directory of its own beside those of the servers, which other users cannot enter.
/// If the process is killed, the next start of a server removes the directory.
pub(super) struct Socket {
    directory: PathBuf,
    _alive: File,
}

impl Socket {
    pub(super) fn new() -> Result<Self, Error> {
        let account = Account::current()?;
        let place = Place::choose(Place::all(), &account)?;
        place.locked(&account, |locked| {
            let directory = locked.create(&name::fresh("x-"))?;
            let alive = lease::mark(&directory, &account)?;
            Ok(Self { directory, _alive: alive })
        })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Begins to listen; in a runtime.
    pub(super) fn listener(&self) -> io::Result<UnixListener> {
        UnixListener::bind(self.file())
    }

    /// Connecting is refused from now on.
    pub(super) fn close(&self) -> Result<(), Error> {
        if self.aside().exists() {
            return Ok(());
        }
        fs::rename(self.file(), self.aside())
            // What is left of a listener that is gone refuses, where a missing file would not be found.
            .and_then(|()| net::UnixListener::bind(self.file()).map(drop))
            .map_err(Error::system("close the socket of a proxy"))
    }

    /// Connecting succeeds again.
    pub(super) fn open(&self) -> Result<(), Error> {
        if !self.aside().exists() {
            return Ok(());
        }
        fs::rename(self.aside(), self.file()).map_err(Error::system("open the socket of a proxy"))
    }

    fn file(&self) -> PathBuf {
        self.directory.join(format!(".s.PGSQL.{PORT}"))
    }

    fn aside(&self) -> PathBuf {
        self.directory.join("aside")
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start of a server.
        let _ = fs::remove_dir_all(&self.directory);
        let _ = self.directory.parent().map(fs::remove_dir);
    }
}
