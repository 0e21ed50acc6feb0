//! A tenant's statement on crow, beside other libraries.
//!
//! `cargo bench --manifest-path tests/peers/Cargo.toml`
//!
//! Each in the way that its own documentation shows, with its own pool as it is by default: sqlx's,
//! which SeaORM and tenaxum use too, pings a connection before it hands it out and when it comes back: two of the
//! three round trips of an unscoped statement.

#[path = "../benches/cases/crow.rs"]
mod crow;
#[path = "../benches/cases/diesel.rs"]
mod diesel;
#[path = "../benches/harness/mod.rs"]
mod harness;
mod seaorm;
mod sqlx;
mod tenaxum;

use harness::{BASELINE, Entry, Failure, Goal};

fn main() -> Result<(), Failure> {
    let cases = [
        Entry::new::<diesel::Unscoped>(BASELINE),
        Entry::new::<crow::Single>("crow_single"),
        Entry::new::<diesel::FourSteps>("diesel_four_steps"),
        Entry::new::<sqlx::Unscoped>("sqlx_unscoped"),
        Entry::new::<sqlx::Transaction>("sqlx_tx"),
        Entry::new::<sqlx::Untested>("sqlx_tx_untested"),
        Entry::new::<seaorm::Unscoped>("seaorm_unscoped"),
        Entry::new::<seaorm::Transaction>("seaorm_tx"),
        Entry::new::<tenaxum::Transaction>("tenaxum_tx"),
        Entry::new::<tenaxum::Hooks>("tenaxum_hooks"),
    ];
    let mut goals = Vec::new();
    for (rtt_ms, times) in [(0.0, 1.5), (0.5, 3.5)] {
        for against in ["sqlx_tx", "sqlx_tx_untested", "seaorm_tx", "tenaxum_tx", "tenaxum_hooks"] {
            goals.push(Goal { case: "crow_single", against, connections: 8, rtt_ms, at_most: 1.0 / times });
        }
    }
    harness::run("peers", &cases, &goals)
}
