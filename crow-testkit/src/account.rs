//! The operating system's user that runs the server.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use nix::unistd::{Gid, Uid, User};

use crate::Error;

/// Who takes the server's part when root runs the tests: PostgreSQL refuses root.
const STAND_INS: [&str; 3] = ["postgres", "_postgres", "nobody"];

#[derive(Clone, Debug)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
    stand_in: bool,
}

impl Account {
    pub(crate) fn current() -> Result<Self, Error> {
        let me = Uid::effective();
        if !me.is_root() {
            return Ok(Self { uid: me.as_raw(), gid: Gid::effective().as_raw(), stand_in: false });
        }
        STAND_INS
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), stand_in: true })
            .ok_or(Error::NoAccount)
    }

    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// A command of this account, in an environment where neither the locale nor a `PG…` variable
    /// of the developer can change what the server does.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut path = env::var_os("PATH").unwrap_or_default();
        path.push(":/usr/bin:/bin");
        let mut command = Command::new(program);
        command.env_clear().env("PATH", path).env("LC_ALL", "C");
        for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        if self.stand_in {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Hands a directory that root made to the account.
    pub(crate) fn take_over(&self, path: &Path) -> io::Result<()> {
        if self.stand_in { chown(path, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    /// The first directory on the way to `path` that the account may not pass.
    ///
    /// Only a stand-in is asked: for the user at hand the system's own answer is exact.
    pub(crate) fn barrier(&self, path: &Path) -> Option<PathBuf> {
        if !self.stand_in {
            return None;
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        path.ancestors()
            .filter(|step| fs::metadata(step).is_ok_and(|found| found.is_dir() && !self.may_pass(&found)))
            .map(Path::to_owned)
            .last()
    }

    fn may_pass(&self, directory: &fs::Metadata) -> bool {
        let needed = match directory {
            d if d.uid() == self.uid => 0o100,
            d if d.gid() == self.gid => 0o010,
            _ => 0o001,
        };
        directory.mode() & needed != 0
    }
}
