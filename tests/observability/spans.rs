//! A span for each scope and each statement, and an event for what happens to connections.

use std::future::pending;
use std::time::Duration;

use crow_core::schema::{TableMigrations, job_runs};
use crow_core::{Access, AdminPool, Error, Job, JobKey, JobKeys, TenantJob, TenantPool};
use crow_examples::models::Vehicle;
use crow_examples::schema::{service_records, vehicles};
use diesel::prelude::*;
use diesel::sql_query;
use diesel_async::SimpleAsyncConnection;
use futures_util::{StreamExt, TryStreamExt, try_join};
use serde::{Deserialize, Serialize};

use crate::recorder::{Recorder, Seen};
use crate::shop::{Outcome, Shops, vehicle};

/// Operation, table, rows returned, rows affected, kind of error.
fn told(seen: &Seen) -> [&str; 5] {
    [
        "db.operation.name",
        "db.collection.name",
        "db.response.returned_rows",
        "crow.affected_rows",
        "error.type",
    ]
    .map(|field| seen.field(field))
}

#[tokio::test]
async fn a_scope_is_a_span_and_its_closure_runs_in_it() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (recorder, _guard) = Recorder::install();
    shops
        .pool
        .scope(shops.ours, async |db| {
            tracing::info!(target: "crow", "of the application");
            db.query::<Vehicle>().count(db).await
        })
        .await?;
    let all = recorder.all();
    let scopes = recorder.take("scope");
    let [scope] = &scopes[..] else { panic!("{scopes:#?}") };
    assert_eq!(scope.field("crow.tenant.id"), shops.ours.to_string());
    assert_eq!(scope.field("db.system.name"), "postgresql");
    assert_eq!(scope.field("db.namespace"), shops.db.database().name());
    assert_eq!(scope.field("db.client.connection.pool.name"), "crow");
    assert!(scope.number("crow.checkout.seconds") >= 0.0, "{scope:?}");
    assert_eq!((scope.field("crow.access.id"), scope.field("error.type")), ("", ""));
    let event = all.iter().find(|seen| seen.name == "of the application").ok_or("no event")?;
    assert_eq!(event.within, ["scope"]);
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Reminder;

impl Job for Reminder {
    const KIND: &'static str = "reminder";
}

#[tokio::test]
async fn what_a_job_logs_carries_its_id_and_kind_and_the_tenant() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let ledger = TableMigrations::new().create("1_job_runs", job_runs())?;
    for table in ledger.iter() {
        shops.superuser().await?.batch_execute(&table.up_sql()).await?;
    }
    let ring = JobKeys::new(JobKey::new("2026", "of these tests, of 32 bytes and more")?);
    let job = TenantJob::sign(shops.ours, &Reminder, &ring)?.open(&ring)?;
    let (recorder, _guard) = Recorder::install();
    job.run(&shops.pool, async |_| {
        tracing::info!("of the worker");
        Ok::<_, Error>(())
    })
    .await?;
    let all = recorder.all();
    let event = all.iter().find(|seen| seen.name == "of the worker").ok_or("no event")?;
    assert_eq!(event.within, ["job", "scope"]);
    let [span] = &recorder.take("job")[..] else { panic!("{all:#?}") };
    assert_eq!(span.field("crow.job.id"), job.id().to_string());
    assert_eq!(span.field("crow.job.kind"), "reminder");
    Ok(())
}

#[tokio::test]
async fn each_statement_is_a_span_of_its_scope() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (recorder, _guard) = Recorder::install();
    shops
        .pool
        .scope(shops.ours, async |db| {
            let made: Vec<Vehicle> = db
                .insert_into::<Vehicle>()
                .values([vehicle("Honda", "new 1"), vehicle("Honda", "new 2")])
                .get_results(db)
                .await?;
            db.update::<Vehicle>().find(made[0].id).set(vehicles::year.eq(2021)).execute(db).await?;
            db.query::<Vehicle>().inner_join(service_records::table).load::<Vehicle>(db).await?;
            let (all, count) = try_join!(
                db.query::<Vehicle>().for_update().load::<Vehicle>(db),
                db.query::<Vehicle>().count(db)
            )?;
            assert_eq!(all.len() as i64, count);
            db.delete::<Vehicle>().filter(vehicles::model.like("new%")).execute(db).await?;
            db.query::<Vehicle>().stream::<Vehicle>(db).try_collect::<Vec<_>>().await?;
            db.rls_only(sql_query("SELECT 1")).execute(db).await?;
            db.transaction(async |tx| tx.query::<Vehicle>().first::<Vehicle>(tx).await).await
        })
        .await?;
    let statements = recorder.take("statement");
    let spans: Vec<&Seen> = statements.iter().filter(|seen| seen.fields.contains_key("otel.name")).collect();
    let told: Vec<_> = spans.iter().map(|span| told(span)).collect();
    let vehicles = |operation, returned, affected| [operation, "vehicles", returned, affected, ""];
    assert_eq!(
        told[..3],
        [vehicles("INSERT", "2", ""), vehicles("UPDATE", "", "1"), vehicles("SELECT", "1", "")]
    );
    let mut together = told[3..5].to_vec();
    together.sort();
    assert_eq!(together, [vehicles("SELECT", "1", ""), vehicles("SELECT", "5", "")]);
    assert_eq!(
        told[5..],
        [
            vehicles("DELETE", "", "2"),
            vehicles("SELECT", "3", ""),
            ["RLS_ONLY", "", "", "1", ""],
            vehicles("SELECT", "1", ""),
        ]
    );
    for span in spans {
        assert_eq!(span.within, ["scope"]);
        assert_eq!(span.field("otel.kind"), "client");
        assert!(span.number("crow.flight.seconds") >= 0.0, "{span:?}");
    }
    assert_eq!(statements[0].field("otel.name"), "", "the text comes first");
    Ok(())
}

#[tokio::test]
async fn the_text_of_a_statement_is_an_event_and_the_text_of_raw_sql_is_not() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (recorder, _guard) = Recorder::install();
    shops
        .pool
        .scope(shops.ours, async |db| {
            db.rls_only(sql_query("SELECT 'x'")).execute(db).await?;
            db.query::<Vehicle>()
                .filter(vehicles::make.eq("Honda"))
                .select(vehicles::id)
                .limit(3)
                .load::<uuid::Uuid>(db)
                .await
        })
        .await?;
    let texts: Vec<_> = recorder
        .take("statement")
        .iter()
        .map(|seen| seen.field("db.query.text").to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let [text] = &texts[..] else { panic!("{texts:#?}") };
    assert!(text.starts_with(r#"SELECT "vehicles"."id" FROM "vehicles" WHERE "#), "{text}");
    assert!(text.contains(r#""make" = $2"#) && text.ends_with("LIMIT $3"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_statement_that_fails_or_is_dropped_says_so() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (recorder, _guard) = Recorder::install();
    let failed =
        shops.pool.scope(shops.ours, async |db| db.rls_only(sql_query("SELECT 1/0")).execute(db).await).await;
    assert!(failed.is_err());
    assert_eq!(
        recorder.take("statement").iter().map(told).collect::<Vec<_>>(),
        [["RLS_ONLY", "", "", "", "other"]]
    );
    shops
        .pool
        .scope(shops.ours, async |db| {
            let long = db.rls_only(sql_query("SELECT pg_sleep(2)")).execute(db);
            assert!(tokio::time::timeout(Duration::from_millis(50), long).await.is_err());
            Ok::<_, Error>(())
        })
        .await?;
    let all = recorder.all();
    let statement = all.iter().find(|seen| seen.name == "statement").ok_or("no span")?;
    assert_eq!(told(statement), ["RLS_ONLY", "", "", "", "dropped"]);
    let closed = recorder.take("connection closed");
    assert_eq!(closed.iter().map(|seen| seen.field("reason")).collect::<Vec<_>>(), ["interrupted"]);
    let stream = shops.pool.scope(shops.ours, async |db| {
        let mut rows = db.query::<Vehicle>().stream::<Vehicle>(db);
        rows.next().await.ok_or(Error::NotFound)?.map(drop)
    });
    stream.await?;
    let streams: Vec<_> = recorder
        .take("statement")
        .into_iter()
        .filter(|seen| !seen.fields.contains_key("db.query.text"))
        .collect();
    assert_eq!(streams.iter().map(told).collect::<Vec<_>>(), [["SELECT", "vehicles", "", "", "dropped"]]);
    Ok(())
}

#[tokio::test]
async fn a_statement_that_is_never_polled_is_not_timed() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (recorder, _guard) = Recorder::install();
    shops
        .pool
        .scope(shops.ours, async |db| {
            drop(db.query::<Vehicle>().count(db));
            Ok::<_, Error>(())
        })
        .await?;
    assert!(recorder.take("statement").iter().all(|seen| seen.field("error.type").is_empty()));
    Ok(())
}

#[tokio::test]
async fn connections_that_are_opened_and_closed_are_events() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (recorder, _guard) = Recorder::install();
    let reasons = |recorder: &Recorder| -> Vec<String> {
        recorder.take("connection closed").iter().map(|seen| seen.field("reason").to_owned()).collect()
    };
    let short = Duration::from_millis(50);
    let pool = TenantPool::builder(shops.db.tenant_url()).max_size(1).max_lifetime(short).connect().await?;
    tokio::time::sleep(2 * short).await;
    pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await).await?;
    assert_eq!(reasons(&recorder).first().map(String::as_str), Some("lifetime"));
    pool.close(Duration::from_secs(5)).await;

    let pool = TenantPool::builder(shops.db.tenant_url()).max_size(1).connect().await?;
    recorder.take("all that was");
    pool.close(Duration::from_secs(5)).await;
    assert_eq!(reasons(&recorder), ["pool closed"]);

    let _ = shops
        .pool
        .scope(shops.ours, async |db| db.rls_only(sql_query("PREPARE spy AS SELECT 1")).execute(db).await)
        .await;
    assert_eq!(reasons(&recorder), ["unclean"]);

    shops.pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await).await?;
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'crow_app'";
    shops.superuser().await?.batch_execute(kill).await?;
    let _ = shops.pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await).await;
    let _ = shops.pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await).await;
    assert_eq!(reasons(&recorder), ["lost"]);
    shops.pool.scope(shops.ours, async |db| db.query::<Vehicle>().count(db).await).await?;
    let opened = recorder.take("connection opened");
    assert!(opened.iter().all(|seen| seen.number("seconds") > 0.0), "{opened:?}");
    Ok(())
}

#[tokio::test]
async fn a_pool_that_is_exhausted_says_so() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(1).wait_timeout(Duration::from_millis(50))).await?;
    let (recorder, _guard) = Recorder::install();
    shops
        .pool
        .scope(shops.ours, async |_| {
            let late = shops.pool.scope(shops.theirs, async |_| pending::<Result<(), Error>>().await).await;
            assert!(matches!(late, Err(Error::PoolTimeout)));
            Ok::<_, Error>(())
        })
        .await?;
    let all = recorder.all();
    let events = recorder.take("no connection became free in time");
    let [event] = &events[..] else { panic!("{events:#?}") };
    assert_eq!((event.field("db.client.connection.pool.name"), event.field("in_use")), ("crow", "1"));
    let late = all.iter().find(|seen| seen.name == "scope").ok_or("no span")?;
    assert_eq!(late.field("error.type"), "pool_timeout");
    assert_eq!(late.field("crow.tenant.id"), shops.theirs.to_string());
    Ok(())
}

#[tokio::test]
async fn accesses_across_tenants_are_events() -> Outcome {
    let shops = Shops::open().await?;
    let admin = AdminPool::builder(shops.db.admin_url()).connect().await?;
    let (recorder, _guard) = Recorder::install();
    admin.get(Access::new("Ada", "ticket 7").writing()).await?;
    let ticket = Access::new("Eve", "ticket 8");
    admin
        .as_tenant(&shops.pool, shops.ours, ticket, async |db| db.query::<Vehicle>().count(db).await)
        .await?;
    let all = recorder.all();
    let events = recorder.take("access across tenants");
    let told: Vec<_> = events
        .iter()
        .map(|seen| {
            ["crow.access.id", "actor", "reason", "mode", "crow.tenant.id"].map(|field| seen.field(field))
        })
        .collect();
    let ours = shops.ours.to_string();
    assert_eq!(told, [["1", "Ada", "ticket 7", "write", ""], ["2", "Eve", "ticket 8", "read", &ours]]);
    let scope = all.iter().find(|seen| seen.name == "scope").ok_or("no span")?;
    assert_eq!(scope.field("crow.access.id"), "2");
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_runs_again_says_so() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (recorder, _guard) = Recorder::install();
    let sql = "DO $$ BEGIN RAISE 'busy' USING ERRCODE = 'serialization_failure'; END $$";
    let conflict = shops
        .pool
        .build_transaction(shops.ours)
        .retrying(2)
        .run(async |tx| tx.rls_only(sql_query(sql)).execute(tx).await)
        .await;
    assert!(matches!(conflict, Err(Error::Conflict { .. })), "{conflict:?}");
    let events = recorder.take("transaction runs again after a conflict");
    assert_eq!(events.iter().map(|seen| seen.field("attempt")).collect::<Vec<_>>(), ["1"]);
    assert_eq!(events[0].within, ["scope"]);
    Ok(())
}
