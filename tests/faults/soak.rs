//! Ten thousand tenants and 64 tasks; units of work of every kind, of which one in twenty is cancelled at a
//! random await, while server processes are killed.
//!
//! `CROW_SOAK_SECONDS` and `CROW_SOAK_SEED` ask for more of it, and for another one.

use std::env;
use std::time::Duration;

use crow_core::{Error, TenantConn, TenantId, TenantPool};
use crow_examples::models::{NewVehicle, Vehicle};
use crow_examples::schema::vehicles;
use crow_testkit::{Soak, TestDb};
use diesel::prelude::*;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::try_join_all;
use futures_util::{TryStreamExt, try_join};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::shop::{Outcome, database, number, raw_texts, superuser, texts};

const TENANTS: u64 = 10_000;
const CONNECTIONS: usize = 16;

/// Each vehicle's model names its tenant, each plate the pair it was written in.
const SEED: &str = "INSERT INTO vehicles (tenant_id, make, model, year, plate)
    SELECT id, 'Honda', id::text, 2020, plate
    FROM (SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id
          FROM generate_series(1, 10000) AS n) AS tenants, (VALUES ('first'), ('second')) AS plates (plate)";

/// The same number for the same seed, and a tenant that the database has.
fn tenant(seed: u64) -> TenantId {
    let number = u128::from(1 + seed % TENANTS);
    TenantId::try_from(Uuid::from_u128(0x4000_8000_0000_0000_0000 | number)).expect("not the nil UUID")
}

/// What a unit of work must never see.
#[derive(Debug)]
enum Wrong {
    ForeignRow(TenantId, String),
    Error(Error),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// All rows are this tenant's.
fn check<'m>(db: &TenantConn<'_>, models: impl IntoIterator<Item = &'m String>) -> Result<(), Wrong> {
    let own = db.tenant().to_string();
    match models.into_iter().find(|model| **model != own) {
        None => Ok(()),
        Some(model) => Err(Wrong::ForeignRow(db.tenant(), model.clone())),
    }
}

async fn read(db: &TenantConn<'_>) -> Result<(), Wrong> {
    let rows = db.query::<Vehicle>().load::<Vehicle>(db).await?;
    check(db, rows.iter().map(|row| &row.model))
}

/// Two rows, of which there must never be one.
async fn write_pair(db: &TenantConn<'_>, pair: Uuid) -> Result<(), Wrong> {
    for half in ["a", "b"] {
        write(db, &format!("{pair} {half}")).await?;
    }
    Ok(())
}

async fn write(db: &TenantConn<'_>, plate: &str) -> Result<(), Wrong> {
    let model = db.tenant().to_string();
    let new = NewVehicle { make: "Honda", model: &model, year: 2020, plate };
    let written: Vehicle = db.insert_into::<Vehicle>().values(new).get_result(db).await?;
    check(db, [&written.model])
}

async fn work(pool: &TenantPool, seed: u64) -> Result<(), Wrong> {
    let tenant = tenant(seed >> 8);
    let pair = Uuid::from_u128(u128::from(seed));
    match seed % 8 {
        0 => pool.scope(tenant, async |db| read(db).await).await,
        1 => {
            pool.scope(tenant, async |db| {
                let db = &*db;
                try_join!(read(db), read(db), read(db)).map(drop)
            })
            .await
        }
        2 => {
            pool.scope(tenant, async |db| {
                let model = db.tenant().to_string();
                let new = ["a", "b"].map(|half| format!("{pair} {half}"));
                let new = new
                    .iter()
                    .map(|plate| NewVehicle { make: "Honda", model: &model, year: 2020, plate })
                    .collect::<Vec<_>>();
                Ok(db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)?)
            })
            .await
        }
        3 => {
            pool.transaction(tenant, async |tx| {
                write_pair(tx, pair).await?;
                read(tx).await
            })
            .await
        }
        4 => {
            let undone = pool
                .transaction(tenant, async |tx| {
                    write(tx, &format!("{pair} undone")).await?;
                    Err::<(), _>(Wrong::Error(Error::NotFound))
                })
                .await;
            match undone {
                Err(Wrong::Error(Error::NotFound)) => Ok(()),
                other => other,
            }
        }
        5 => {
            pool.transaction(tenant, async |tx| tx.transaction(async |tx| write_pair(tx, pair).await).await)
                .await
        }
        6 => {
            pool.scope(tenant, async |db| {
                let rows: Vec<Vehicle> = db.query::<Vehicle>().stream(db).try_collect().await?;
                check(db, rows.iter().map(|row| &row.model))
            })
            .await
        }
        _ => {
            pool.scope(tenant, async |db| {
                let models = raw_texts(db, "SELECT model AS text FROM vehicles").await?;
                check(db, &models)?;
                let written = db
                    .update::<Vehicle>()
                    .filter(vehicles::plate.eq("first"))
                    .set(vehicles::year.eq(2021))
                    .execute(db)
                    .await?;
                assert_eq!(written, 1, "each tenant has one");
                Ok(())
            })
            .await
        }
    }
}

fn from_environment(variable: &str, otherwise: u64) -> u64 {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")),
        Err(_) => otherwise,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_ever_sees_anothers_rows_and_nothing_leaks() -> Outcome {
    let seconds = from_environment("CROW_SOAK_SECONDS", 3);
    let seed = from_environment("CROW_SOAK_SEED", 20_260_112);
    println!("CROW_SOAK_SECONDS={seconds} CROW_SOAK_SEED={seed}");
    let db = database().await?;
    superuser(&db).await?.batch_execute(SEED).await?;
    let wait = Duration::from_secs(60);
    let pool =
        TenantPool::builder(db.tenant_url()).max_size(CONNECTIONS).wait_timeout(wait).connect().await?;

    let tasks = pool.clone();
    let report = Soak::new(seed)
        .tasks(64)
        .lasting(Duration::from_secs(seconds))
        // Every second of these comes to its end before it would be dropped.
        .cancel_percent(10)
        .kill_percent(1, "crow_app")
        .run(db.database(), move |seed| {
            let pool = tasks.clone();
            async move { work(&pool, seed).await }
        })
        .await?;
    println!("{report}");
    for wrong in &report.errors {
        match wrong {
            // Whose process was killed is told so.
            Wrong::Error(Error::Connection(_) | Error::CommitUnknown(_)) => {}
            Wrong::Error(error) => panic!("{error}"),
            Wrong::ForeignRow(tenant, model) => panic!("{tenant} sees a row of {model}"),
        }
    }
    assert!(report.cancelled > 0 && report.killed > 0, "{report}: a soak without faults proves nothing");
    assert_nothing_half_done(&db).await?;
    assert_no_leak(&db, &pool).await
}

async fn assert_nothing_half_done(db: &TestDb) -> Outcome {
    let mut superuser = superuser(db).await?;
    let foreign = "SELECT model || ' of ' || tenant_id AS text FROM vehicles WHERE model <> tenant_id::text";
    assert_eq!(texts(&mut superuser, foreign).await?, Vec::<String>::new());
    let halves = "SELECT min(plate) AS text FROM vehicles WHERE plate NOT IN ('first', 'second') \
                  GROUP BY tenant_id, left(plate, 36) HAVING count(*) <> 2";
    assert_eq!(texts(&mut superuser, halves).await?, Vec::<String>::new());
    Ok(())
}

/// All connections of the pool serve a scope at once; the server has those and no other, and none when
/// the pool is closed.
async fn assert_no_leak(db: &TestDb, pool: &TenantPool) -> Outcome {
    assert_eq!(pool.status().in_use, 0);
    let all = Barrier::new(CONNECTIONS);
    let scopes = (0..CONNECTIONS as u64).map(|number| {
        pool.scope(tenant(number), async |db| {
            all.wait().await;
            read(db).await
        })
    });
    try_join_all(scopes).await.map_err(|wrong| format!("{wrong:?}"))?;
    let connections = "SELECT count(*) AS number FROM pg_stat_activity \
                       WHERE datname = current_database() AND usename = 'crow_app'";
    let mut superuser = superuser(db).await?;
    for expected in [CONNECTIONS as i64, 0] {
        let settle = async {
            // What was killed or closed may take a moment to go.
            while number(&mut superuser, connections).await? != expected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Outcome::Ok(())
        };
        tokio::time::timeout(Duration::from_secs(10), settle)
            .await
            .map_err(|_| format!("there are never {expected} connections"))??;
        pool.close(Duration::from_secs(10)).await;
    }
    Ok(())
}
