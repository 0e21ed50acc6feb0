//! What the shop's requests cost beside the same requests written by hand.
//!
//! `cargo bench -p crow-shop --bench load` drives both with wrk, in turns; `-- 9` does so in nine rounds. Without `--bench`
//! it makes sure that everything runs, in one short round.

#![allow(missing_docs)]

mod drive;
mod measure;
#[path = "../../../../tests/benches/harness/network.rs"]
mod network;
mod report;
mod service;
#[allow(dead_code, reason = "the demo and the tests use all of it")]
#[path = "../../demo/shops.rs"]
mod shops;
mod stock;
mod twin;
mod way;

use std::env;
use std::error::Error;

use measure::{Measured, Place};
use network::Network;
use service::Urls;
use stock::Stock;
use way::Way;

type Failure = Box<dyn Error + Send + Sync>;
type Outcome<T = ()> = Result<T, Failure>;

/// What the network to the database adds to a round trip.
const ADDED_MS: f64 = 0.5;

#[tokio::main]
async fn main() -> Outcome {
    // The services are processes of their own, of this same program.
    match service::asked_for()? {
        Some((way, urls)) => service::serve(way, urls).await,
        None => bench().await,
    }
}

async fn bench() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let full = arguments.iter().any(|argument| argument == "--bench");
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let rounds = if full { rounds } else { 1 };

    drive::is_installed()?;
    // Nothing here is encrypted; but with the testkit's download the client can be, and wants to know by whom.
    _ = rustls::crypto::ring::default_provider().install_default();
    let stock = Stock::open().await?;
    let near = Urls::of(&stock);
    let network = Network::between(&near.tenant).await?;
    if full && !network.is_as_wanted() {
        let added = network.added();
        return Err(format!(
            "a delay of {ADDED_MS} ms was wanted, and {added:?} came: the machine is too busy"
        )
        .into());
    }
    let far = near.beyond(&network)?;

    let mut measured = Measured::default();
    for (place, urls) in [(Place::Loopback, &near), (Place::Network, &far)] {
        let services = service::start_all(urls)?;
        drive::compare(place, &stock, &services).await?;
        if let Place::Network = place {
            report::print_round_trips(&drive::round_trips(&stock, &services, &network).await?);
        }
        measured.drive(place, &stock, &services, rounds)?;
    }
    report::print(&measured, &stock, rounds, network.added());
    Ok(())
}
