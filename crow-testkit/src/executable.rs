//! The program that runs the tests, as a stand-in for what is built into it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::{env, fs};

use crate::Error;

/// Differs from that of every other executable, and from that of this one once it is built again.
///
/// Its text need not be read for that: whoever links it makes a new file.
pub(crate) fn identity() -> Result<String, Error> {
    let failed = || Error::system("look at this executable");
    // Linux's own name leads to the file that runs, even if another has taken its place.
    let running = Path::new("/proc/self/exe");
    let found = match fs::metadata(running) {
        Ok(found) => found,
        Err(_) => env::current_exe().and_then(fs::metadata).map_err(failed())?,
    };
    let (device, inode, length) = (found.dev(), found.ino(), found.len());
    Ok(format!("{device} {inode} {length} {}.{:09}", found.mtime(), found.mtime_nsec()))
}
