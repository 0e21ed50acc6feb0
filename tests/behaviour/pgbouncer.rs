//! Behind PgBouncer everything works, or `connect` says what to change.

use std::future::pending;
use std::time::Duration;

use crow_core::{Access, AdminPool, Error, TenantId, TenantPool};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use crow_testkit::TestDb;
use diesel::prelude::*;
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use futures_util::future::{select_all, try_join_all};
use tokio::sync::Notify;
use tokio_postgres::NoTls;

use crate::bouncer::{Bouncer, Program, skipped};
use crate::shop::{Outcome, backend, database, number, raw_texts, superuser, texts, vehicle};

const SESSION: &str = "pool_mode = session\ndefault_pool_size = 5";
const INSTALL: &str =
    "PgBouncer: install it (apt-get install pgbouncer), or let CROW_PGBOUNCER name its program";
const NEWER: &str = "PgBouncer 1.21 or later, which CROW_PGBOUNCER can name";

/// Reads and writes, transactions, savepoints, errors, cancellation, and what SQL leaves behind.
async fn assert_everything_works(pool: &TenantPool, db: &TestDb) -> Outcome {
    let shop = TenantId::random();
    let civic: Vehicle = pool
        .scope(shop, async |db| {
            db.insert_into::<Vehicle>().values(vehicle("Honda", "Civic")).get_result(db).await
        })
        .await?;
    let seen = pool
        .transaction(shop, async |tx| {
            tx.insert_into::<Vehicle>().values(vehicle("Honda", "Jazz")).execute(tx).await?;
            let undone = tx
                .transaction(async |tx| {
                    tx.delete::<Vehicle>().execute(tx).await?;
                    tx.rls_only(sql_query("SELECT 1/0")).execute(tx).await
                })
                .await;
            assert!(undone.is_err());
            tx.query::<Vehicle>()
                .order(vehicles::model.asc())
                .select(vehicles::model)
                .load::<String>(tx)
                .await
        })
        .await?;
    assert_eq!(seen, ["Civic", "Jazz"]);
    let twice = pool
        .scope(shop, async |db| {
            db.insert_into::<Vehicle>()
                .values((vehicles::id.eq(civic.id), vehicle("Honda", "Civic")))
                .execute(db)
                .await
        })
        .await;
    assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
    let dropped = pool.transaction(shop, async |tx| {
        tx.delete::<Vehicle>().execute(tx).await?;
        pending::<Result<(), Error>>().await
    });
    assert!(tokio::time::timeout(Duration::from_millis(200), dropped).await.is_err());
    let left = pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await?;
    assert_eq!(left, 2, "a transaction that was dropped is rolled back");
    let foreign = pool
        .scope(TenantId::random(), async |db| db.query::<Vehicle>().find(civic.id).first::<Vehicle>(db).await)
        .await;
    assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
    let open = "SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database() \
                AND usename = 'crow_app' AND state LIKE 'idle in transaction%'";
    let mut superuser = superuser(db).await?;
    while number(&mut superuser, open).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Each tenant writes and reads its own plate, 16 at a time, some of them dropped half-way.
async fn assert_no_foreign_row(pool: &TenantPool) -> Outcome {
    let tenants: Vec<_> = (0..16).map(|_| TenantId::random()).collect();
    let shop = async |tenant: TenantId| -> Outcome {
        let plate = tenant.to_string();
        for round in 0..12 {
            let half_way = Notify::new();
            let work = pool.transaction(tenant, async |tx| {
                tx.delete::<Vehicle>().execute(tx).await?;
                let new = crow_examples::models::NewVehicle { plate: &plate, ..vehicle("Honda", "Civic") };
                tx.insert_into::<Vehicle>().values(new).execute(tx).await?;
                if round % 4 == 3 {
                    half_way.notify_one();
                    pending::<()>().await;
                }
                tx.delete::<Vehicle>().execute(tx).await?;
                let new = crow_examples::models::NewVehicle { plate: &plate, ..vehicle("Toyota", "Yaris") };
                tx.insert_into::<Vehicle>().values(new).execute(tx).await
            });
            tokio::select! {
                done = work => drop(done?),
                () = half_way.notified() => {}
            }
            let (rows, all) = pool
                .scope(tenant, async |db| {
                    let rows = db.query::<Vehicle>().select((vehicles::plate, vehicles::make));
                    let rows: Vec<(String, String)> = rows.load(db).await?;
                    Ok::<_, Error>((rows, raw_texts(db, "SELECT plate AS text FROM vehicles").await?))
                })
                .await?;
            assert_eq!(rows, [(plate.clone(), "Toyota".to_owned())]);
            assert_eq!(all, [plate.as_str()], "the database alone");
        }
        Ok(())
    };
    try_join_all(tenants.into_iter().map(shop)).await?;
    Ok(())
}

#[tokio::test]
async fn with_session_pooling_everything_works() -> Outcome {
    let programs = Program::all().await?;
    if programs.is_empty() {
        return skipped("with_session_pooling_everything_works", INSTALL);
    }
    for program in programs {
        let db = database().await?;
        let bouncer = Bouncer::start(&program, &db, SESSION).await?;
        // Connections come and go, and so each is given a session that another one has used.
        for _ in 0..3 {
            let pool = TenantPool::builder(bouncer.url("crow_app", &db)).max_size(4).connect().await?;
            assert_everything_works(&pool, &db).await?;
            assert_no_foreign_row(&pool).await?;
            let admin = AdminPool::builder(bouncer.url("crow_admin", &db)).max_size(2).connect().await?;
            let mut conn = admin.get(Access::new("billing-job", "monthly invoices")).await?;
            let rows: i64 = vehicles::table.count().get_result(&mut conn).await?;
            assert!(rows > 0);
            let marked = "SELECT current_setting('row_security') AS text";
            assert_eq!(texts(&mut conn, marked).await?, ["off"]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn with_transaction_pooling_everything_works_that_a_transaction_holds() -> Outcome {
    let programs = Program::modern().await?;
    if programs.is_empty() {
        return skipped("with_transaction_pooling_everything_works_that_a_transaction_holds", NEWER);
    }
    for program in programs {
        for (sessions, in_turn) in [(1, 0), (4, 0), (4, 1)] {
            let db = database().await?;
            let settings = format!(
                "pool_mode = transaction\nmax_prepared_statements = 200\ndefault_pool_size = {sessions}\n\
                 server_round_robin = {in_turn}"
            );
            let bouncer = Bouncer::start(&program, &db, &settings).await?;
            for _ in 0..2 {
                let pool = TenantPool::builder(bouncer.url("crow_app", &db)).max_size(12).min_size(12);
                let pool = pool.connect().await?;
                assert_everything_works(&pool, &db).await?;
                assert_no_foreign_row(&pool).await?;
                let backends = try_join_all(
                    (0..24).map(|_| pool.scope(TenantId::random(), async |db| backend(db).await)),
                );
                let mut backends = backends.await?;
                backends.sort_unstable();
                backends.dedup();
                assert!(backends.len() <= sessions, "{backends:?}");
            }
        }
    }
    Ok(())
}

/// Also while the sessions are new, where they are dealt out in turn, and where there is only one.
#[tokio::test]
async fn a_pooler_that_forgets_prepared_statements_is_refused() -> Outcome {
    let programs = Program::all().await?;
    if programs.is_empty() {
        return skipped("a_pooler_that_forgets_prepared_statements_is_refused", INSTALL);
    }
    for program in programs {
        let forgets = if program.is_modern() { "max_prepared_statements = 0" } else { "" };
        for (sessions, in_turn, connections) in
            [(1, 0, 1), (1, 0, 4), (2, 0, 1), (4, 0, 1), (4, 0, 4), (2, 1, 1), (4, 1, 1), (4, 1, 4)]
        {
            let db = database().await?;
            let settings = format!(
                "pool_mode = transaction\n{forgets}\ndefault_pool_size = {sessions}\nmin_pool_size = {sessions}\n\
                 server_round_robin = {in_turn}"
            );
            let bouncer = Bouncer::start(&program, &db, &settings).await?;
            for attempt in 0..3 {
                let case = format!("{settings}, {connections} connections, attempt {attempt}");
                let pool = TenantPool::builder(bouncer.url("crow_app", &db)).max_size(connections);
                let refused = pool.min_size(connections).connect().await.map(drop);
                assert!(
                    matches!(&refused, Err(Error::Invalid(text)) if text.contains("max_prepared_statements")),
                    "{case}: {refused:?}"
                );
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn admin_is_refused_where_transactions_are_pooled() -> Outcome {
    let programs = Program::all().await?;
    if programs.is_empty() {
        return skipped("admin_is_refused_where_transactions_are_pooled", INSTALL);
    }
    for program in programs {
        let statements = if program.is_modern() { "max_prepared_statements = 200" } else { "" };
        for (sessions, in_turn) in [(1, 0), (4, 0), (4, 1)] {
            let db = database().await?;
            let settings = format!(
                "pool_mode = transaction\n{statements}\ndefault_pool_size = {sessions}\nserver_round_robin = {in_turn}"
            );
            let bouncer = Bouncer::start(&program, &db, &settings).await?;
            let refused = AdminPool::builder(bouncer.url("crow_admin", &db)).connect().await;
            assert!(
                matches!(&refused, Err(Error::Invalid(text)) if text.contains("pool")),
                "{settings}: {refused:?}"
            );
        }
    }
    Ok(())
}

/// As the guide recommends: transactions for the application, sessions for admin.
#[tokio::test]
async fn one_pooler_can_serve_both() -> Outcome {
    let programs = Program::modern().await?;
    if programs.is_empty() {
        return skipped("one_pooler_can_serve_both", NEWER);
    }
    for program in programs {
        let db = database().await?;
        let settings = "pool_mode = transaction\nmax_prepared_statements = 200\ndefault_pool_size = 4\n\
                        [users]\ncrow_admin = pool_mode=session";
        let bouncer = Bouncer::start(&program, &db, settings).await?;
        let pool = TenantPool::builder(bouncer.url("crow_app", &db)).connect().await?;
        let admin = AdminPool::builder(bouncer.url("crow_admin", &db)).max_size(3).connect().await?;
        let shop = TenantId::random();
        let access = Access::new("Ada", "ticket 4711");
        let seen =
            admin.as_tenant(&pool, shop, access, async |db| db.query::<Vehicle>().count(db).await).await?;
        assert_eq!(seen, 0);
        admin.get(Access::new("billing-job", "monthly invoices")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn crow_sends_no_startup_parameter_that_pgbouncer_refuses() -> Outcome {
    let programs = Program::all().await?;
    if programs.is_empty() {
        return skipped("crow_sends_no_startup_parameter_that_pgbouncer_refuses", INSTALL);
    }
    for program in programs {
        let db = database().await?;
        let bouncer = Bouncer::start(&program, &db, SESSION).await?;
        let url = bouncer.url("crow_app", &db);
        TenantPool::builder(format!("{url}?application_name=shop")).connect().await?;
        // One that the URL asks for is the user's own.
        let refused = TenantPool::builder(format!("{url}?options=-c%20work_mem%3D64MB")).connect().await;
        assert!(matches!(&refused, Err(Error::Connection(text)) if text.contains("options")), "{refused:?}");
    }
    Ok(())
}

/// Before 1.21 PgBouncer hands a session on as soon as one of its client's statements is done, whatever else that client
/// had sent. The next client is answered what the one before it had asked.
#[tokio::test]
async fn answers_to_somebody_else_end_the_connection() -> Outcome {
    let programs = Program::all().await?;
    if programs.is_empty() {
        return skipped("answers_to_somebody_else_end_the_connection", INSTALL);
    }
    for program in programs {
        let db = database().await?;
        let bouncer = Bouncer::start(&program, &db, "pool_mode = session\ndefault_pool_size = 2").await?;
        let url = bouncer.url("crow_app", &db);
        let connect = || TenantPool::builder(&url).max_size(1).connect();
        let raw = async || -> Outcome<_> {
            let (client, driver) = tokio_postgres::connect(&url, NoTls).await?;
            let driver = tokio::spawn(driver);
            let slow = client.prepare("SELECT pg_sleep(0.1)").await?;
            Ok((client, slow, driver))
        };
        // With one session taken there is one left, which goes from hand to hand.
        let other = raw().await?;
        let (client, slow, driver) = raw().await?;
        let asked = (0..8).map(|_| Box::pin(tokio_postgres::Client::execute(&client, &slow, &[])));
        let (first, ..) = select_all(asked).await;
        first?;
        driver.abort();
        if !program.is_modern() {
            let next = connect().await;
            let Err(Error::Connection(said)) = next else { panic!("{next:?}") };
            assert!(said.contains("unexpected message"), "{said}");
        }
        drop(other);
        let pool = connect().await?;
        assert_everything_works(&pool, &db).await?;
    }
    Ok(())
}
