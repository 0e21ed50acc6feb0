//! What is done is done as often as it may, in the transaction of what it does.

use chrono::{TimeDelta, Utc};
use crow_core::schema::{TableMigrations, job_runs};
use crow_core::{
    Error, Job, JobError, TenantConn, TenantId, TenantJob, TenantPool, VerifiedJob, forget_expired_jobs,
};
use crow_examples::MIGRATIONS;
use crow_examples::models::{NewVehicle, Vehicle};
use crow_testkit::{FromTestDb, TestDb, cancel};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::forger::Forged;
use crate::{Outcome, Reminder, reminder, ring};

/// A pool on the examples' database, which has a ledger as well.
struct Workshop(TenantPool);

impl FromTestDb for Workshop {
    async fn from_test_db(db: &TestDb) -> Outcome<Self> {
        let tables = TableMigrations::new().create("1_job_runs", job_runs())?;
        let sql: String = tables.iter().map(|table| table.up_sql()).collect();
        AsyncPgConnection::establish(&db.owner_url()).await?.batch_execute(&sql).await?;
        Ok(Self(db.tenant_pool().await?))
    }
}

fn job<T: Job>(shop: TenantId, payload: &T) -> Outcome<VerifiedJob<T>> {
    Ok(TenantJob::sign(shop, payload, &ring())?.open(&ring())?)
}

async fn write(tx: &TenantConn<'_>) -> Result<(), Error> {
    let new = NewVehicle { make: "Honda", model: "Civic", year: 2019, plate: &Uuid::new_v4().to_string() };
    tx.insert_into::<Vehicle>().values(new).execute(tx).await.map(drop)
}

/// How often the work was done.
async fn done(pool: &TenantPool, shop: TenantId) -> Result<i64, Error> {
    pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await
}

async fn superuser(db: &TestDb, sql: &str) -> Outcome {
    let mut superuser = AsyncPgConnection::establish(&db.database().superuser_url()).await?;
    Ok(superuser.batch_execute(sql).await?)
}

fn is_replayed<T: std::fmt::Debug>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Job(JobError::Replayed { .. })))
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_job_is_done_once(db: &TestDb, Workshop(pool): Workshop, shop: TenantId) -> Outcome {
    let job = job(shop, &reminder())?;
    job.run(&pool, async |tx| write(tx).await).await?;
    let again = job.run(&pool, async |tx| write(tx).await).await;
    assert!(is_replayed(&again), "{again:?}");
    assert_eq!(done(&pool, shop).await?, 1);

    // With the ledger forgotten it is done again: nothing else had refused.
    superuser(db, "DELETE FROM job_runs").await?;
    job.run(&pool, async |tx| write(tx).await).await?;
    assert_eq!(done(&pool, shop).await?, 2);
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn of_workers_that_have_a_job_at_the_same_time_one_does_it(
    Workshop(pool): Workshop,
    shop: TenantId,
) -> Outcome {
    let job = job(shop, &reminder())?;
    let work = async || job.run(&pool, async |tx| write(tx).await).await;
    let results = join_all((0..8).map(|_| work())).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert!(results.iter().filter(|result| result.is_err()).all(is_replayed), "{results:?}");
    assert_eq!(done(&pool, shop).await?, 1);
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_job_that_fails_can_be_done_when_it_is_delivered_again(
    Workshop(pool): Workshop,
    shop: TenantId,
) -> Outcome {
    let job = job(shop, &reminder())?;
    let failed = job
        .run(&pool, async |tx| {
            write(tx).await?;
            Err::<(), _>(Error::NotFound)
        })
        .await;
    assert_eq!(failed, Err(Error::NotFound));
    assert_eq!(done(&pool, shop).await?, 0);
    job.run(&pool, async |tx| write(tx).await).await?;
    assert_eq!(done(&pool, shop).await?, 1);
    Ok(())
}

/// Wherever a worker dies, the job is done once or not yet, and never twice.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_job_whose_worker_is_dropped_at_any_await_is_done_once_in_the_end(
    Workshop(pool): Workshop,
    shop: TenantId,
) -> Outcome {
    // Two awaits of its own: answers may be there before the first poll for them, and the worker still dies on
    // both sides of its write.
    let work = async |tx: &TenantConn<'_>| {
        tokio::task::yield_now().await;
        write(tx).await?;
        tokio::task::yield_now().await;
        Ok::<_, Error>(())
    };
    let mut times = 0;
    for polls in 0.. {
        let job = job(shop, &reminder())?;
        let finished = cancel::after_polls(polls, job.run(&pool, async |tx| work(tx).await)).await;
        let again = job.run(&pool, async |tx| write(tx).await).await;
        assert!(again.is_ok() || is_replayed(&again), "{again:?}");
        times += 1;
        assert_eq!(done(&pool, shop).await?, times, "dropped after {polls} polls");
        if finished.is_some() {
            assert!(polls > 2, "it was dropped nowhere");
            return Ok(());
        }
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Thrice;

impl Job for Thrice {
    const KIND: &'static str = "thrice";
    const MAX_RUNS: u16 = 3;
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_kind_may_be_done_as_often_as_it_says(Workshop(pool): Workshop, shop: TenantId) -> Outcome {
    let job = job(shop, &Thrice)?;
    for _ in 0..3 {
        job.run(&pool, async |tx| write(tx).await).await?;
    }
    let again = job.run(&pool, async |tx| write(tx).await).await;
    assert!(matches!(&again, Err(Error::Job(JobError::Replayed { limit: 3, .. }))), "{again:?}");
    assert_eq!(done(&pool, shop).await?, 3);
    Ok(())
}

/// Two tenants' jobs with one id, as only somebody with the secret can make: neither takes the other's place.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn each_tenant_has_a_ledger_of_its_own(Workshop(pool): Workshop, shops: [TenantId; 2]) -> Outcome {
    for shop in shops {
        let job = Forged::with("tenant", serde_json::json!(shop.as_uuid())).job().open(&ring())?;
        job.run(&pool, async |tx| write(tx).await).await?;
        assert!(is_replayed(&job.run(&pool, async |tx| write(tx).await).await));
        assert_eq!(done(&pool, shop).await?, 1);
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_job_is_not_recorded_in_the_scope_of_another_tenant(
    Workshop(pool): Workshop,
    [ours, theirs]: [TenantId; 2],
) -> Outcome {
    let job = job(ours, &reminder())?;
    let refused = pool.scope(theirs, async |db| job.record(db).await).await;
    assert!(matches!(refused, Err(Error::Job(JobError::OtherTenant { .. }))), "{refused:?}");
    pool.scope(ours, async |db| job.record(db).await).await?;
    Ok(())
}

/// For what cannot be rolled back: recorded first, in a transaction of its own, it is done at most once.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_job_recorded_in_a_scope_stays_recorded_when_the_work_fails(
    Workshop(pool): Workshop,
    shop: TenantId,
) -> Outcome {
    let job = job(shop, &reminder())?;
    let send = async || {
        pool.scope(shop, async |db| {
            job.record(db).await?;
            Err::<(), _>(Error::NotFound)
        })
        .await
    };
    assert_eq!(send().await, Err(Error::NotFound));
    assert!(is_replayed(&send().await));
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_ledger_forgets_what_has_expired_and_nothing_else(
    Workshop(pool): Workshop,
    shops: [TenantId; 2],
) -> Outcome {
    let last_week = Utc::now() - TimeDelta::days(7);
    let mut all = Vec::new();
    for shop in shops {
        let old = TenantJob::sign_at(shop, &reminder(), &ring(), last_week)?.open_at(&ring(), last_week)?;
        let new = job(shop, &reminder())?;
        for job in [&old, &new] {
            job.run(&pool, async |tx| write(tx).await).await?;
        }
        all.push((old, new));
    }
    let forget = async |shop| pool.scope(shop, async |db| forget_expired_jobs(db).await).await;
    assert_eq!(forget(shops[0]).await?, 1);
    assert_eq!(forget(shops[0]).await?, 0);
    assert!(is_replayed(&all[0].1.run(&pool, async |tx| write(tx).await).await), "the new one is forgotten");
    assert!(
        is_replayed(&all[1].0.run(&pool, async |tx| write(tx).await).await),
        "the other tenant's is forgotten"
    );
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn without_a_ledger_no_job_is_done_and_the_cure_is_named(pool: TenantPool, shop: TenantId) -> Outcome {
    let refused = job(shop, &reminder())?.run(&pool, async |tx| write(tx).await).await;
    assert!(
        matches!(&refused, Err(Error::Invalid(cause)) if cause.contains("schema::job_runs()")),
        "{refused:?}"
    );
    assert_eq!(done(&pool, shop).await?, 0);
    Ok(())
}

/// The table of the docs, for those who write their migrations by hand.
const BY_HAND: &str = "CREATE TABLE job_runs (tenant_id uuid NOT NULL, id uuid NOT NULL, kind text NOT NULL,
    runs int4 NOT NULL, expires_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id));
    CREATE INDEX ON job_runs (tenant_id, expires_at); COMMENT ON TABLE job_runs IS 'crow: no model'; SELECT crow.protect('job_runs')";

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_ledger_made_by_hand_will_do(db: &TestDb, pool: TenantPool, shop: TenantId) -> Outcome {
    let mut owner = AsyncPgConnection::establish(&db.owner_url()).await?;
    owner.batch_execute(BY_HAND).await?;
    let job = job(shop, &Reminder { plate: "CIV 1".into() })?;
    job.run(&pool, async |tx| write(tx).await).await?;
    assert!(is_replayed(&job.run(&pool, async |tx| write(tx).await).await));
    the_audit_has_nothing_to_say(&pool).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_ledger_passes_the_audit(Workshop(pool): Workshop) -> Outcome {
    the_audit_has_nothing_to_say(&pool).await
}

async fn the_audit_has_nothing_to_say(pool: &TenantPool) -> Outcome {
    let findings: Vec<_> = pool.audit().await?.findings.iter().map(ToString::to_string).collect();
    assert!(!findings.iter().any(|finding| finding.contains("job_runs")), "{findings:?}");
    Ok(())
}

/// A worker is spawned: its future crosses threads.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_worker_can_be_spawned(Workshop(pool): Workshop, shop: TenantId) -> Outcome {
    let job = job(shop, &reminder())?;
    let worker = pool.clone();
    tokio::spawn(async move { job.run(&worker, async |tx| write(tx).await).await }).await??;
    assert_eq!(done(&pool, shop).await?, 1);
    Ok(())
}
