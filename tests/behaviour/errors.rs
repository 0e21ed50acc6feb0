//! Each kind of error by its real cause.

use std::time::Duration;

use crow_core::{Error, Optional, TenantId, TenantPool};
use crow_examples::models::{Make, NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
use crow_examples::schema::{makes, vehicles};
use crow_testkit::{Server, ServerOptions, TestDb};
use diesel::prelude::*;
use diesel::sql_query;
use diesel_async::SimpleAsyncConnection;
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::shop::{Outcome, Shops, backend, database, record, vehicle};

/// The error of a statement made by the closure, on its own connection and in our scope.
macro_rules! error_of {
    ($shops:expr, |$db:ident| $statement:expr) => {
        $shops
            .pool
            .scope($shops.ours, async |$db| $statement.await.map(drop))
            .await
            .expect_err("this has to fail")
    };
}

#[tokio::test]
async fn constraints_are_told_apart_and_named() -> Outcome {
    let shops = Shops::open().await?;
    let unique =
        error_of!(shops, |db| db.insert_into::<Vehicle>().values(vehicle("Honda", "Civic")).execute(db));
    assert!(
        matches!(&unique, Error::Unique(Some(name)) if name == "vehicles_tenant_id_plate_key"),
        "{unique:?}"
    );
    let parent = error_of!(shops, |db| db
        .insert_into::<ServiceRecord>()
        .values(record(Uuid::new_v4(), 1))
        .execute(db));
    assert!(matches!(&parent, Error::ForeignKey(Some(_))), "{parent:?}");
    let maker =
        error_of!(shops, |db| db.insert_into::<Vehicle>().values(vehicle("Lada", "Niva")).execute(db));
    assert!(matches!(&maker, Error::ForeignKey(Some(name)) if name == "vehicles_make_fkey"), "{maker:?}");
    let old = NewVehicle { year: 1700, ..vehicle("Honda", "coach") };
    let check = error_of!(shops, |db| db.insert_into::<Vehicle>().values(old).execute(db));
    assert!(matches!(&check, Error::Check(Some(name)) if name == "vehicles_year_check"), "{check:?}");
    let missing =
        error_of!(shops, |db| db.insert_into::<Vehicle>().values(vehicles::make.eq("Honda")).execute(db));
    assert!(matches!(&missing, Error::Check(Some(name)) if name.contains("NOT NULL")), "{missing:?}");
    for error in [unique, parent, maker, check, missing] {
        let (text, debug) = (error.to_string(), format!("{error:?}"));
        assert!(!text.contains("Civic") && !text.contains("Lada") && !text.contains("1700"), "{text}");
        assert!(!debug.contains("Civic") && !debug.contains("Lada") && !debug.contains("1700"), "{debug}");
        assert!(text.contains("constraint `"), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn no_such_row_is_not_found_and_optional_makes_it_none() -> Outcome {
    let shops = Shops::open().await?;
    let theirs: Vehicle = shops.pool.scope(shops.theirs, async |db| db.query().first(db).await).await?;
    shops
        .pool
        .scope(shops.ours, async |db| {
            let find = || db.query::<Vehicle>().find(theirs.id);
            assert!(matches!(find().first::<Vehicle>(db).await, Err(Error::NotFound)));
            assert!(matches!(find().get_result::<Vehicle>(db).await, Err(Error::NotFound)));
            assert_eq!(find().first::<Vehicle>(db).await.optional()?, None);
            let change = VehicleChanges { year: Some(1990), ..Default::default() };
            let updated = db.update::<Vehicle>().find(theirs.id).set(change).get_result::<Vehicle>(db).await;
            assert!(matches!(updated, Err(Error::NotFound)));
            let deleted = db.delete::<Vehicle>().find(theirs.id).get_result::<Vehicle>(db).await;
            assert!(matches!(deleted, Err(Error::NotFound)));
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

#[tokio::test]
async fn rows_for_another_tenant_are_refused() -> Outcome {
    let shops = Shops::open().await?;
    let sql = format!("UPDATE vehicles SET tenant_id = '{}'", shops.theirs);
    let error = error_of!(shops, |db| db.rls_only(sql_query(&*sql)).execute(db));
    assert!(matches!(&error, Error::Refused(text) if text.contains("vehicles")), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_deadlock_is_a_conflict_and_the_other_transaction_goes_on() -> Outcome {
    let shops = Shops::open().await?;
    let both_hold_one = Barrier::new(2);
    let change = |first: &'static str, second: &'static str| {
        let (pool, both_hold_one) = (&shops.pool, &both_hold_one);
        async move {
            pool.transaction(shops.ours, async |tx| {
                tx.update::<Vehicle>()
                    .filter(vehicles::model.eq(first))
                    .set(vehicles::year.eq(2001))
                    .execute(tx)
                    .await?;
                both_hold_one.wait().await;
                tx.update::<Vehicle>()
                    .filter(vehicles::model.eq(second))
                    .set(vehicles::year.eq(2002))
                    .execute(tx)
                    .await
            })
            .await
        }
    };
    let outcomes = tokio::join!(change("Civic", "Jazz"), change("Jazz", "Civic"));
    let (failed, done) = match outcomes {
        (Err(error), Ok(rows)) | (Ok(rows), Err(error)) => (error, rows),
        other => panic!("one of two has to give way: {other:?}"),
    };
    assert!(matches!(failed, Error::Conflict { .. }), "{failed:?}");
    assert!(failed.to_string().contains("run it again"));
    assert_eq!(done, 1);
    shops.assert_clean("a deadlock").await
}

#[tokio::test]
async fn a_serialization_failure_is_a_conflict() -> Outcome {
    let shops = Shops::open().await?;
    let failed = shops
        .pool
        .transaction(shops.ours, async |tx| {
            tx.rls_only(sql_query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")).execute(tx).await
        })
        .await;
    assert!(failed.is_err(), "the tenant is bound by a query, after which the level is fixed");
    let serializable = "SET default_transaction_isolation = 'repeatable read'";
    let failed = shops
        .pool
        .scope(shops.ours, async |db| {
            db.rls_only(sql_query(serializable)).execute(db).await?;
            db.transaction(async |tx| {
                tx.query::<Vehicle>().count(tx).await?;
                shops
                    .pool
                    .scope(shops.ours, async |other| {
                        other.update::<Vehicle>().set(vehicles::year.eq(2001)).execute(other).await
                    })
                    .await?;
                tx.update::<Vehicle>().set(vehicles::year.eq(2002)).execute(tx).await
            })
            .await
        })
        .await;
    assert!(matches!(failed, Err(Error::Conflict { .. })), "{failed:?}");
    shops.assert_clean("a serialization failure").await
}

#[tokio::test]
async fn a_pool_without_a_free_connection_says_so() -> Outcome {
    let shops = Shops::open_with(|pool| pool.max_size(1).wait_timeout(Duration::from_millis(50))).await?;
    let inner = shops
        .pool
        .scope(shops.ours, async |_| {
            Ok::<_, Error>(shops.pool.scope(shops.theirs, async |_| Ok::<_, Error>(())).await)
        })
        .await?;
    assert!(matches!(&inner, Err(Error::PoolTimeout)), "{inner:?}");
    assert!(inner.is_err_and(|error| error.to_string().contains("max_size")));
    shops.assert_clean("a full pool").await
}

#[tokio::test]
async fn shared_tables_and_missing_grants_are_refused_with_the_cure() -> Outcome {
    let shops = Shops::open().await?;
    let error = error_of!(shops, |db| db.rls_only(sql_query("DELETE FROM makes")).execute(db));
    assert!(matches!(&error, Error::Other(text) if text.contains("grant")), "{error:?}");
    let read =
        shops.pool.scope(shops.ours, async |db| db.query::<Make>().order(makes::name).load::<Make>(db).await);
    assert_eq!(read.await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn values_of_any_kind_are_stored_as_they_are() -> Outcome {
    let shops = Shops::open().await?;
    let long = "x".repeat(1_000_000);
    let hostile = [
        "'; DROP TABLE vehicles; --",
        "\\'; DROP TABLE vehicles; --",
        "\") OR (\"1\"=\"1",
        "$1 $$ {} %s ?",
        "\\x00 \\u0000",
        "🚗 Ñandú \u{202e}tfel ot thgir\u{202c} ￿",
        "",
        " ",
        "NULL",
        "tab\tnew\nline\r",
        &long,
    ];
    shops
        .pool
        .scope(shops.ours, async |db| {
            for (n, value) in hostile.iter().enumerate() {
                let plate = n.to_string();
                let new = NewVehicle { make: "Honda", model: value, year: 2020, plate: &plate };
                let made: Vehicle = db.insert_into::<Vehicle>().values(new).get_result(db).await?;
                assert_eq!(&made.model, value);
                let found = db.query::<Vehicle>().filter(vehicles::model.eq(value)).count(db).await?;
                assert_eq!(found, 1, "{n}");
                let any = db.query::<Vehicle>().filter(vehicles::model.eq_any(crow_core::any_of([*value])));
                assert_eq!(any.count(db).await?, 1, "{n}");
            }
            let nul = db.query::<Vehicle>().filter(vehicles::model.eq("a\0b")).count(db).await;
            assert!(matches!(&nul, Err(Error::Value(text)) if text.contains("NUL")), "{nul:?}");
            let nul = db.rls_only(sql_query("SELECT 'a\0b'")).execute(db).await;
            assert!(matches!(&nul, Err(Error::Invalid(text)) if text.contains("NUL")), "{nul:?}");
            assert_eq!(db.query::<Vehicle>().count(db).await?, 3 + hostile.len() as i64);
            Ok::<_, Error>(())
        })
        .await?;
    shops.assert_clean("hostile values").await
}

#[tokio::test]
async fn values_that_the_server_quotes_do_not_reach_the_message() -> Outcome {
    let shops = Shops::open().await?;
    for sql in [
        "SELECT 'secret'::int",
        "SELECT model::int FROM vehicles WHERE model = 'Civic'",
        "SELECT 'secret'::uuid",
        "SELECT 'secret'::date",
        "SELECT '{secret'::int[]",
        "SELECT '99999999999secret'::bigint",
        "SELECT to_date('secret', 'YYYY')",
        "SELECT 'secret'::json",
    ] {
        let error = error_of!(shops, |db| db.rls_only(sql_query(sql)).execute(db));
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret") && !text.contains("Civic"), "{sql}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_terminated_backend_breaks_one_scope_and_not_the_next() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let mut superuser = shops.superuser().await?;
    let (first, second) = shops
        .pool
        .scope(shops.ours, async |db| {
            let kill = format!("SELECT pg_terminate_backend({}, 5000)", backend(db).await?);
            superuser.batch_execute(&kill).await?;
            Ok::<_, Error>((db.query::<Vehicle>().count(db).await, db.query::<Vehicle>().count(db).await))
        })
        .await?;
    for broken in [first, second] {
        assert!(matches!(&broken, Err(Error::Connection(_))), "{broken:?}");
    }
    shops.assert_clean("a terminated backend").await
}

fn text_of(result: Result<TenantPool, Error>) -> String {
    match result {
        Err(Error::Connection(text)) => text,
        other => panic!("not a failed connection: {other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_with_the_cure() -> Outcome {
    let connect = async |url: &str| text_of(TenantPool::builder(url).connect().await);
    let nobody = connect("postgresql://shop:hunter2@127.0.0.1:1/garage").await;
    assert!(nobody.contains("garage") && nobody.contains("check that the server runs"), "{nobody}");
    let no_socket = connect("postgresql://shop:hunter2@%2Fnowhere/garage").await;
    assert!(no_socket.contains("check that the server runs"), "{no_socket}");
    for url in ["", "hunter2", "postgresql://shop:hunter2@host:port/db", "mysql://shop:hunter2@host/db"] {
        let malformed = match TenantPool::builder(url).connect().await {
            Err(Error::Connection(text) | Error::Invalid(text)) => text,
            other => panic!("{url}: {other:?}"),
        };
        assert!(!malformed.contains("hunter2"), "{malformed}");
    }
    for text in [nobody, no_socket] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let db = database().await?;
    let unknown = connect(&db.tenant_url().replace(db.database().name(), "nowhere")).await;
    assert!(unknown.contains("nowhere") && unknown.contains("create the database"), "{unknown}");
    Ok(())
}

#[tokio::test]
async fn builders_and_pools_show_no_password() -> Outcome {
    let url = "postgresql://shop:hunter2@127.0.0.1:1/garage";
    assert!(!format!("{:?}", TenantPool::builder(url)).contains("hunter2"));
    assert!(!format!("{:?}", crow_core::AdminPool::builder(url)).contains("hunter2"));
    let shops = Shops::open().await?;
    let shown = format!("{:?}", shops.pool);
    assert!(shown.contains("crow_app") && !shown.to_lowercase().contains("password"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn a_pool_of_no_connections_is_refused() -> Outcome {
    let error = TenantPool::builder("postgresql://shop@127.0.0.1:1/garage").max_size(0).connect().await;
    assert!(matches!(&error, Err(Error::Invalid(text)) if text.contains("max_size")), "{error:?}");
    Ok(())
}

/// One private server: the wrong password, then the server's end in the middle of a scope.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_survives_its_server() -> Outcome {
    let server = Server::private(ServerOptions::default().password_authentication().max_connections(10))?;
    let db = TestDb::on(&server, crow_examples::MIGRATIONS).await?;
    crate::shop::prepare(&db).await?;
    let password = server.role_password("crow_app").ok_or("the server asks for passwords")?;
    let wrong = db.tenant_url().replace(&password, "hunter2");
    let refused = text_of(TenantPool::builder(wrong).connect().await);
    assert!(refused.contains("crow_app") && refused.contains("check the user and password"), "{refused}");
    assert!(!refused.contains("hunter2") && !refused.contains(&password), "{refused}");

    // Each role of a test has its password.
    for url in [db.admin_url(), db.owner_url(), db.open_url()] {
        crow_core::connect(&url).await?;
    }

    let pool = TenantPool::builder(db.tenant_url()).max_size(2).connect().await?;
    assert!(!format!("{pool:?}").contains(&password));
    let shop = TenantId::random();
    let broken = pool
        .transaction(shop, async |tx| {
            tx.insert_into::<Vehicle>().values(vehicle("Honda", "undone")).execute(tx).await?;
            server.restart().map_err(|error| Error::Other(error.to_string()))?;
            tx.insert_into::<Vehicle>().values(vehicle("Honda", "undone too")).execute(tx).await
        })
        .await;
    assert!(matches!(&broken, Err(Error::Connection(text)) if !text.contains(&password)), "{broken:?}");
    let count = async || pool.scope(shop, async |db| db.query::<Vehicle>().count(db).await).await;
    assert_eq!(count().await?, 0, "nothing half done, and a new connection");
    server.restart()?;
    assert_eq!(count().await?, 0, "a connection that died in the pool is not handed out");
    server.stop()?;
    let down = count().await;
    assert!(matches!(&down, Err(Error::Connection(_))), "{down:?}");
    server.start()?;
    assert_eq!(count().await?, 0);
    Ok(())
}
