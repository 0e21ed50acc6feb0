//! Where PostgreSQL's programs are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::Error;
use crate::account::Account;

const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// The oldest release that the project behind PostgreSQL still mends.
const OLDEST: u32 = 14;

/// Where packages put versioned directories: the parent, how its entries begin, and what follows.
const USUAL: [(&str, &str, &str); 9] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr/local", "pgsql", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/opt/local/lib", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// The directory of the programs, found in the order that the crate's documentation gives.
pub(crate) fn find() -> Result<PathBuf, Error> {
    let mut searched = String::new();
    match env::var_os("CROW_PG_BIN").map(PathBuf::from) {
        None => {
            searched += "- CROW_PG_BIN: not set\n";
            if let Some(found) = installed(&mut searched) {
                return Ok(found);
            }
        }
        Some(wish) if wish == Path::new("download") => {
            searched += "- CROW_PG_BIN: asks for a download, so nothing that is installed\n";
        }
        Some(named) => {
            return complete(&named).or_else(|| complete(&named.join("bin"))).ok_or_else(|| {
                Error::Binaries {
                    directory: named,
                    reason: format!("CROW_PG_BIN names it, but it lacks one of {}", PROGRAMS.join(", ")),
                }
            });
        }
    }
    #[cfg(feature = "download")]
    return crate::download::cached_or_fetched(&searched);
    #[cfg(not(feature = "download"))]
    Err(Error::NoBinaries {
        searched: searched + "- a download: crow-testkit's feature `download` is off\n",
        cure: cure(),
    })
}

fn installed(searched: &mut String) -> Option<PathBuf> {
    let places = [
        ("PATH", on_path as fn() -> Vec<PathBuf>),
        ("pg_config --bindir", told_by_pg_config),
        ("the usual directories", usual),
    ];
    for (place, candidates) in places {
        let candidates = candidates();
        if let Some(found) = candidates.iter().find_map(|candidate| complete(candidate)) {
            return Some(found);
        }
        *searched += &format!("- {place}: no server's programs\n");
        for candidate in candidates {
            *searched += &format!("    {}\n", candidate.display());
        }
    }
    None
}

/// Refuses what was found but cannot run, in words that say why.
pub(crate) fn check(directory: &Path, account: &Account) -> Result<(), Error> {
    let unusable = |reason: String| Error::Binaries { directory: directory.to_owned(), reason };
    if let Some(barrier) = account.barrier(directory) {
        return Err(unusable(format!(
            "PostgreSQL does not run as root, and the user that runs it instead may not enter {}. \
             Point CROW_PG_BIN at a copy that everybody may read",
            barrier.display()
        )));
    }
    let output = account
        .command(directory.join("postgres"))
        .arg("--version")
        .current_dir("/")
        .output()
        .map_err(|error| unusable(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match major(&text) {
        Some(major) if major >= OLDEST => Ok(()),
        Some(major) => {
            Err(unusable(format!("they are of release {major}; point CROW_PG_BIN at {OLDEST} or newer")))
        }
        None => Err(unusable(format!(
            "`postgres --version` said: {}{}",
            text.trim(),
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}

/// The directory itself, free of symbolic links, if it holds every program.
///
/// A link to one program, as package managers put it on PATH, leads to where the others are.
pub(crate) fn complete(directory: &Path) -> Option<PathBuf> {
    let postgres = fs::canonicalize(directory.join("postgres")).ok()?;
    let home = postgres.parent()?;
    PROGRAMS.iter().all(|program| home.join(program).is_file()).then(|| home.to_owned())
}

fn on_path() -> Vec<PathBuf> {
    env::var_os("PATH").iter().flat_map(env::split_paths).collect()
}

fn told_by_pg_config() -> Vec<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok();
    output
        .filter(|output| output.status.success())
        .map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
        .into_iter()
        .collect()
}

fn usual() -> Vec<PathBuf> {
    USUAL.iter().flat_map(|(parent, start, rest)| newest_first(Path::new(parent), start, rest)).collect()
}

pub(crate) fn newest_first(parent: &Path, start: &str, rest: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(start)?;
            Some((release(version), entry.path().join(rest)))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

/// The numbers of a directory's name, so that 9 comes before 15 and `@16` is 16.
fn release(name: &str) -> Vec<u32> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-1)` is 15.
fn major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(not(feature = "download"))]
fn cure() -> String {
    let install = if cfg!(target_os = "macos") {
        "brew install postgresql@17"
    } else {
        let known = [
            ("/etc/debian_version", "apt-get install postgresql"),
            ("/etc/alpine-release", "apk add postgresql"),
            ("/etc/redhat-release", "dnf install postgresql-server"),
            ("/etc/arch-release", "pacman -S postgresql"),
        ];
        known
            .iter()
            .find(|(mark, _)| Path::new(mark).exists())
            .map_or("install your system's package of the PostgreSQL server", |(_, line)| line)
    };
    format!(
        "Do one of these:\n\
         - install it: {install}\n\
         - set CROW_PG_BIN to the directory of initdb, pg_ctl and postgres\n\
         - set CROW_DATABASE_URL to the URL of a server's superuser\n\
         - turn on crow-testkit's feature `download`"
    )
}
