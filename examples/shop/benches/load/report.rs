//! Says what came of it.

use std::thread::available_parallelism;
use std::time::Duration;

use crate::Way;
use crate::drive::Kind;
use crate::measure::{CONNECTIONS, Case, Measured, Place};
use crate::stock::Stock;

/// Of the throughput of the WHERE clause, where the network costs nothing.
const THROUGHPUT: f64 = 0.75;
/// Times the latency of the WHERE clause, where the network costs something: the same, but for what is noise.
const LATENCY: f64 = 1.1;

pub(crate) fn print_round_trips(counted: &[(Way, Kind, u64)]) {
    println!("\nRound trips to the database for a request, warm:\n");
    for (way, kind, round_trips) in counted {
        println!("- {}, {}: {round_trips}", way.name(), kind.name());
    }
}

pub(crate) fn print(measured: &Measured, stock: &Stock, rounds: usize, added: Duration) {
    println!(
        "\nRequests a second, latencies in milliseconds, and in parentheses how many times that of {}; medians of {rounds} \
         rounds of a second. {} processors for wrk, the services and PostgreSQL {}. The network added {:.2} ms to a round trip.\n",
        Way::Where.name(),
        available_parallelism().map_or(0, usize::from),
        stock.version,
        added.as_secs_f64() * 1e3,
    );
    println!(
        "| request | database | connections | service | a second | p50 | p99 |\n|---|---|---|---|---|---|---|"
    );
    let mut goals = Vec::new();
    for place in [Place::Loopback, Place::Network] {
        for kind in Kind::ALL {
            for connections in CONNECTIONS {
                let case = Case { place, kind, connections };
                goals.extend(print_case(measured, case));
            }
        }
    }
    println!("\n| goal | of a | connections | reached | |\n|---|---|---|---|---|");
    goals.iter().for_each(|goal| println!("{goal}"));
}

/// Prints what was measured of a case, and returns what that means for its goal.
fn print_case(measured: &Measured, case: Case) -> Option<String> {
    let Case { place, kind, connections } = case;
    let baseline = measured.of(case, Way::Where)?;
    for way in Way::ALL {
        let run = measured.of(case, way)?;
        println!(
            "| {} | {} | {connections} | {} | {:.0} ({:.2}) | {:.2} ({:.2}) | {:.2} ({:.2}) |",
            kind.name(),
            place.name(),
            way.name(),
            run.per_second,
            run.per_second / baseline.per_second,
            run.p50_ms,
            run.p50_ms / baseline.p50_ms,
            run.p99_ms,
            run.p99_ms / baseline.p99_ms,
        );
    }
    let crow = measured.of(case, Way::Crow)?;
    let (goal, reached, met) = match place {
        Place::Loopback => {
            let ratio = crow.per_second / baseline.per_second;
            (format!("throughput on loopback ≥ {THROUGHPUT}"), ratio, ratio >= THROUGHPUT)
        }
        Place::Network => {
            let ratio = crow.p50_ms / baseline.p50_ms;
            (format!("p50 with the network ≤ {LATENCY}"), ratio, ratio <= LATENCY)
        }
    };
    let met = if met { "met" } else { "missed" };
    Some(format!("| {goal} | {} | {connections} | {reached:.2} | {met} |", kind.name()))
}
