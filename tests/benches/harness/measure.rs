//! Runs the cases, in turns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::case::Running;
use super::network::Network;
use super::shop::Shop;
use super::{BASELINE, Entry, Failure, Site};

/// How long a case runs before it is another one's turn.
const ROUND: Duration = Duration::from_millis(100);
const WARM_UP: Duration = Duration::from_millis(300);

pub(super) type Opened = Vec<(&'static str, Arc<dyn Running>)>;

/// What came of it.
#[derive(Debug)]
pub(super) struct Measured {
    /// What the network really adds to a round trip.
    pub(super) added: Duration,
    pub(super) rows: Vec<Row>,
    pub(super) round_trips: BTreeMap<&'static str, u64>,
}

/// The median of a case's rounds.
#[derive(Debug, serde::Serialize)]
pub(super) struct Row {
    pub(super) case: &'static str,
    pub(super) connections: usize,
    pub(super) rtt_ms: f64,
    /// How long an operation takes on one of the connections, all of them being busy.
    pub(super) median_us: f64,
    /// To the time of the baseline with as many connections and the same delay.
    pub(super) ratio: f64,
}

pub(super) async fn open(site: &Site, cases: &[Entry]) -> Result<Opened, Failure> {
    let mut opened = Vec::new();
    for case in cases {
        opened.push((case.name, (case.open)(site.clone()).await?));
    }
    Ok(opened)
}

impl Measured {
    pub(super) fn new(added: Duration) -> Self {
        Self { added, rows: Vec::new(), round_trips: BTreeMap::new() }
    }

    /// Counts the round trips of an operation, warm.
    pub(super) async fn count(
        &mut self,
        shop: &Shop,
        network: &Network,
        cases: &Opened,
    ) -> Result<(), Failure> {
        const TIMES: usize = 10;
        for (name, case) in cases {
            let mut keys = shop.keys.iter().copied().cycle();
            let mut run = async |times| {
                for key in keys.by_ref().take(times) {
                    case.run(key).await?;
                }
                Ok::<_, Failure>(network.round_trips())
            };
            // What a pool does after an operation may still be under way.
            let before = run(TIMES).await?;
            let counted = run(TIMES).await? - before;
            self.round_trips.insert(name, counted.div_ceil(TIMES as u64));
        }
        Ok(())
    }

    /// Measures the cases on all of their connections.
    pub(super) async fn time(
        &mut self,
        shop: &Shop,
        cases: &Opened,
        connections: usize,
        rtt_ms: f64,
        rounds: usize,
    ) -> Result<(), Failure> {
        let mut times = vec![Vec::new(); cases.len()];
        for round in 0..=rounds {
            for index in 0..cases.len() {
                // Nobody always comes after the same one.
                let index = (index + round) % cases.len();
                let (name, case) = &cases[index];
                let length = if round == 0 { WARM_UP } else { ROUND };
                let time = one_round(shop, case, connections, length)
                    .await
                    .map_err(|error| format!("{name}: {error}"))?;
                if round > 0 {
                    times[index].push(time);
                }
            }
        }
        let medians: Vec<f64> = times.into_iter().map(median).collect();
        let baseline =
            cases.iter().position(|(name, _)| *name == BASELINE).ok_or("no baseline among the cases")?;
        for ((case, _), median) in cases.iter().zip(&medians) {
            self.rows.push(Row {
                case,
                connections,
                rtt_ms,
                median_us: *median,
                ratio: median / medians[baseline],
            });
        }
        Ok(())
    }

    pub(super) fn row(&self, case: &str, connections: usize, rtt_ms: f64) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.case == case && row.connections == connections && row.rtt_ms == rtt_ms)
    }
}

/// Microseconds that an operation took on one connection.
async fn one_round(
    shop: &Shop,
    case: &Arc<dyn Running>,
    connections: usize,
    length: Duration,
) -> Result<f64, Failure> {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|task| {
            let case = Arc::clone(case);
            let keys: Arc<[_]> = Arc::clone(&shop.keys);
            tokio::spawn(async move {
                let mut done = 0;
                let mut next = task * keys.len() / connections;
                while begun.elapsed() < length {
                    let key = keys[next % keys.len()];
                    if case.run(key).await? != key.last() {
                        return Err("this is another row than was asked for".into());
                    }
                    next += 1;
                    done += 1;
                }
                Ok::<usize, Failure>(done)
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await??;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6 * connections as f64 / done as f64)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
