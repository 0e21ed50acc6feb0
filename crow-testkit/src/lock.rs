//! One process at a time starts something in a place.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{io, thread};

use nix::sys::stat::{Mode, mkdirat};

use crate::Error;
use crate::account::Account;
use crate::lease::Lease;
use crate::place::Place;
use crate::postmaster;

/// The last keeper may remove the place at any moment until something new is in it.
const ATTEMPTS: usize = 5;

impl Place {
    /// Does what no other process may do here at the same time, after the remains of crashes are gone.
    pub(crate) fn locked<T>(
        &self,
        account: &Account,
        mut work: impl FnMut(&Locked<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempts = ATTEMPTS;
        loop {
            let locked = self.lock(account)?;
            locked.reap();
            let outcome = work(&locked);
            attempts -= 1;
            if outcome.is_ok() || locked.is_valid() || attempts == 0 {
                return outcome;
            }
        }
    }

    fn lock<'a>(&'a self, account: &'a Account) -> Result<Locked<'a>, Error> {
        let action = || format!("lock {}", self.base().display());
        loop {
            self.prepare(account).map_err(|objection| Error::NoPlace {
                tried: format!("- {}: {objection}\n", self.base().display()),
            })?;
            let directory = match File::open(self.base()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                outcome => outcome.map_err(Error::system(action()))?,
            };
            directory.lock().map_err(Error::system(action()))?;
            let locked = Locked { place: self, account, directory };
            if locked.is_valid() {
                return Ok(locked);
            }
        }
    }
}

/// The right to start something in a place.
pub(crate) struct Locked<'a> {
    place: &'a Place,
    account: &'a Account,
    directory: File,
}

impl Locked<'_> {
    pub(crate) fn directories(&self, prefix: &str) -> Vec<PathBuf> {
        self.place.directories(prefix, self.account)
    }

    /// A lock on what has been removed locks nobody out.
    fn is_valid(&self) -> bool {
        let place = fs::symlink_metadata(self.place.base());
        let identity = |found: io::Result<fs::Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
        identity(self.directory.metadata()) == identity(place)
    }

    /// A fresh directory. Made relative to the locked one: when the last keeper has just removed
    /// the place this fails, rather than continue without the lock in a new one.
    pub(crate) fn create(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.place.base().join(name);
        mkdirat(&self.directory, name, Mode::S_IRWXU)
            .map_err(io::Error::from)
            .and_then(|()| self.account.take_over(&path))
            .map_err(Error::system(format!("make the directory {}", path.display())))?;
        Ok(path)
    }

    /// Removes what crashed keepers left behind, their servers included.
    fn reap(&self) {
        for directory in self.directories("") {
            if !Lease::is_kept(&directory) {
                postmaster::stop_orphan(&directory);
                remove(&directory);
            }
        }
    }
}

/// What a dying process still writes to the directory comes in between once; what cannot be removed
/// for another reason is tried again at the next start.
fn remove(directory: &Path) {
    for _ in 0..10 {
        if fs::remove_dir_all(directory).is_ok() || !directory.exists() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Works only where nothing was started, and then nothing may stay.
        let _ = fs::remove_dir(self.place.base());
    }
}
