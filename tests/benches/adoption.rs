//! How long an application waits while its tables are adopted.
//!
//! `cargo bench -p crow-tests --bench adoption`; without `--bench` this is a test that everything runs, with few rows.

#![allow(missing_docs)]

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crow_core::schema::{Adoption, INSTALL_SQL, Weight};
use crow_testkit::{Server, ServerOptions};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

type Failure = Box<dyn Error + Send + Sync>;

/// The longest that anybody may wait.
const GOAL: Duration = Duration::from_millis(200);

const TABLES: &str = "
CREATE TABLE customers (id bigserial PRIMARY KEY, account uuid NOT NULL, email text NOT NULL UNIQUE);
CREATE TABLE orders (
  id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE, number int NOT NULL,
  note text NOT NULL DEFAULT '', placed_at timestamptz NOT NULL DEFAULT now(), UNIQUE (customer_id, number));
CREATE INDEX ON orders (placed_at);
INSERT INTO customers (account, email) SELECT md5((n % 1000)::text)::uuid, n || '@x' FROM generate_series(1, 10000) AS n;
INSERT INTO orders (customer_id, number, note) SELECT 1 + n % 10000, n / 10000, repeat('x', 60) FROM generate_series(1, {rows}) AS n;
ANALYZE; CHECKPOINT";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let full = std::env::args().any(|argument| argument == "--bench");
    let rows = if full { 1_000_000 } else { 5_000 };
    let server = Server::private(
        ServerOptions::default().setting("shared_buffers", "512MB").setting("max_wal_size", "4GB"),
    )?;
    let mut root = AsyncPgConnection::establish(&server.superuser_url("postgres")).await?;
    root.batch_execute(INSTALL_SQL).await?;
    root.batch_execute(&TABLES.replace("{rows}", &rows.to_string())).await?;

    let waits = Arc::new(Mutex::new(Vec::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..2)
        .map(|seed| {
            tokio::spawn(write(server.superuser_url("postgres"), seed, Arc::clone(&waits), Arc::clone(&stop)))
        })
        .collect();

    let adoption = Adoption::new()
        .backfill("customers", "account")
        .backfill("orders", "(SELECT c.tenant_id FROM customers AS c WHERE c.id = orders.customer_id)");
    let mut ended = Vec::new();
    let begun = Instant::now();
    let adopted =
        adoption.run(&mut root, |step| ended.push((Instant::now(), step.weight, step.purpose.clone()))).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await??;
    }
    adopted?;

    let waits = waits.lock().map_err(|_| "a writer panicked")?;
    println!("\n{rows} rows, {} statements of two writers meanwhile. Milliseconds.\n", waits.len());
    println!("| step | takes | longest that a writer waited |\n|---|---|---|");
    let mut from = begun;
    let mut longest = Duration::ZERO;
    for (end, weight, purpose) in &ended {
        let waited = waits
            .iter()
            .filter(|(at, wait)| *at + *wait >= from && *at <= *end)
            .map(|(_, wait)| *wait)
            .max()
            .unwrap_or_default();
        let mark = if *weight == Weight::Brief { "" } else { " (shares)" };
        println!("| {purpose}{mark} | {:.1} | {:.1} |", millis(*end - from), millis(waited));
        longest = longest.max(waited);
        from = *end;
    }
    println!(
        "\nAll in {:.1} s; nobody waited longer than {:.1} ms (goal: {:.0}).",
        begun.elapsed().as_secs_f64(),
        millis(longest),
        millis(GOAL)
    );
    if full && longest > GOAL { Err("a writer waited longer than the goal".into()) } else { Ok(()) }
}

/// Inserts, updates and reads, one statement at a time, until the tables are protected.
async fn write(
    url: String,
    seed: u64,
    waits: Arc<Mutex<Vec<(Instant, Duration)>>>,
    stop: Arc<AtomicBool>,
) -> Result<(), Failure> {
    let mut conn = AsyncPgConnection::establish(&url).await?;
    for n in seed.. {
        let statements = [
            format!(
                "INSERT INTO orders (customer_id, number) VALUES ({}, {}) ON CONFLICT (customer_id, number) DO NOTHING",
                1 + n % 10_000,
                1000 + seed * 1_000_000 + n
            ),
            format!("UPDATE orders SET note = 'y' WHERE id = {}", 1 + n * 7919 % 5_000),
        ];
        for statement in statements {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let begun = Instant::now();
            let answer = conn.batch_execute(&statement).await;
            waits.lock().map_err(|_| "another writer panicked")?.push((begun, begun.elapsed()));
            match answer {
                // From the cut-over on it would have to name its tenant.
                Err(error)
                    if error.to_string().contains("ON CONFLICT")
                        || error.to_string().contains("no tenant") =>
                {
                    return Ok(());
                }
                answer => answer.map(drop)?,
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
