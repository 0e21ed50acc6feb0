//! A directory that exists as long as somebody needs it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::account::Account;
use crate::{Error, place};

const KEEPER: &str = include_str!("keeper.sh");

/// Long enough for initdb on a busy disk; a failure is noticed at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds the FIFO of a directory's keeper open; see keeper.sh for the other side.
#[derive(Debug)]
pub(crate) struct Lease {
    directory: PathBuf,
    _hold: File,
}

const NO_SPACE: &str = "\nThere is no space left: free some, or set CROW_PG_DIR to a directory with more";

/// In seconds, as the keeper reads it.
const HOUR: &str = "3600";

impl Lease {
    /// Joins the holders of a directory, unless its keeper is gone or about to be.
    pub(crate) fn attach(directory: &Path) -> Option<Self> {
        let fifo = directory.join("alive");
        let mut hold = open(&fifo)?;
        // A full FIFO holds greetings enough.
        let _ = hold.write(b"\n");
        // Still there after the opening: then the keeper's last look is yet to come, and finds us.
        fs::symlink_metadata(&fifo).ok()?;
        Some(Self { directory: directory.to_owned(), _hold: hold })
    }

    /// Whether a keeper cares for the directory, be it only to delete it.
    pub(crate) fn is_kept(directory: &Path) -> bool {
        ["alive", "closed"].iter().any(|fifo| open(&directory.join(fifo)).is_some())
    }

    /// Starts the keeper of a fresh directory.
    pub(crate) fn found(
        directory: PathBuf,
        account: &Account,
        binaries: &Path,
        linger: &str,
        template: Option<&Path>,
    ) -> Result<(Self, Child), Error> {
        let failed = || format!("start a server in {}", directory.display());
        // Until the keeper has opened its end.
        let mut starter = mark(&directory, account)?;
        starter.write_all(b"\n").map_err(Error::system(failed()))?;
        let mut keeper = account
            .command("/bin/sh")
            .args(["-c", KEEPER, "crow-keeper"])
            .arg(binaries)
            .arg(linger)
            .args(template)
            .current_dir(&directory)
            // A Ctrl-C at the terminal ends the tests; the keeper has to outlive them.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::system(failed()))?;
        // A second opening, for writing only: our own reading end would hide the keeper's end from others.
        let hold =
            OpenOptions::new().write(true).open(directory.join("alive")).map_err(Error::system(failed()))?;
        while !directory.join("log").exists() && keeper.try_wait().is_ok_and(|exit| exit.is_none()) {
            thread::sleep(Duration::from_millis(1));
        }
        drop(starter);
        Ok((Self { directory, _hold: hold }, keeper))
    }

    /// Has the keeper wait for an hour after the last test process, unless the user has said how long; says which.
    pub(crate) fn extend(&self) -> &'static str {
        if env::var_os("CROW_PG_LINGER").is_some() {
            return "for CROW_PG_LINGER seconds after the last test";
        }
        match fs::write(self.directory.join("linger"), HOUR) {
            Ok(()) => "for an hour after the last test",
            Err(_) => "for some seconds after the last test",
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Waits until `ready` says so; the keeper's mark of failure ends the wait.
    pub(crate) fn wait(&self, program: &'static str, ready: impl Fn(&Path) -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while !ready(&self.directory) {
            let ended = self.directory.join("ended").exists() || !Self::is_kept(&self.directory);
            if ended || Instant::now() > deadline {
                return Err(Error::Start {
                    program,
                    directory: self.directory.clone(),
                    log: last_lines(&self.directory.join("log")),
                    cure: if place::is_full(&self.directory) { NO_SPACE } else { "" },
                });
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

/// Marks a directory as kept for as long as the result is open.
pub(crate) fn mark(directory: &Path, account: &Account) -> Result<File, Error> {
    let failed = || Error::system(format!("mark the directory {} as used", directory.display()));
    let fifo = directory.join("alive");
    mkfifo(&fifo, Mode::S_IRUSR | Mode::S_IWUSR).map_err(|errno| failed()(errno.into()))?;
    account.take_over(&fifo).map_err(failed())?;
    // While nobody reads, only a reader and writer in one can open a FIFO.
    OpenOptions::new().read(true).write(true).open(&fifo).map_err(failed())
}

/// How long a keeper waits for the next test process, in seconds.
pub(crate) fn linger() -> Result<String, Error> {
    let value = env::var("CROW_PG_LINGER").unwrap_or_else(|_| "10".into());
    match value.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(value),
        _ => Err(Error::Setting {
            name: "CROW_PG_LINGER".into(),
            reason: format!("{value:?} is no number of seconds"),
        }),
    }
}

/// Opens a FIFO for writing if somebody reads it.
fn open(fifo: &Path) -> Option<File> {
    OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(fifo).ok()
}

fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
