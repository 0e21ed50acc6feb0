//! Random statements, read by an SQL parser that is not ours and run beside other tenants' rows.
//!
//! A statement is described first (`describe`), at random (`generate`). From the description crow's
//! builder makes the statement (`build`, `read`, `write`), and the memory computes what it should
//! give and do (`memory`, `compute`, `effect`). Then (`arena`)
//!
//! - the SQL that was sent is parsed, and every tenant table in it must carry its tenant (`reader`);
//! - it runs with row-level security on;
//! - it runs with row-level security switched off, so that crow alone is right;
//! - it runs with row-level security on and crow's predicates taken out (`rewrite`), so that the
//!   database alone is right.
//!
//! `CROW_PROPERTY_CASES` and `CROW_PROPERTY_SEED` ask for more statements, and for others.

mod arena;
mod bad_input;
mod build;
mod compute;
mod describe;
mod effect;
mod generate;
mod memory;
mod mistakes;
mod node;
mod read;
mod reader;
mod rewrite;
mod sent;
mod shrink;
mod value;
mod world;
mod write;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::{env, panic, thread};

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use tokio::runtime::Builder;

use crate::arena::{Arena, Outcome};
use crate::shrink::Cases;

/// So many with one pair of databases: each connection keeps all that it has prepared.
const LEG: u64 = 2_000;

fn number(variable: &str, otherwise: u64) -> u64 {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")),
        Err(_) => otherwise,
    }
}

#[test]
fn every_statement_keeps_to_its_tenant() {
    let cases = number("CROW_PROPERTY_CASES", LEG);
    let seed = number("CROW_PROPERTY_SEED", 20_260_112);
    let legs = move || {
        for (leg, start) in (0..cases).step_by(LEG as usize).enumerate() {
            run((cases - start).min(LEG), seed + leg as u64);
        }
    };
    // Expressions are trees, and so is what walks them: in a debug build, wide frames on a small stack.
    let thread = thread::Builder::new().stack_size(256 << 20).spawn(legs).expect("a thread");
    if let Err(failure) = thread.join() {
        panic::resume_unwind(failure);
    }
}

/// The same for the same seed.
fn run(cases: u64, seed: u64) {
    println!("CROW_PROPERTY_CASES={cases} CROW_PROPERTY_SEED={seed}");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let arena = runtime.block_on(Arena::open()).expect("two databases");
    let config = Config {
        cases: cases.try_into().expect("a number of cases"),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 3_000,
        ..Config::default()
    };
    let account = RefCell::new(BTreeMap::new());
    let guards = Cell::new(0);
    let result = TestRunner::new(config).run(&Cases, |case| {
        let seen = runtime.block_on(arena.check(&case)).map_err(TestCaseError::fail)?;
        guards.set(guards.get() + seen.guards);
        *account.borrow_mut().entry((case.statement.kind(), seen.outcome)).or_insert(0) += 1;
        Ok(())
    });
    let account = account.into_inner();
    println!("{} guards in statements that gave {account:?}", guards.get());
    if let Err(failure) = result {
        panic!("{failure}\nto see it again: CROW_PROPERTY_CASES={cases} CROW_PROPERTY_SEED={seed}");
    }
    // Statements that do nothing would prove nothing.
    if cases == LEG {
        for kind in ["select", "combination", "insert", "update", "delete"] {
            let rows = account.get(&(kind, Outcome::Rows)).copied().unwrap_or(0);
            assert!(rows >= 50, "only {rows} statements of the kind {kind} had rows: {account:?}");
        }
    }
}
