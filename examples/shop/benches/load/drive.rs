//! Sends requests: one to look at the answer, or with wrk as many as are answered in a while.

use std::io::ErrorKind;
use std::process::Command;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::measure::Place;
use crate::network::Network;
use crate::service::Running;
use crate::stock::{Stock, Target};
use crate::{Failure, Outcome, Way};

/// What is asked: one row and no more, where what crow adds weighs most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// `GET /api/vehicles/{id}`
    Read,
    /// `POST /api/vehicles`
    Write,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Read, Self::Write];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// What came of a run of wrk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

pub(crate) fn is_installed() -> Outcome {
    match Command::new("wrk").arg("-v").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("wrk is not installed: `apt-get install wrk`, or `brew install wrk`".into())
        }
        other => other.map(drop).map_err(Failure::from),
    }
}

/// Drives a service for a second, on so many connections. An answer that is no success is an error.
pub(crate) fn run(
    stock: &Stock,
    service: &Running,
    kind: Kind,
    connections: usize,
    salt: usize,
) -> Outcome<Run> {
    let output = Command::new("wrk")
        .args(["--threads", "1", "--duration", "1", "--connections", &connections.to_string()])
        .args(["--script", concat!(env!("CARGO_MANIFEST_DIR"), "/benches/load/request.lua")])
        .arg(format!("http://{}", service.address))
        .arg("--")
        .arg(&stock.file)
        .args([kind.name(), &salt.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let failed = || format!("wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.strip_prefix("measured ")).ok_or_else(failed)?;
    let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [requests, microseconds, p50, p99, errors] = numbers[..] else { return Err(failed().into()) };
    if errors > 0.0 {
        let name = service.way.name();
        return Err(format!("{name}: {errors} of {requests} requests to {} failed", kind.name()).into());
    }
    Ok(Run { per_second: requests * 1e6 / microseconds, p50_ms: p50 / 1e3, p99_ms: p99 / 1e3 })
}

/// Makes sure that all services answer the same.
pub(crate) async fn compare(place: Place, stock: &Stock, services: &[Running]) -> Outcome {
    for kind in Kind::ALL {
        let mut expected = None;
        for service in services {
            let answer = ask(stock, service, kind, place.name()).await?;
            let expected = expected.get_or_insert_with(|| answer.clone());
            if answer != *expected {
                let name = service.way.name();
                return Err(format!("{name} answers {answer:?} and not {expected:?}").into());
            }
        }
    }
    Ok(())
}

/// Round trips to the database for a request, warm.
pub(crate) async fn round_trips(
    stock: &Stock,
    services: &[Running],
    network: &Network,
) -> Outcome<Vec<(Way, Kind, u64)>> {
    let mut counted = Vec::new();
    for service in services {
        for kind in Kind::ALL {
            // The first one opened the connection and prepared the statement.
            let before = network.round_trips();
            ask(stock, service, kind, "counted").await?;
            counted.push((service.way, kind, network.round_trips() - before));
        }
    }
    Ok(counted)
}

/// What a service answers, but for the id of a new row.
async fn ask(stock: &Stock, service: &Running, kind: Kind, plate: &str) -> Outcome<(StatusCode, Value)> {
    let Target { host, id, token } = stock.targets.first().ok_or("there is no vehicle to ask for")?;
    let client = Client::builder().build()?;
    let vehicles = format!("http://{}/api/vehicles", service.address);
    let vehicle = json!({ "make": "Honda", "model": "Jazz", "year": 2021, "plate": plate });
    let request = match kind {
        Kind::Read => client.get(format!("{vehicles}/{id}")),
        Kind::Write => client.post(vehicles).json(&vehicle),
    };
    let answer = request.header("host", host).bearer_auth(token).send().await?;
    let status = answer.status();
    let mut body: Value = answer.error_for_status()?.json().await?;
    if kind == Kind::Write {
        body["id"].take();
    }
    Ok((status, body))
}
