//! Many tasks of random work at once, some of it cancelled, some server processes killed.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cancel;
use crate::session::Session;
use crate::{Database, Error};

/// The most polls a unit of work is given before it is dropped. Most take fewer, so some of those
/// that are to be cancelled come to their end.
const POLLS: usize = 10;

/// Runs units of work on a database, at random and many at once, for a time: a part of them is
/// dropped at a random await, and now and then a server process is killed.
///
/// What a unit does is up to it, and so is what has to be true: it checks each row that it reads. Which
/// units there are follows from the seed; how they meet does not.
///
/// ```no_run,test_harness
/// use crow_core::{Error, TenantPool};
/// use crow_testkit::{Soak, Tenant, TestDb};
///
/// #[crow_testkit::test]
/// async fn shops_stay_apart(db: TestDb, pool: TenantPool, shops: [Tenant; 4]) -> Result<(), crow_testkit::Error> {
///     let soak = Soak::new(db.seed()).tasks(64).cancel_percent(5).kill_percent(1, "crow_app");
///     let report = soak
///         .run(db.database(), move |seed| {
///             let (pool, shop) = (pool.clone(), shops[seed as usize % 4].id());
///             // Read and write, and check whose the rows are.
///             async move { pool.scope(shop, async |db| Ok::<_, Error>(())).await }
///         })
///         .await?;
///     for error in &report.errors {
///         // A killed process breaks the connections of those it served; anything else is wrong.
///         assert!(matches!(error, Error::Connection(_)), "{error}");
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a soak does nothing until it runs"]
pub struct Soak {
    seed: u64,
    tasks: usize,
    lasting: Duration,
    cancel_percent: u8,
    kill: Option<(u8, String)>,
}

impl Soak {
    /// 64 tasks for 3 seconds; nothing is cancelled, nobody is killed.
    pub fn new(seed: u64) -> Self {
        Self { seed, tasks: 64, lasting: Duration::from_secs(3), cancel_percent: 0, kill: None }
    }

    /// How many units run at once.
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.tasks = tasks;
        self
    }

    /// How long units are begun.
    pub fn lasting(mut self, time: Duration) -> Self {
        self.lasting = time;
        self
    }

    /// How many of a hundred units are dropped at a random await, if they get there.
    pub fn cancel_percent(mut self, percent: u8) -> Self {
        self.cancel_percent = percent;
        self
    }

    /// Before how many of a hundred units one of the server processes is killed that serve `role`
    /// in the database.
    pub fn kill_percent(mut self, percent: u8, role: impl Into<String>) -> Self {
        self.kill = Some((percent, role.into()));
        self
    }

    /// Begins units of work until the time is up, and waits for the last of them. `work` is given a
    /// seed for each.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] and [`Error::Statement`] if the database cannot be asked to kill a process.
    ///
    /// # Panics
    ///
    /// If a unit of work does.
    pub async fn run<W, F, E>(&self, database: &Database, work: W) -> Result<SoakReport<E>, Error>
    where
        W: Fn(u64) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Send + 'static,
    {
        let session = Session::open(database.server().address()).await?;
        let work = Arc::new(work);
        let end = Instant::now() + self.lasting;
        let mut rng = Rng::with_seed(self.seed);
        let (kill, mut kills) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for _ in 0..self.tasks {
            let worker = Worker { soak: self.clone(), rng: rng.fork(), kill: kill.clone(), end };
            tasks.spawn(worker.run(Arc::clone(&work)));
        }
        let mut whole = SoakReport::default();
        loop {
            tokio::select! {
                Some(()) = kills.recv() => whole.killed += self.kill_one(&session, database).await?,
                report = tasks.join_next() => match report {
                    Some(report) => {
                        whole.add(report.unwrap_or_else(|error| resume_unwind(error.into_panic())));
                    }
                    None => return Ok(whole),
                },
            }
        }
    }

    async fn kill_one(&self, session: &Session<'_>, database: &Database) -> Result<u64, Error> {
        let Some((_, role)) = &self.kill else { return Ok(0) };
        let (name, role) = (database.name(), role.replace('\'', "''"));
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity \
             WHERE datname = '{name}' AND usename = '{role}' ORDER BY random() LIMIT 1) AS one"
        );
        Ok(session.run("kill a process", &sql).await?.iter().filter(|killed| *killed == "t").count() as u64)
    }
}

/// One of the tasks.
struct Worker {
    soak: Soak,
    rng: Rng,
    kill: mpsc::UnboundedSender<()>,
    end: Instant,
}

impl Worker {
    async fn run<W, F, E>(mut self, work: Arc<W>) -> SoakReport<E>
    where
        W: Fn(u64) -> F,
        F: Future<Output = Result<(), E>>,
    {
        let mut report = SoakReport::default();
        while Instant::now() < self.end {
            let kill_percent = self.soak.kill.as_ref().map_or(0, |&(percent, _)| percent);
            if self.hits(kill_percent) {
                // Heard for as long as this task runs.
                let _ = self.kill.send(());
            }
            let polls =
                if self.hits(self.soak.cancel_percent) { self.rng.usize(1..=POLLS) } else { usize::MAX };
            report.units += 1;
            match cancel::after_polls(polls, work(self.rng.u64(..))).await {
                Some(Ok(())) => {}
                Some(Err(error)) => report.errors.push(error),
                None => report.cancelled += 1,
            }
        }
        report
    }

    fn hits(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }
}

/// What came of a [`Soak`].
#[derive(Debug)]
#[non_exhaustive]
pub struct SoakReport<E> {
    /// Units of work that were begun.
    pub units: u64,
    /// Units that were dropped before they came to their end.
    pub cancelled: u64,
    /// Server processes that were killed.
    pub killed: u64,
    /// What units ended in that did not end well.
    pub errors: Vec<E>,
}

impl<E> SoakReport<E> {
    fn add(&mut self, other: Self) {
        self.units += other.units;
        self.cancelled += other.cancelled;
        self.killed += other.killed;
        self.errors.extend(other.errors);
    }
}

impl<E> Default for SoakReport<E> {
    fn default() -> Self {
        Self { units: 0, cancelled: 0, killed: 0, errors: Vec::new() }
    }
}

impl<E> fmt::Display for SoakReport<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { units, cancelled, killed, errors } = self;
        write!(
            f,
            "{units} units of work, {cancelled} cancelled, {killed} processes killed, {} errors",
            errors.len()
        )
    }
}
