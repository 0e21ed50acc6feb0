//! What policies cost beside the predicate that they repeat: the tenant's role, and a role that bypasses them, with the same
//! statements.
//!
//! `cargo bench -p crow-tests --bench plans`; without `--bench` this is a test that everything runs, with few rows.

#![allow(missing_docs)]

use std::error::Error;
use std::time::{Duration, Instant};

use crow_core::schema::INSTALL_SQL;
use crow_testkit::{Server, ServerOptions};
use crow_tests::plans::{self, ORDERS, STATEMENTS, Statement};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

type Failure = Box<dyn Error + Send + Sync>;

/// A big tenant, a middling one, and one with some hundred orders.
const RANKS: [usize; 3] = [3, 30, 300];

/// How many times as long a statement may take under the policies.
const GOAL: f64 = 1.15;

#[path = "plans/operators.rs"]
mod operators;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rows, rounds, length) = if full { (1_000_000, 31, 60) } else { (5_000, 1, 2) };
    let length = Duration::from_millis(length);
    let server = Server::private(ServerOptions::default().setting("shared_buffers", "1GB"))?;
    let root = connect(&server.superuser_url("postgres")).await?;
    root.batch_execute(INSTALL_SQL).await?;
    for migration in plans::tables()?.iter() {
        for statement in migration.statements() {
            root.batch_execute(statement).await?;
        }
    }
    for statement in plans::fill(rows).split_inclusive(';') {
        root.batch_execute(statement).await?;
    }
    root.batch_execute("CHECKPOINT").await?;

    let [bound, free] = [
        connect(&server.url("crow_app", "postgres")).await?,
        connect(&server.url("crow_admin", "postgres")).await?,
    ];
    println!(
        "\n{rows} orders of 1,000 tenants. Microseconds a statement takes, medians of {rounds} rounds.\n"
    );
    println!("| statement | table | without policies | with | ratio |\n|---|---|---|---|---|");
    let mut worst: f64 = 0.0;
    for statement in STATEMENTS {
        for orders in ORDERS {
            let mut sides =
                [Side::new(&free, statement, orders).await?, Side::new(&bound, statement, orders).await?];
            for round in 0..=rounds {
                for rank in RANKS {
                    for at in 0..2 {
                        sides[(at + round) % 2].run(&root, rank, length, round > 0).await?;
                    }
                }
            }
            let [free, bound] = sides.map(Side::median);
            worst = worst.max(bound / free);
            println!("| {} | {orders} | {free:.0} | {bound:.0} | {:.2} |", statement.name, bound / free);
        }
    }
    println!("\nThe worst ratio is {worst:.2} (goal: {GOAL}).");
    operators::compare(&root, &bound, &free, if full { 200_000 } else { 5_000 }).await?;
    if full && worst > GOAL { Err("a statement takes longer than the goal".into()) } else { Ok(()) }
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// One statement on one session.
struct Side<'a> {
    client: &'a Client,
    statement: &'a Statement,
    prepared: tokio_postgres::Statement,
    times: Vec<f64>,
}

impl<'a> Side<'a> {
    async fn new(client: &'a Client, statement: &'a Statement, orders: &str) -> Result<Self, Failure> {
        // Not only of the tenant's own transaction: a statement is prepared once.
        let prepared = client.prepare(&statement.on(orders)).await?;
        Ok(Self { client, statement, prepared, times: Vec::new() })
    }

    /// In a transaction of the tenant's, which is undone. Both sides enter it.
    async fn run(
        &mut self,
        root: &Client,
        rank: usize,
        length: Duration,
        counts: bool,
    ) -> Result<(), Failure> {
        let names = [Some(rank.to_string()), self.statement.key.map(|key| format!("{rank}{key}"))];
        let mut keys = Vec::new();
        for name in names.iter().flatten() {
            let row = root.query_one(&format!("SELECT {}::text", plans::key(name)), &[]).await?;
            keys.push(row.try_get::<_, String>(0)?);
        }
        let binds: Vec<&(dyn ToSql + Sync)> = keys.iter().map(|key| key as &(dyn ToSql + Sync)).collect();
        self.client.batch_execute(&format!("BEGIN; SELECT crow.enter('{}')", keys[0])).await?;
        let begun = Instant::now();
        let mut done = 0_u32;
        while begun.elapsed() < length {
            self.client.execute(&self.prepared, &binds).await?;
            done += 1;
        }
        let time = begun.elapsed().as_secs_f64() * 1e6 / f64::from(done);
        self.client.batch_execute("ROLLBACK").await?;
        if counts {
            self.times.push(time);
        }
        Ok(())
    }

    fn median(mut self) -> f64 {
        self.times.sort_by(f64::total_cmp);
        self.times[self.times.len() / 2]
    }
}
