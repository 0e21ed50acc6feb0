//! Statements that bring their tenant along, beside those that others bring into a transaction.

use crow_core::{Error, TenantConn};
use crow_examples::models::{NewVehicle, Vehicle};
use crow_examples::schema::vehicles;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel_async::SimpleAsyncConnection;
use futures_util::{TryStreamExt, join};

use crate::shop::{Outcome, Shops, texts, vehicle};

/// That it is the parameter which enters: where its type does not, nothing else does, and the policies refuse.
#[tokio::test]
async fn without_the_domains_constraint_no_statement_has_a_tenant() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let count = async |db: &mut TenantConn<'_>| db.query::<Vehicle>().count(db).await;
    assert_eq!(shops.pool.scope(shops.ours, count).await?, 3);
    let mut superuser = shops.superuser().await?;
    superuser.batch_execute("ALTER DOMAIN crow.tenant DROP CONSTRAINT enters").await?;
    let read = shops.pool.scope(shops.ours, count).await;
    assert!(matches!(read, Err(Error::NoTenant)), "{read:?}");
    let written = shops
        .pool
        .scope(shops.ours, async |db| {
            db.insert_into::<Vehicle>().values(vehicle("Honda", "new")).execute(db).await
        })
        .await;
    assert!(matches!(written, Err(Error::NoTenant)), "{written:?}");
    assert_eq!(shops.pool.transaction(shops.ours, count).await?, 3, "there BEGIN and enter go with it");
    Ok(())
}

/// What begins in a transaction leaves entering to it, and what begins outside does not: both run in either place.
#[tokio::test]
async fn statements_run_where_they_did_not_begin() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    shops
        .pool
        .scope(shops.ours, async |db| {
            let outside = db.query::<Vehicle>().select(vehicles::model).order(vehicles::model);
            let added = db.insert_into::<Vehicle>().values(vehicle("Honda", "new"));
            let inside = db
                .transaction(async |tx| {
                    added.execute(tx).await?;
                    let seen: Vec<String> = outside.clone().load(tx).await?;
                    assert_eq!(seen, ["Civic", "Jazz", "Yaris", "new"]);
                    Ok::<_, Error>(tx.query::<Vehicle>().select(vehicles::model).order(vehicles::model))
                })
                .await?;
            let (outside, inside) = (format!("{outside:?}"), (format!("{inside:?}"), inside));
            assert_eq!(outside, inside.0.replace("$1", "$1::crow.tenant"));
            let seen: Vec<String> = inside.1.load(db).await?;
            assert_eq!(seen, ["Civic", "Jazz", "Yaris", "new"]);
            Ok::<_, Error>(())
        })
        .await?;
    shops.assert_clean("statements that run where they did not begin").await
}

/// A text that nobody can read.
#[derive(Debug, FromSqlRow)]
struct Unreadable;

impl FromSql<Text, Pg> for Unreadable {
    fn from_sql(_: PgValue<'_>) -> deserialize::Result<Self> {
        Err("unreadable".into())
    }
}

/// The server is at the end of a statement before the connection is anybody else's, whatever its rows say.
#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_leave_the_others_behind() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (plates, long): (Vec<_>, _) = ((0..5_000).map(|n| n.to_string()).collect(), "long ".repeat(400));
    let rows = plates.iter().map(|plate| NewVehicle { plate, ..vehicle("Honda", &long) });
    let rows: Vec<_> = rows.collect();
    let mut superuser = shops.superuser().await?;
    shops
        .pool
        .scope(shops.ours, async |db| db.insert_into::<Vehicle>().values(rows).execute(db).await)
        .await?;
    for streamed in [false, true] {
        let read = shops
            .pool
            .scope(shops.ours, async |db| {
                let models = db.query::<Vehicle>().select(vehicles::model);
                if streamed {
                    models.stream::<Unreadable>(db).try_collect::<Vec<_>>().await
                } else {
                    models.load::<Unreadable>(db).await
                }
            })
            .await;
        assert!(matches!(&read, Err(Error::Invalid(_))), "{read:?}");
        let busy = "SELECT state || ': ' || query AS text FROM pg_stat_activity \
                    WHERE datname = current_database() AND usename = 'crow_app' AND state <> 'idle'";
        assert_eq!(texts(&mut superuser, busy).await?, [""; 0]);
    }
    Ok(())
}

/// On one connection, some of them in transactions that fail beside it, and none known to it at first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_beside_others_is_never_part_of_their_transactions() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    // More than one statement takes, and the last one is there already.
    let parts: Vec<String> = (0..14_000).map(|n| format!("part {n}")).chain(["Civic".to_owned()]).collect();
    shops
        .pool
        .scope(shops.ours, async |db| {
            let db = &*db;
            let added = async {
                for n in 0..100 {
                    let model = format!("new {n}");
                    let added =
                        db.insert_into::<Vehicle>().values(vehicle("Honda", &model)).execute(db).await;
                    assert_eq!(added, Ok(1));
                }
            };
            let in_parts = async {
                let rows: Vec<_> = parts.iter().map(|model| vehicle("Honda", model)).collect();
                let refused = db.insert_into::<Vehicle>().values(rows).execute(db).await;
                assert!(matches!(refused, Err(Error::Unique(_))), "{refused:?}");
            };
            let divided = async {
                for _ in 0..100 {
                    let refused =
                        db.rls_only(sql_query("UPDATE vehicles SET year = 1 / 0")).execute(db).await;
                    assert!(refused.is_err(), "{refused:?}");
                }
            };
            join!(added, in_parts, divided);
            Ok::<_, Error>(())
        })
        .await?;
    let seen = shops.models_of(shops.ours).await?;
    let new = seen.iter().filter(|model| model.starts_with("new")).count();
    assert_eq!((new, seen.len()), (100, 103));
    Ok(())
}
