//! The one directory of an operating system's user under which servers live.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::{env, io, path};

use nix::sys::statvfs::statvfs;
use nix::unistd::Uid;

use crate::Error;
use crate::account::Account;

/// A cluster takes 40 MB and each database 8; below this a test run could fill the file system.
const ROOM_ON_TMPFS: u64 = 1 << 30;

/// Less than two segments of a log take.
const FULL: u64 = 32 << 20;

/// `sun_path` holds 108 bytes with the final NUL on Linux, 104 elsewhere.
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The longest path below the place: the socket in the directory of a server.
const SOCKET_IN_PLACE: &str = "/s-0123456789abcdef-01234567/.s.PGSQL.65535";

#[derive(Debug)]
pub(crate) struct Place {
    base: PathBuf,
    room: u64,
}

/// How many bytes are free where a directory is.
pub(crate) fn room(directory: &Path) -> nix::Result<u64> {
    let found = statvfs(directory)?;
    #[allow(clippy::unnecessary_cast, reason = "the width of these depends on the platform")]
    Ok(found.blocks_available() as u64 * found.fragment_size() as u64)
}

/// Whether a server there is likely to fail for want of space, of which it does not always say so: it may have no
/// room for its log either.
pub(crate) fn is_full(directory: &Path) -> bool {
    room(directory).is_ok_and(|bytes| bytes < FULL)
}

impl Place {
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// All places in the order of preference. The one that `CROW_PG_DIR` names has no alternative.
    pub(crate) fn all() -> Vec<Self> {
        let name = format!("crow-{}", Uid::effective());
        let place = |parent: PathBuf, room| {
            // The keeper and the server run in other directories than this process.
            let parent = path::absolute(&parent).unwrap_or(parent);
            Self { base: parent.join(&name), room }
        };
        if let Some(parent) = env::var_os("CROW_PG_DIR") {
            return vec![place(parent.into(), 0)];
        }
        let mut places = vec![place("/dev/shm".into(), ROOM_ON_TMPFS), place(env::temp_dir(), 0)];
        // A TMPDIR may be too long for a socket, or closed to root's stand-in.
        if env::temp_dir() != Path::new("/tmp") {
            places.push(place("/tmp".into(), 0));
        }
        places
    }

    /// The first of the places that can hold a server.
    pub(crate) fn choose(places: Vec<Self>, account: &Account) -> Result<Self, Error> {
        let mut tried = String::new();
        for place in places {
            match place.objection(account) {
                None => return Ok(place),
                Some(objection) => tried += &format!("- {}: {objection}\n", place.base.display()),
            }
        }
        Err(Error::NoPlace { tried })
    }

    fn objection(&self, account: &Account) -> Option<String> {
        let parent = self.base.parent().unwrap_or(Path::new("/"));
        if !parent.is_dir() {
            return Some(format!("there is no directory {}", parent.display()));
        }
        let length = self.base.as_os_str().len() + SOCKET_IN_PLACE.len();
        if length > SOCKET_PATH_LIMIT {
            return Some(format!(
                "a socket's path would have {length} bytes, {SOCKET_PATH_LIMIT} are possible"
            ));
        }
        if let Some(barrier) = account.barrier(parent) {
            return Some(format!("{} is closed to the user that runs the server", barrier.display()));
        }
        // Where crow already is, it stays, or a second process would choose differently while the first fills the disk.
        if fs::symlink_metadata(&self.base).is_err() {
            match room(parent) {
                Ok(bytes) if bytes < self.room => {
                    return Some(format!("less than {} MB are free", self.room >> 20));
                }
                Err(error) => return Some(error.to_string()),
                Ok(_) => {}
            }
        }
        self.prepare(account).err()
    }

    /// Makes the directory, or makes sure that nobody else made it or can look into it.
    pub(crate) fn prepare(&self, account: &Account) -> Result<(), String> {
        match DirBuilder::new().mode(0o700).create(&self.base) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.to_string()),
            _ => {}
        }
        if !self.is_ours(account) {
            return Err("it exists, but is not a directory of this user that is closed to all others".into());
        }
        account.take_over(&self.base).map_err(|error| error.to_string())
    }

    fn is_ours(&self, account: &Account) -> bool {
        fs::symlink_metadata(&self.base).is_ok_and(|found| {
            let ours = found.uid() == account.uid() || found.uid() == Uid::effective().as_raw();
            found.is_dir() && ours && found.mode() & 0o077 == 0
        })
    }

    /// The directories whose names begin with `prefix`; none where another user could have laid a trap.
    pub(crate) fn directories(&self, prefix: &str, account: &Account) -> Vec<PathBuf> {
        if !self.is_ours(account) {
            return Vec::new();
        }
        let entries = fs::read_dir(&self.base).into_iter().flatten().flatten();
        entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A directory like /tmp, and a place in it that wants `room`.
    struct Parent(PathBuf);

    impl Parent {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("crowtest-place-{}-{name}", std::process::id()));
            fs::create_dir(&path).expect("a fresh directory");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o1777)).expect("its mode");
            Self(path)
        }

        fn place(&self, room: u64) -> Place {
            Place { base: self.0.join("crow"), room }
        }
    }

    impl Drop for Parent {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn account() -> Account {
        Account::current().expect("an account")
    }

    #[test]
    fn a_file_system_without_room_falls_back_to_the_next() {
        let (small, large) = (Parent::new("small"), Parent::new("large"));
        let chosen = Place::choose(vec![small.place(u64::MAX), large.place(0)], &account()).expect("a place");
        assert_eq!(chosen.base, large.0.join("crow"));
        assert!(!small.0.join("crow").exists(), "nothing is left where it does not fit");
    }

    #[test]
    fn a_file_system_that_crow_has_filled_is_still_where_crow_is() {
        let (here, there) = (Parent::new("here"), Parent::new("there"));
        here.place(0).prepare(&account()).expect("crow is there");
        let chosen = Place::choose(vec![here.place(u64::MAX), there.place(0)], &account()).expect("a place");
        assert_eq!(chosen.base, here.0.join("crow"));
    }

    #[test]
    fn a_path_too_long_for_a_socket_falls_back_to_the_next() {
        let (long, short) = (Parent::new(&"n".repeat(80)), Parent::new("short"));
        let chosen = Place::choose(vec![long.place(0), short.place(0)], &account()).expect("a place");
        assert_eq!(chosen.base, short.0.join("crow"));
    }

    #[test]
    fn without_any_room_every_attempt_is_told() {
        let parent = Parent::new("full");
        let missing = Place { base: parent.0.join("missing/crow"), room: 0 };
        let error = Place::choose(vec![parent.place(u64::MAX), missing], &account()).unwrap_err().to_string();
        assert!(error.contains("MB are free") && error.contains("there is no directory"), "{error}");
    }

    #[test]
    fn of_two_processes_the_second_waits_for_the_lock() {
        let parent = Parent::new("lock");
        let place = parent.place(0);
        let busy =
            place.locked(&account(), |_| Ok(File::open(&place.base).expect("the place").try_lock().is_err()));
        assert!(busy.expect("the lock"));
        assert!(!place.base.exists(), "an unused place does not stay");
    }

    #[test]
    fn a_place_that_is_removed_under_the_lock_is_made_again() {
        let parent = Parent::new("removed");
        let place = parent.place(0);
        let mut attempts = 0;
        let made = place.locked(&account(), |locked| {
            attempts += 1;
            if attempts == 1 {
                // What the last keeper does at its end.
                fs::remove_dir(&place.base).expect("an empty place");
            }
            locked.create("s-1")
        });
        assert!(made.expect("the second attempt").is_dir());
        assert_eq!(attempts, 2);
    }
}
