//! What crow costs at compile time, against plain diesel that names the tenant by hand.
//!
//! `cargo run -p crow-tests --example build_cost` writes crates of 20 and of 50 tables under the
//! target directory, with nine queries a table, once in each style, and compiles them over and over.
//! `-- 20` does so for 20 tables only.
//!
//! A run compiles one crate whole: its dependencies are ready, and nothing is incremental. The
//! styles take turns, so that whatever else the machine does falls on both. Leave the repository
//! alone meanwhile: a change to crow is compiled, and counted, with the next crate that uses it.

#![allow(missing_docs)]

mod generate;
mod measure;

use std::env;
use std::error::Error;
use std::path::{self, Path, PathBuf};

use generate::Style;
use measure::{Goal, Time};

fn main() -> Result<(), Box<dyn Error>> {
    let mut sizes = env::args().skip(1).map(|size| size.parse()).collect::<Result<Vec<usize>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![20, 50];
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the package has no parent")?;
    let workspace = path::absolute(target(repository))?.join("build-cost");
    generate::workspace(&workspace, repository, &sizes)?;

    println!("| tables | what | plain diesel | crow | ratio | ratio of processor time |");
    println!("|---|---|---|---|---|---|");
    for size in sizes {
        for goal in [Goal::Check, Goal::Debug, Goal::Release] {
            let [diesel, crow] = measure::in_turns(&workspace, goal, size)?;
            println!(
                "| {size} | {goal} | {:.1} s | {:.1} s | {:.2} | {:.2} |",
                diesel.elapsed,
                crow.elapsed,
                crow.elapsed / diesel.elapsed,
                crow.processor / diesel.processor,
            );
        }
    }
    Ok(())
}

fn target(repository: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from)
}

/// The name of the crate with so many tables in this style.
fn name(style: Style, size: usize) -> String {
    format!("{style}-{size}")
}

/// The middle one of several times, each measure for itself.
fn median(times: &[Time]) -> Time {
    let middle = |of: fn(&Time) -> f64| {
        let mut values: Vec<f64> = times.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Time { elapsed: middle(|time| time.elapsed), processor: middle(|time| time.processor) }
}
