//! What [`test`](crate::test) expands to: a runtime, a database, a deadline, and a last word if the test fails.

use std::any::Any;
use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use futures_timer::Delay;
use tokio::runtime::Builder;
use tokio::sync::Notify;

use crate::{Error, FromTestDb, Schema, TestDb};

/// For all that a first test may have to wait for: a download, initdb, the migrations of a large project.
const PREPARATION: Duration = Duration::from_secs(10 * 60);

/// How long blocking work that a test has left behind is waited for.
const LEAVE: Duration = Duration::from_secs(1);

/// Two threads are enough for work to meet, and tests that run beside each other share the processors.
const WORKERS: usize = 2;

/// What the attribute says of a test.
pub struct Settings {
    name: &'static str,
    open: Pin<Box<dyn Future<Output = Result<TestDb, Error>>>>,
    timeout: Duration,
    runtime: Builder,
    should_panic: Option<ShouldPanic>,
}

impl Settings {
    /// Of a test whose options are all left out.
    pub fn new(name: &'static str, schema: Schema) -> Self {
        Self::opening(name, TestDb::new(schema))
    }

    /// The same, of a test that begins with what others begin with.
    pub fn with_snapshot<F, E>(name: &'static str, schema: Schema, fill: F) -> Self
    where
        F: AsyncFnOnce(TestDb) -> Result<(), E> + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        Self::opening(name, TestDb::snapshot(schema, fill))
    }

    fn opening(name: &'static str, open: impl Future<Output = Result<TestDb, Error>> + 'static) -> Self {
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(WORKERS);
        Self { name, open: Box::pin(open), timeout: Duration::from_secs(60), runtime, should_panic: None }
    }

    /// How long it may take once its arguments are there.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// So many threads.
    pub fn worker_threads(mut self, count: usize) -> Self {
        self.runtime.worker_threads(count);
        self
    }

    /// All on the thread of the test.
    pub fn current_thread(mut self) -> Self {
        self.runtime = Builder::new_current_thread();
        self
    }

    /// It has to panic, with this somewhere in the message.
    pub fn should_panic(mut self, expected: &'static str) -> Self {
        self.should_panic = Some(ShouldPanic { expected });
        self
    }
}

struct ShouldPanic {
    expected: &'static str,
}

/// A directory of migrations, named from the directory of the crate that is tested.
pub fn directory(manifest: &str, path: &str) -> Schema {
    Path::new(manifest).join(path).into()
}

/// A test, seen from its own code.
pub struct Running<'a> {
    db: &'a TestDb,
    name: &'static str,
    begun: Cell<bool>,
    beginning: Notify,
}

impl Running<'_> {
    /// # Panics
    ///
    /// If the argument cannot be made.
    pub async fn argument<T: FromTestDb>(&self, ty: &str) -> T {
        // Boxed, as the test itself is.
        match Box::pin(T::from_test_db(self.db)).await {
            Ok(argument) => argument,
            Err(error) => panic!("{} did not begin, as its `{ty}` could not be made: {error}", self.name),
        }
    }

    /// What went wrong, if something did.
    pub fn outcome<T: Outcome>(&self, returned: T) -> Option<String> {
        returned.error()
    }

    /// The arguments are there: from here on it is the test that fails.
    pub fn begin(&self) {
        self.begun.set(true);
        self.beginning.notify_one();
    }
}

/// What a test may return.
#[diagnostic::on_unimplemented(
    message = "a test cannot return `{Self}`",
    label = "neither `()` nor a `Result`",
    note = "return `()`, or a `Result<(), E>` whose error is `Debug`"
)]
pub trait Outcome {
    /// What went wrong, if something did.
    fn error(self) -> Option<String>;
}

impl Outcome for () {
    fn error(self) -> Option<String> {
        None
    }
}

impl<E: Debug> Outcome for Result<(), E> {
    fn error(self) -> Option<String> {
        self.err().map(|error| format!("{error:?}"))
    }
}

/// How a test ended.
enum End {
    Well,
    Returned(String),
    Panicked(Box<dyn Any + Send>),
    TimedOut(Duration),
}

/// Runs a test to its end, on a runtime of its own.
///
/// # Panics
///
/// If the test fails.
#[track_caller]
pub fn run(settings: Settings, work: impl AsyncFnOnce(&Running<'_>) -> Option<String>) {
    let Settings { name, open, timeout, mut runtime, should_panic } = settings;
    // No closures, which would be where the panics come from.
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("{name} has no runtime: {error}"),
    };
    let db = match runtime.block_on(within(PREPARATION, open)) {
        Some(Ok(db)) => db,
        Some(Err(error)) => panic!("{name} did not begin: {error}"),
        None => panic!("{name} did not begin: its database took longer than {PREPARATION:?} to make"),
    };
    let running = Running { db: &db, name, begun: Cell::new(false), beginning: Notify::new() };
    let end = panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(watched(&running, timeout, work))))
        .unwrap_or_else(End::Panicked);
    let failure = failure(end, should_panic.filter(|_| running.begun.get()), name);
    if failure.is_some() {
        eprintln!("crow-testkit: {name} failed. CROW_SEED={} repeats its random choices.", db.seed());
        for (name, id) in &*db.known() {
            eprintln!("{name} = {id}");
        }
        db.database().test_failed();
    }
    // What still runs holds connections, and may hold the database.
    runtime.shutdown_timeout(LEAVE);
    drop(db);
    match failure {
        None => {}
        Some(Failure::Panic(panic)) => panic::resume_unwind(panic),
        Some(Failure::Text(text)) => panic!("{text}"),
    }
}

async fn watched(
    running: &Running<'_>,
    timeout: Duration,
    work: impl AsyncFnOnce(&Running<'_>) -> Option<String>,
) -> End {
    let deadline = async {
        if within(PREPARATION, running.beginning.notified()).await.is_none() {
            return PREPARATION;
        }
        Delay::new(timeout).await;
        timeout
    };
    tokio::select! {
        biased;
        error = work(running) => error.map_or(End::Well, End::Returned),
        time = deadline => End::TimedOut(time),
    }
}

/// By a clock that a test cannot stop, unlike tokio's.
async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        output = work => Some(output),
        () = Delay::new(time) => None,
    }
}

/// Why a test failed.
enum Failure {
    Panic(Box<dyn Any + Send>),
    Text(String),
}

fn failure(end: End, should_panic: Option<ShouldPanic>, name: &str) -> Option<Failure> {
    let text = match (end, should_panic) {
        (End::Well, None) => return None,
        (End::Well, Some(_)) => format!("{name} did not panic as it should"),
        (End::Panicked(panic), None) => return Some(Failure::Panic(panic)),
        (End::Panicked(panic), Some(ShouldPanic { expected })) => {
            let message = message(&*panic);
            if message.contains(expected) {
                return None;
            }
            format!("{name} should panic with {expected:?} in the message, and did with {message:?}")
        }
        (End::Returned(error), _) => format!("{name} returned an error: {error}"),
        (End::TimedOut(time), _) => format!(
            "{name} took longer than {time:?}: give it time with #[crow_testkit::test(timeout = \"..\")], \
             or find out what it waits for"
        ),
    };
    Some(Failure::Text(text))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}
