//! What a tenant's scope costs, against plain diesel-async without one.
//!
//! `cargo bench -p crow-tests --bench scope`

#![allow(missing_docs)]

#[path = "cases/crow.rs"]
mod crow;
#[path = "cases/diesel.rs"]
mod diesel;
mod harness;
#[path = "cases/pipelined.rs"]
mod pipelined;
#[path = "cases/transaction.rs"]
mod transaction;

use harness::{BASELINE, Entry, Failure, Goal};

fn main() -> Result<(), Failure> {
    let cases = [
        Entry::new::<diesel::Unscoped>(BASELINE),
        Entry::new::<crow::Single>("crow_single"),
        Entry::new::<pipelined::Pipelined>("tokio_postgres_pipelined"),
        Entry::new::<diesel::FourSteps>("diesel_four_steps"),
        Entry::new::<transaction::Unscoped>("diesel_tx5"),
        Entry::new::<transaction::Scoped>("crow_tx5"),
    ];
    let goal =
        |case, against, connections, rtt_ms, at_most| Goal { case, against, connections, rtt_ms, at_most };
    let goals = [
        goal("crow_single", BASELINE, 1, 0.0, 1.5),
        goal("crow_single", BASELINE, 8, 0.0, 2.0),
        goal("crow_single", BASELINE, 1, 0.5, 1.10),
        goal("crow_single", BASELINE, 8, 0.5, 1.10),
        goal("crow_tx5", "diesel_tx5", 1, 0.5, 1.10),
        goal("crow_tx5", "diesel_tx5", 8, 0.5, 1.10),
        goal("crow_single", "diesel_four_steps", 8, 0.0, 1.0 / 2.2),
    ];
    harness::run("scope", &cases, &goals)
}
