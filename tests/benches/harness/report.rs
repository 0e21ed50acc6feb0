//! Says what came of it.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::measure::{Measured, Row};
use super::{BASELINE, CONNECTIONS, Failure, ROUND_TRIPS};

/// A bound on how long a case takes in comparison with another.
pub(crate) struct Goal {
    pub(crate) case: &'static str,
    pub(crate) against: &'static str,
    pub(crate) connections: usize,
    pub(crate) rtt_ms: f64,
    pub(crate) at_most: f64,
}

/// Two tables in Markdown.
pub(super) fn print(measured: &Measured, goals: &[Goal]) {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "\nMicroseconds an operation takes on each of so many connections, and in parentheses how many times \
         that of {BASELINE}; {processors} processors. The network added {:.2} ms to a round trip.\n",
        measured.added.as_secs_f64() * 1e3
    );
    let columns: Vec<(f64, usize)> =
        ROUND_TRIPS.iter().flat_map(|rtt| CONNECTIONS.map(|connections| (*rtt, connections))).collect();
    print!("| case | round trips |");
    for (rtt_ms, connections) in &columns {
        let place = if *rtt_ms > 0.0 { format!("{rtt_ms} ms") } else { "loopback".into() };
        print!(" {place}, {connections} |");
    }
    println!("\n|---|---|{}", "---|".repeat(columns.len()));
    let [first, ..] = CONNECTIONS;
    for Row { case, .. } in measured.rows.iter().filter(|row| row.connections == first && row.rtt_ms == 0.0) {
        print!("| {case} | {} |", measured.round_trips[case]);
        for (rtt_ms, connections) in &columns {
            match measured.row(case, *connections, *rtt_ms) {
                Some(row) => print!(" {:.0} ({:.2}) |", row.median_us, row.ratio),
                None => print!(" |"),
            }
        }
        println!();
    }

    println!(
        "\n| time of | to that of | connections | ms a round trip | ratio | goal |\n|---|---|---|---|---|---|"
    );
    for goal in goals {
        let time = |case| measured.row(case, goal.connections, goal.rtt_ms).map(|row| row.median_us);
        if let (Some(time), Some(against)) = (time(goal.case), time(goal.against)) {
            let Goal { case, against: other, connections, rtt_ms, at_most } = goal;
            let ratio = time / against;
            let met = if ratio <= *at_most { "met" } else { "missed" };
            println!("| {case} | {other} | {connections} | {rtt_ms} | {ratio:.2} | ≤ {at_most:.2}, {met} |");
        }
    }
}

/// `bench/<name>.json` under the target directory.
pub(super) fn write(name: &str, measured: &Measured) -> Result<(), Failure> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target directory")?;
    let path = target.join("bench").join(name).with_extension("json");
    fs::create_dir_all(target.join("bench"))?;
    fs::write(
        &path,
        serde_json::to_string_pretty(&json!({ "rows": measured.rows, "round_trips": measured.round_trips }))?,
    )?;
    println!("\n{}", path.display());
    Ok(())
}
