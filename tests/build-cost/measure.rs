//! Compiles the crates and keeps time.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Instant, SystemTime};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::generate::Style;
use crate::{median, name};

#[derive(Clone, Copy)]
pub(crate) enum Goal {
    Check,
    Debug,
    Release,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Check => "cargo check",
            Self::Debug => "cargo build",
            Self::Release => "cargo build --release",
        })
    }
}

impl Goal {
    /// Builds take longer than checks, and differ less from one another.
    fn runs(self) -> usize {
        match self {
            Self::Check => 7,
            Self::Debug | Self::Release => 3,
        }
    }
}

/// Seconds.
pub(crate) struct Time {
    pub(crate) elapsed: f64,
    /// Of cargo, the compiler and its threads; what else runs on the machine changes it less.
    pub(crate) processor: f64,
}

/// The medians of both styles, plain diesel first. A first run of each, which also builds the
/// dependencies, does not count.
pub(crate) fn in_turns(workspace: &Path, goal: Goal, size: usize) -> io::Result<[Time; 2]> {
    let mut times = [vec![], vec![]];
    for run in 0..=goal.runs() {
        for (style, times) in [Style::Diesel, Style::Crow].into_iter().zip(&mut times) {
            let time = compile(workspace, goal, &name(style, size))?;
            if run > 0 {
                times.push(time);
            }
        }
    }
    Ok(times.map(|times| median(&times)))
}

fn compile(workspace: &Path, goal: Goal, package: &str) -> io::Result<Time> {
    let root = workspace.join(package).join("src/lib.rs");
    fs::File::options().append(true).open(root)?.set_modified(SystemTime::now())?;

    let (begun, used) = (Instant::now(), processor_seconds()?);
    let status = Command::new("cargo")
        .args(goal.to_string().split(' ').skip(1))
        .args(["--quiet", "--package", package])
        .current_dir(workspace)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", workspace.join("target"))
        .status()?;
    let time = Time { elapsed: begun.elapsed().as_secs_f64(), processor: processor_seconds()? - used };
    if status.success() { Ok(time) } else { Err(io::Error::other(format!("{goal} of {package} failed"))) }
}

/// What all child processes that have ended used so far.
fn processor_seconds() -> io::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok((usage.user_time() + usage.system_time()).num_milliseconds() as f64 / 1_000.0)
}
