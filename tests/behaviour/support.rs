//! Somebody from support looks at one tenant.

use std::future::pending;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use crow_core::{Access, AdminPool, Error, TenantConn};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use diesel::prelude::*;
use diesel::sql_query;
use diesel_async::SimpleAsyncConnection;
use futures_util::TryStreamExt;

use crate::admin::{log, open};
use crate::shop::{Outcome, Shops, number, raw_texts, vehicle};

fn ticket() -> Access {
    Access::new("Ada", "ticket 7")
}

async fn models(db: &TenantConn<'_>) -> Result<Vec<String>, Error> {
    db.query::<Vehicle>().select(vehicles::model).order(vehicles::model.asc()).load(db).await
}

#[tokio::test]
async fn support_sees_the_rows_of_one_tenant_and_is_on_record() -> Outcome {
    let (shops, admin) = open().await?;
    let seen = admin.as_tenant(&shops.pool, shops.theirs, ticket(), async |db| models(db).await).await?;
    assert_eq!(seen, ["Corolla"]);
    let entry = format!("Ada|ticket 7|crow_admin|crow-admin|read|{}", shops.theirs);
    assert_eq!(log(&shops).await?, [entry]);
    Ok(())
}

/// The tenant's policies hold for it, also past the builder: it runs as the application's role.
#[tokio::test]
async fn support_is_bound_by_the_tenants_policies() -> Outcome {
    let (shops, admin) = open().await?;
    let seen = admin
        .as_tenant(&shops.pool, shops.theirs, ticket(), async |db| {
            let sql = "SELECT model || ' ' || session_user AS text FROM vehicles";
            let seen = raw_texts(db, sql).await?;
            for sql in ["RESET ROLE", "RESET SESSION AUTHORIZATION"] {
                db.rls_only(sql_query(sql)).execute(db).await?;
            }
            assert_eq!(raw_texts(db, sql).await?, seen);
            assert!(db.rls_only(sql_query("SET ROLE crow_admin")).execute(db).await.is_err());
            Ok::<_, Error>(seen)
        })
        .await?;
    assert_eq!(seen, ["Corolla crow_app"]);
    Ok(())
}

#[tokio::test]
async fn every_transaction_of_support_carries_the_number_of_its_record() -> Outcome {
    let (shops, admin) = open().await?;
    let sql = "SELECT current_setting('crow.access') AS text";
    let work = async |db: &mut TenantConn<'_>| {
        let mut seen = raw_texts(db, sql).await?;
        seen.extend(raw_texts(db, sql).await?);
        seen.extend(
            db.transaction(async |tx| {
                let mut seen = raw_texts(tx, sql).await?;
                seen.extend(tx.transaction(async |tx| raw_texts(tx, sql).await).await?);
                Ok::<_, Error>(seen)
            })
            .await?,
        );
        Ok::<_, Error>(seen)
    };
    assert_eq!(admin.as_tenant(&shops.pool, shops.ours, ticket(), work).await?, ["1", "1", "1", "1"]);
    let own = "SELECT coalesce(current_setting('crow.access', true), '') AS text";
    assert_eq!(shops.pool.scope(shops.ours, async |db| raw_texts(db, own).await).await?, [""]);
    Ok(())
}

#[tokio::test]
async fn support_writes_only_where_it_asked_to() -> Outcome {
    let (shops, admin) = open().await?;
    let before = shops.everything().await?;
    let insert = async |db: &mut TenantConn<'_>| {
        db.insert_into::<Vehicle>().values(vehicle("Honda", "new")).execute(db).await
    };
    for _ in 0..2 {
        let refused = admin.as_tenant(&shops.pool, shops.ours, ticket(), insert).await;
        assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
    }
    let refused = admin
        .as_tenant(&shops.pool, shops.ours, ticket(), async |db| {
            db.transaction(async |tx| {
                let seen = models(tx).await?;
                assert_eq!(seen.len(), 3);
                let raised = tx.transaction(async |tx| {
                    tx.rls_only(sql_query("SET TRANSACTION READ WRITE")).execute(tx).await
                });
                assert!(raised.await.is_err(), "a reader has made itself a writer");
                insert(tx).await
            })
            .await
        })
        .await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(shops.everything().await?, before);
    admin.as_tenant(&shops.pool, shops.ours, ticket().writing(), insert).await?;
    assert_eq!(shops.models_of(shops.ours).await?, ["Civic", "Jazz", "Yaris", "new"]);
    Ok(())
}

#[tokio::test]
async fn support_streams_too() -> Outcome {
    let (shops, admin) = open().await?;
    let seen = admin
        .as_tenant(&shops.pool, shops.ours, ticket(), async |db| {
            let query = db.query::<Vehicle>().select(vehicles::model).order(vehicles::model.asc());
            query.stream::<String>(db).try_collect::<Vec<_>>().await
        })
        .await?;
    assert_eq!(seen, ["Civic", "Jazz", "Yaris"]);
    Ok(())
}

#[tokio::test]
async fn support_without_a_record_does_not_begin() -> Outcome {
    let (shops, admin) = open().await?;
    shops.superuser().await?.batch_execute("ALTER TABLE crow.access_log ADD CHECK (actor <> 'Ada')").await?;
    let refused = admin
        .as_tenant(&shops.pool, shops.ours, ticket(), async |_| -> Result<(), Error> { panic!("it begins") })
        .await;
    assert!(matches!(refused, Err(Error::Check(_))), "{refused:?}");
    let blank = admin.as_tenant(&shops.pool, shops.ours, Access::new("", "x"), async |db| models(db).await);
    assert!(matches!(blank.await, Err(Error::Invalid(_))));
    Ok(())
}

#[tokio::test]
async fn support_ends_when_its_access_expires() -> Outcome {
    let (shops, admin) = open().await?;
    let soon = || ticket().writing().until(Utc::now() + TimeDelta::seconds(1));
    let late = admin
        .as_tenant(&shops.pool, shops.ours, soon(), async |db| {
            db.transaction(async |tx| {
                tx.insert_into::<Vehicle>().values(vehicle("Honda", "undone")).execute(tx).await?;
                pending::<Result<(), Error>>().await
            })
            .await
        })
        .await;
    assert!(matches!(late, Err(Error::AccessExpired)), "{late:?}");
    shops.assert_clean("an access that expired").await?;
    assert_eq!(shops.models_of(shops.ours).await?, ["Civic", "Jazz", "Yaris"]);
    let gone = ticket().until(Utc::now() - TimeDelta::seconds(1));
    let refused = admin.as_tenant(&shops.pool, shops.ours, gone, async |db| models(db).await).await;
    assert!(matches!(refused, Err(Error::AccessExpired)), "{refused:?}");
    Ok(())
}

/// The server keeps the time as well, transaction by transaction.
#[tokio::test]
async fn the_server_refuses_support_whose_access_has_expired() -> Outcome {
    let (shops, admin) = open().await?;
    let refused = admin
        .as_tenant(&shops.pool, shops.ours, ticket().until(Utc::now() + TimeDelta::hours(1)), async |db| {
            models(db).await?;
            let mut superuser = shops.superuser().await.map_err(|error| Error::Invalid(error.to_string()))?;
            superuser.batch_execute("UPDATE crow.access_log SET expires = now()").await?;
            models(db).await
        })
        .await;
    assert!(matches!(refused, Err(Error::AccessExpired)), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn support_on_another_database_than_the_record_is_refused() -> Outcome {
    let (shops, _) = open().await?;
    let others = Shops::open().await?;
    let admin = AdminPool::builder(others.db.admin_url()).connect().await?;
    let refused = admin.as_tenant(&shops.pool, shops.ours, ticket(), async |db| models(db).await).await;
    assert!(matches!(&refused, Err(Error::Invalid(text)) if text.contains("one database")), "{refused:?}");
    Ok(())
}

/// The record is written on a connection that is not held while support works.
#[tokio::test]
async fn support_does_not_keep_the_admin_pool_busy() -> Outcome {
    let (shops, admin) = open().await?;
    admin
        .as_tenant(&shops.pool, shops.ours, ticket(), async |db| {
            let other = tokio::time::timeout(Duration::from_secs(10), admin.get(ticket()));
            let mut other = other.await.map_err(|_| Error::PoolTimeout)??;
            let all = number(&mut other, "SELECT count(*) AS number FROM vehicles").await;
            assert_eq!(all.map_err(|error| Error::Invalid(error.to_string()))?, 4);
            models(db).await
        })
        .await?;
    Ok(())
}
