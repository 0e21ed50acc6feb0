//! Measures ways to run a statement against each other: on the same server and rows, in turns.

mod case;
mod measure;
mod network;
mod report;
mod shop;

pub(crate) use case::{Case, Entry, Failure, Key, Site};
pub(crate) use report::Goal;

use measure::Measured;
use network::Network;
use shop::Shop;

/// The way that all others are compared with.
pub(crate) const BASELINE: &str = "diesel_unscoped";

const CONNECTIONS: [usize; 3] = [1, 8, 32];
/// Milliseconds that the network adds.
const ROUND_TRIPS: [f64; 2] = [0.0, ADDED_MS];
const ADDED_MS: f64 = 0.5;

/// Measures all cases, prints what came of it, and leaves `bench/<name>.json` under the target directory.
///
/// `cargo bench` passes `--bench`; without it this is a test that everything runs, with few rows
/// and one short round. `-- 9` measures nine rounds.
pub(crate) fn run(name: &str, cases: &[Entry], goals: &[Goal]) -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let full = arguments.iter().any(|argument| argument == "--bench");
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(31);
    let rounds = if full { rounds } else { 1 };

    tokio::runtime::Runtime::new()?.block_on(async {
        let shop = Shop::open(if full { 500_000 } else { 5_000 }).await?;
        let network = Network::between(&shop.site(1).url).await?;
        if full && !network.is_as_wanted() {
            return Err(format!(
                "a delay of {ADDED_MS} ms was wanted, and {:?} came: the machine is too busy",
                network.added()
            )
            .into());
        }
        let mut measured = Measured::new(network.added());
        for connections in CONNECTIONS {
            for rtt_ms in ROUND_TRIPS {
                let site = shop.site(connections);
                let site = if rtt_ms > 0.0 { site.beyond(&network)? } else { site };
                let open = measure::open(&site, cases).await?;
                if connections == 1 && rtt_ms > 0.0 {
                    measured.count(&shop, &network, &open).await?;
                }
                measured.time(&shop, &open, connections, rtt_ms, rounds).await?;
            }
        }
        report::print(&measured, goals);
        report::write(name, &measured)
    })
}
