//! How often crow waits for the server, counted on the wire.
//!
//! Everything runs on one connection and on a runtime of one thread, where what is sent together leaves
//! together.

use std::cell::Cell;

use crow_core::{Access, AdminPool, Error, TenantConn, TenantId, TenantPool};
use crow_examples::models::{Vehicle, VehicleChanges};
use crow_examples::schema::{service_records, vehicles};
use crow_testkit::Proxy;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::{TryStreamExt, try_join};

use crate::shop::{Outcome, Shops, vehicle};

/// A shop at the other end of a wire that counts.
struct Wire {
    proxy: Proxy,
    pool: TenantPool,
    shops: Shops,
}

impl Wire {
    async fn open() -> Outcome<Self> {
        let shops = Shops::open().await?;
        let proxy = Proxy::start(&shops.db.tenant_url())?;
        let pool = TenantPool::builder(proxy.url()).max_size(1).connect().await?;
        Ok(Self { proxy, pool, shops })
    }

    fn ours(&self) -> TenantId {
        self.shops.ours
    }

    /// The round trips of work that runs on the connection for the first time, and for the second.
    async fn cold_and_warm(&self, work: impl AsyncFn() -> Result<(), Error>) -> Outcome<(u64, u64)> {
        let mut counts = [0; 2];
        for count in &mut counts {
            self.proxy.reset_round_trips();
            work().await?;
            *count = self.proxy.round_trips();
        }
        Ok(counts.into())
    }
}

/// What the driver does not know yet it has to have prepared, and it cannot bind values to a
/// statement before it has the answer: the second round trip of a first time cannot be saved.
#[tokio::test]
async fn a_statement_is_one_and_two_the_first_time() -> Outcome {
    let wire = Wire::open().await?;
    let (pool, ours) = (&wire.pool, wire.ours());
    // The first statement of a connection also brings the type that enters the tenant.
    pool.scope(ours, async |db| db.query::<Vehicle>().limit(1).load(db).await).await?;
    let number = Cell::new(0);
    let plate = || number.replace(number.get() + 1).to_string();
    macro_rules! assert_one {
        ($name:literal, |$db:ident| $statement:expr) => {
            let work = async || pool.scope(ours, async |$db| $statement.await.map(drop)).await;
            assert_eq!(wire.cold_and_warm(work).await?, (2, 1), $name);
        };
        ($name:literal, with a plate, |$db:ident, $plate:ident| $statement:expr) => {
            let work = async || {
                let plate = plate();
                let $plate = plate.as_str();
                pool.scope(ours, async |$db| $statement.await.map(drop)).await
            };
            assert_eq!(wire.cold_and_warm(work).await?, (2, 1), $name);
        };
    }
    assert_one!("load", |db| db.query::<Vehicle>().load(db));
    assert_one!("first", |db| db.query::<Vehicle>().order(vehicles::plate).first(db));
    assert_one!("count", |db| db.query::<Vehicle>().count(db));
    assert_one!("exists", |db| db.query::<Vehicle>().exists(db));
    assert_one!("join", |db| db
        .query::<Vehicle>()
        .inner_join(service_records::table)
        .select((vehicles::make, service_records::cents))
        .load::<(String, i64)>(db));
    assert_one!("insert", with a plate, |db, plate| db
        .insert_into::<Vehicle>()
        .values(vehicle("Honda", plate))
        .get_result(db));
    assert_one!("upsert", |db| db
        .insert_into::<Vehicle>()
        .values(vehicle("Honda", "Civic"))
        .on_conflict(vehicles::plate)
        .do_update()
        .set(vehicles::year.eq(2000))
        .execute(db));
    assert_one!("update", |db| db
        .update::<Vehicle>()
        .filter(vehicles::plate.eq("Civic"))
        .set(VehicleChanges { year: Some(2001), ..Default::default() })
        .execute(db));
    assert_one!("delete", |db| db.delete::<Vehicle>().filter(vehicles::plate.eq("none")).execute(db));
    Ok(())
}

/// A list is prepared each time: one text for each number of rows would fill the server's memory.
#[tokio::test]
async fn a_list_is_two() -> Outcome {
    let wire = Wire::open().await?;
    let number = Cell::new(0);
    let insert = async || {
        let plates = [(); 3].map(|()| number.replace(number.get() + 1).to_string());
        wire.pool
            .scope(wire.ours(), async |db| {
                let new: Vec<_> = plates.iter().map(|plate| vehicle("Honda", plate)).collect();
                db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)
            })
            .await
    };
    insert().await?;
    assert_eq!(wire.cold_and_warm(insert).await?, (2, 2));
    Ok(())
}

#[tokio::test]
async fn a_new_connection_prepares_what_it_needs_once() -> Outcome {
    let wire = Wire::open().await?;
    let work = async || {
        wire.pool.scope(wire.ours(), async |db| db.query::<Vehicle>().count(db).await.map(drop)).await
    };
    // The statement is prepared, the driver prepares and asks its question about the type of the tenant's parameter,
    // and the statement is run.
    assert_eq!(wire.cold_and_warm(work).await?, (4, 1));
    Ok(())
}

#[tokio::test]
async fn a_scope_by_itself_is_none() -> Outcome {
    let wire = Wire::open().await?;
    let nothing = async || wire.pool.scope(wire.ours(), async |_| Ok(())).await;
    assert_eq!(wire.cold_and_warm(nothing).await?, (0, 0), "a checkout asks the server nothing");
    let nothing = async || wire.pool.transaction(wire.ours(), async |_| Ok(())).await;
    assert_eq!(wire.cold_and_warm(nothing).await?, (0, 0), "nor does a transaction without a statement");
    Ok(())
}

#[tokio::test]
async fn a_stream_is_one() -> Outcome {
    let wire = Wire::open().await?;
    let stream = async || {
        let rows =
            async |db: &mut TenantConn<'_>| db.query::<Vehicle>().stream(db).try_collect::<Vec<_>>().await;
        wire.pool.scope(wire.ours(), rows).await.map(drop)
    };
    stream().await?;
    assert_eq!(wire.cold_and_warm(stream).await?, (1, 1));
    Ok(())
}

#[tokio::test]
async fn statements_side_by_side_are_one() -> Outcome {
    let wire = Wire::open().await?;
    let side_by_side = async || {
        wire.pool
            .scope(wire.ours(), async |db| {
                let db = &*db;
                let vehicles = || db.query::<Vehicle>();
                try_join!(vehicles().count(db), vehicles().exists(db), vehicles().load(db)).map(drop)
            })
            .await
    };
    side_by_side().await?;
    assert_eq!(wire.cold_and_warm(side_by_side).await?, (1, 1));
    Ok(())
}

/// BEGIN and the tenant travel with the first.
#[tokio::test]
async fn a_transaction_is_one_for_each_statement_and_one_for_commit() -> Outcome {
    let wire = Wire::open().await?;
    for statements in 1..=5 {
        let transaction = async || {
            wire.pool
                .transaction(wire.ours(), async |tx| {
                    for _ in 0..statements {
                        tx.query::<Vehicle>().count(tx).await?;
                    }
                    Ok(())
                })
                .await
        };
        transaction().await?;
        assert_eq!(wire.cold_and_warm(transaction).await?, (statements + 1, statements + 1));
    }
    let side_by_side = async || {
        wire.pool
            .transaction(wire.ours(), async |tx| {
                let tx = &*tx;
                let vehicles = || tx.query::<Vehicle>();
                try_join!(vehicles().count(tx), vehicles().exists(tx), vehicles().load(tx)).map(drop)
            })
            .await
    };
    side_by_side().await?;
    assert_eq!(wire.cold_and_warm(side_by_side).await?, (2, 2));
    Ok(())
}

/// One to make the session what it should be, before it is anybody's, and one to record the access.
#[tokio::test]
async fn access_across_tenants_is_recorded_before_it_is_given() -> Outcome {
    let wire = Wire::open().await?;
    let proxy = Proxy::start(&wire.shops.db.admin_url())?;
    let admin = AdminPool::builder(proxy.url()).max_size(1).connect().await?;
    let access = || admin.get(Access::new("a test", "counting"));
    drop(access().await?);
    proxy.reset_round_trips();
    drop(access().await?);
    assert_eq!(proxy.round_trips(), 2);
    Ok(())
}

define_sql_function! {
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text
}

/// That it is the wire that is counted, and not what one would like.
#[tokio::test]
async fn plain_diesel_is_one_a_step() -> Outcome {
    let wire = Wire::open().await?;
    let proxy = Proxy::start(&wire.shops.db.database().superuser_url())?;
    let mut conn = AsyncPgConnection::establish(&proxy.url()).await?;
    let tenant = wire.ours().to_string();
    for _ in 0..2 {
        proxy.reset_round_trips();
        vehicles::table.count().get_result::<i64>(&mut conn).await?;
        let alone = proxy.round_trips();
        proxy.reset_round_trips();
        conn.batch_execute("BEGIN").await?;
        diesel::select(set_config("app.current_tenant", &tenant, true))
            .get_result::<String>(&mut conn)
            .await?;
        vehicles::table.count().get_result::<i64>(&mut conn).await?;
        conn.batch_execute("COMMIT").await?;
        let in_four_steps = proxy.round_trips();
        if (alone, in_four_steps) == (1, 4) {
            return Ok(());
        }
        // The first time two statements are prepared.
        assert_eq!((alone, in_four_steps), (2, 5));
    }
    Err("a statement that is prepared still costs more than a round trip".into())
}
