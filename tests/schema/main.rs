//! The SQL that crow installs, under attack.
//!
//! What an attack does and what must come of it is data, in the files beside this one; each case is a test of its own, which
//! a part of its name selects: `cargo test --test schema -- attack::injection`.

mod adopt;
mod attack;
mod audit;
mod dump;
mod guard;
mod install;
mod migration;
mod mutant;
mod plans;
mod protect;
mod race;
mod rights;
mod session;
mod snapshot;
mod table;
mod tenants;
mod uninstall;
mod upgrade;
mod world;

use std::error::Error;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

type Fallible<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let trials = [
        attack::trials(),
        protect::trials(),
        audit::trials(),
        install::trials(),
        uninstall::trials(),
        race::trials(),
        rights::trials(),
        dump::trials(),
        migration::trials(),
        table::trials(),
        tenants::trials(),
        upgrade::trials(),
        guard::trials(),
        adopt::trials(),
        plans::trials(),
        mutant::trials(),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}

/// A test that runs in a runtime of its own.
fn trial<F>(name: impl Into<String>, body: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output = Fallible>,
{
    ignorable_trial(name, async move || body().await.map(|()| Completion::Completed))
}

/// The same, for what not every server can be asked.
fn ignorable_trial<F>(name: impl Into<String>, body: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output = Fallible<Completion>>,
{
    Trial::ignorable_test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(body())?)
    })
}
