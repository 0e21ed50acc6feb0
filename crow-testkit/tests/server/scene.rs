//! A directory and an environment in which the servers of one test live.

use std::env;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::sys::statvfs::statvfs;
use nix::unistd::{Pid, Uid, User};

use crate::actor::Actor;

/// What the issue allows a killed test run; the linger of a scene is shorter.
const CLEAN_AFTER: Duration = Duration::from_secs(30);

/// Removes a scene's directory when its stdin ends, which it also does if the test is killed.
const JANITOR: &str = r#"
cat >/dev/null
for _ in $(seq 300); do
    [ -n "$(find "$1" -name keeper 2>/dev/null)" ] || break
    sleep 0.1
done
rm -rf "$1"
"#;

pub(crate) struct Scene {
    directory: PathBuf,
    /// Where the servers go; the directory itself, unless a test says otherwise.
    place: PathBuf,
    variables: Vec<(&'static str, Option<OsString>)>,
    user: Option<(u32, u32)>,
    janitor: Child,
}

impl Scene {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = roomy().join(format!("crowtest-{}-{number}", std::process::id()));
        fs::create_dir(&directory).expect("a directory for the scene");
        // As /tmp: the servers' own directories are closed.
        fs::set_permissions(&directory, Permissions::from_mode(0o1777)).expect("its mode");
        let variables =
            vec![("CROW_DATABASE_URL", None), ("CROW_KEEP", None), ("CROW_PG_LINGER", Some("0.3".into()))];
        let janitor = Command::new("sh")
            .args(["-c", JANITOR, "janitor"])
            .arg(&directory)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a janitor");
        Self { place: directory.clone(), directory, variables, user: None, janitor }
    }

    pub(crate) fn at(mut self, place: impl Into<PathBuf>) -> Self {
        self.place = place.into();
        self
    }

    pub(crate) fn with(mut self, variable: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((variable, Some(value.into())));
        self
    }

    pub(crate) fn without(mut self, variable: &'static str) -> Self {
        self.variables.push((variable, None));
        self
    }

    /// Lets the actors be somebody else. Only root can do that.
    pub(crate) fn played_by(mut self, uid: u32) -> Self {
        self.user = Some((uid, uid));
        self
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn command(&self) -> Command {
        let mut program = env::current_exe().expect("the path of the test binary");
        if self.user.is_some() {
            // The target directory may be one that only its owner can enter.
            let copy = self.directory.join("actor");
            if !copy.exists() {
                fs::copy(&program, &copy).expect("a copy of the test binary");
            }
            program = copy;
        }
        let mut command = Command::new(program);
        command.current_dir(&self.directory).env("CROW_PG_DIR", &self.place);
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::start(self.command())
    }

    /// A directory of PostgreSQL's programs that are none.
    pub(crate) fn pretended_programs(&self, script: &str) -> PathBuf {
        let programs = self.directory.join("programs");
        fs::create_dir(&programs).expect("a directory");
        for program in ["initdb", "pg_ctl", "postgres"] {
            let path = programs.join(program);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
            fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("its mode");
        }
        programs
    }

    /// The directories of servers and templates, of which each actor's user has one parent.
    pub(crate) fn remains(&self) -> Vec<PathBuf> {
        let mut found = children(&self.place);
        found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("crow-")));
        found
    }

    pub(crate) fn servers(&self) -> Vec<PathBuf> {
        self.remains().iter().flat_map(|place| children(place)).collect()
    }
}

impl Drop for Scene {
    /// Whatever a test did, in the end nothing may be left.
    fn drop(&mut self) {
        let clean = thread::panicking() || eventually(|| self.remains().is_empty());
        let found = format!("still there: {:?} {:?}", self.remains(), self.servers());
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
        assert!(clean, "{found}");
    }
}

/// Looks until it is so, or the time is up that a killed test run has.
pub(crate) fn eventually(mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + CLEAN_AFTER;
    loop {
        match is_so() {
            true => return true,
            false if Instant::now() > deadline => return false,
            false => thread::sleep(Duration::from_millis(10)),
        }
    }
}

pub(crate) fn is_alive(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}

/// The uid of a user that is not root, if this process can become it.
pub(crate) fn somebody_else() -> Option<u32> {
    let nobody = User::from_name("nobody").ok().flatten()?;
    Uid::effective().is_root().then(|| nobody.uid.as_raw())
}

fn children(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// tmpfs is forty times faster, where it holds some servers at once.
fn roomy() -> PathBuf {
    let shm = Path::new("/dev/shm");
    #[allow(clippy::unnecessary_cast, reason = "the width of these depends on the platform")]
    let free = statvfs(shm).map(|found| found.blocks_available() as u64 * found.fragment_size() as u64);
    let writable = nix::unistd::access(shm, nix::unistd::AccessFlags::W_OK).is_ok();
    if writable && free.is_ok_and(|bytes| bytes > 2 << 30) { shm.into() } else { env::temp_dir() }
}
