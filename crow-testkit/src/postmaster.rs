//! What a server's directory tells of the process that runs in it.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// An orphan that does not hear the first signal within this time is killed.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Whether the server in the directory accepts connections: the eighth line of its lock file says
/// so, and the file is not one that a crash left behind.
pub(crate) fn is_ready(directory: &Path) -> bool {
    let ready = lock_file(directory).lines().nth(7).is_some_and(|status| status.trim_end() == "ready");
    ready && listens(directory)
}

/// The process, if one runs.
pub(crate) fn pid(directory: &Path) -> Option<u32> {
    let pid = lock_file(directory).lines().next()?.parse().ok()?;
    kill(Pid::from_raw(pid), None).is_ok().then(|| pid.unsigned_abs())
}

/// Ends the server of a directory whose keeper crashed.
///
/// Only a socket that somebody listens on proves that the number in the lock file is not yet
/// another process's.
pub(crate) fn stop_orphan(directory: &Path) {
    let deadline = Instant::now() + LAST_WORDS;
    while listens(directory)
        && let Some(pid) = pid(directory)
    {
        let pid = Pid::from_raw(pid.cast_signed());
        let late = Instant::now() > deadline;
        for signal in if late { [Signal::SIGKILL; 2] } else { [Signal::SIGQUIT, Signal::SIGCONT] } {
            let _ = kill(pid, signal);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn listens(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".s.PGSQL."))
        .any(|entry| UnixStream::connect(entry.path()).is_ok())
}

fn lock_file(directory: &Path) -> String {
    fs::read_to_string(directory.join("data/postmaster.pid")).unwrap_or_default()
}
