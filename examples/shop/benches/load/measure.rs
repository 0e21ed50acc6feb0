//! Drives the services in turns.

use std::collections::HashMap;

use crate::drive::{Kind, Run, run};
use crate::service::Running;
use crate::stock::Stock;
use crate::{Outcome, Way};

/// Connections to the service; to the database each has at most 16.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 8, 32];

/// What is between a service and the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Loopback,
    Network,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Network => "network",
        }
    }
}

/// What was driven, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Case {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) connections: usize,
}

/// The medians of what came of it.
#[derive(Default)]
pub(crate) struct Measured {
    medians: HashMap<(Case, Way), Run>,
    /// Runs of wrk so far, which keeps the plates of two runs apart.
    runs: usize,
}

impl Measured {
    pub(crate) fn drive(
        &mut self,
        place: Place,
        stock: &Stock,
        services: &[Running],
        rounds: usize,
    ) -> Outcome {
        // All connections are open, and know the statements, before anything counts.
        for service in services {
            for kind in Kind::ALL {
                for connections in CONNECTIONS {
                    self.run(stock, service, kind, connections)?;
                }
            }
        }
        for kind in Kind::ALL {
            for connections in CONNECTIONS {
                let case = Case { place, kind, connections };
                let mut runs: HashMap<Way, Vec<Run>> = HashMap::new();
                for round in 0..rounds {
                    for index in 0..services.len() {
                        // Nobody always comes after the same one.
                        let service = &services[(index + round) % services.len()];
                        let run = self.run(stock, service, kind, connections)?;
                        // Only in a warm-up may connections take longer to open than it lasts.
                        if run.per_second == 0.0 {
                            return Err(format!("{} answered nothing in a second", service.way.name()).into());
                        }
                        runs.entry(service.way).or_default().push(run);
                    }
                }
                self.medians.extend(runs.into_iter().map(|(way, runs)| ((case, way), median(&runs))));
            }
        }
        Ok(())
    }

    fn run(&mut self, stock: &Stock, service: &Running, kind: Kind, connections: usize) -> Outcome<Run> {
        self.runs += 1;
        run(stock, service, kind, connections, self.runs)
    }

    pub(crate) fn of(&self, case: Case, way: Way) -> Option<Run> {
        self.medians.get(&(case, way)).copied()
    }
}

/// Each number's own.
fn median(runs: &[Run]) -> Run {
    let of = |number: fn(&Run) -> f64| {
        let mut numbers: Vec<f64> = runs.iter().map(number).collect();
        numbers.sort_by(f64::total_cmp);
        numbers[numbers.len() / 2]
    };
    Run { per_second: of(|run| run.per_second), p50_ms: of(|run| run.p50_ms), p99_ms: of(|run| run.p99_ms) }
}
