//! Units of work that leave new vehicles behind, all of them or none.

use crow_core::{Error, TenantConn, TenantId, TenantPool};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use crow_tests::job::{Job, NewJob};
use diesel::prelude::*;
use diesel::sql_query;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::{TryStreamExt, try_join};
use uuid::Uuid;

use crate::shop::vehicle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Statement,
    SideBySide,
    Transaction,
    RollBack,
    Savepoints,
    Stream,
    DroppedStream,
    RefusedStatement,
    RefusedCommit,
    RawSql,
}

impl Work {
    pub(crate) const ALL: [Self; 10] = [
        Self::Statement,
        Self::SideBySide,
        Self::Transaction,
        Self::RollBack,
        Self::Savepoints,
        Self::Stream,
        Self::DroppedStream,
        Self::RefusedStatement,
        Self::RefusedCommit,
        Self::RawSql,
    ];

    /// How many new vehicles there are when all of it has happened.
    pub(crate) fn vehicles(self) -> i64 {
        match self {
            Self::SideBySide => 1,
            Self::Statement | Self::Savepoints | Self::Stream => 2,
            Self::Transaction => 3,
            Self::RollBack
            | Self::DroppedStream
            | Self::RefusedStatement
            | Self::RefusedCommit
            | Self::RawSql => 0,
        }
    }

    /// Whether this is how it ends when nothing goes wrong.
    pub(crate) fn ends_as_meant(self, result: &Result<(), Error>) -> bool {
        match self {
            Self::RollBack => matches!(result, Err(Error::NotFound)),
            Self::RefusedStatement => matches!(result, Err(Error::Unique(_))),
            Self::RefusedCommit => matches!(result, Err(Error::ForeignKey(_))),
            _ => result.is_ok(),
        }
    }

    pub(crate) fn run(self, pool: &TenantPool, shop: TenantId) -> BoxFuture<'_, Result<(), Error>> {
        match self {
            Self::Statement => pool
                .scope(shop, async |db| {
                    let new = [vehicle("Honda", "new 1"), vehicle("Honda", "new 2")];
                    db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)
                })
                .boxed(),
            Self::SideBySide => pool
                .scope(shop, async |db| {
                    let db = &*db;
                    try_join!(
                        db.query::<Vehicle>().load::<Vehicle>(db),
                        add(db, "new"),
                        db.query::<Vehicle>().filter(vehicles::make.eq("Honda")).count(db),
                    )
                    .map(drop)
                })
                .boxed(),
            Self::Transaction => pool
                .transaction(shop, async |tx| {
                    add(tx, "new 1").await?;
                    try_join!(add(tx, "new 2"), add(tx, "new 3")).map(drop)
                })
                .boxed(),
            Self::RollBack => pool.transaction(shop, async |tx| add_and_fail(tx).await).boxed(),
            Self::Savepoints => pool
                .transaction(shop, async |tx| {
                    add(tx, "new 1").await?;
                    match tx.transaction(async |tx| add_and_fail(tx).await).await {
                        Err(Error::NotFound) => {}
                        other => return other,
                    }
                    tx.transaction(async |tx| add(tx, "new 3").await).await
                })
                .boxed(),
            Self::Stream => pool
                .transaction(shop, async |tx| {
                    add(tx, "new 1").await?;
                    tx.query::<Vehicle>().stream(tx).try_for_each(async |_| Ok(())).await?;
                    add(tx, "new 2").await
                })
                .boxed(),
            Self::DroppedStream => pool
                .scope(shop, async |db| db.query::<Vehicle>().stream(db).try_next().await.map(drop))
                .boxed(),
            Self::RefusedStatement => pool
                .scope(shop, async |db| {
                    let new = [vehicle("Honda", "new"), vehicle("Honda", "Civic")];
                    db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)
                })
                .boxed(),
            Self::RefusedCommit => pool
                .transaction(shop, async |tx| {
                    add(tx, "new").await?;
                    let new = NewJob { vehicle_id: Some(Uuid::new_v4()), ..Default::default() };
                    tx.insert_into::<Job>().values(new).execute(tx).await.map(drop)
                })
                .boxed(),
            Self::RawSql => pool
                .scope(shop, async |db| db.rls_only(sql_query("LISTEN news")).execute(db).await.map(drop))
                .boxed(),
        }
    }
}

async fn add(db: &TenantConn<'_>, model: &str) -> Result<(), Error> {
    db.insert_into::<Vehicle>().values(vehicle("Honda", model)).execute(db).await.map(drop)
}

async fn add_and_fail(tx: &mut TenantConn<'_>) -> Result<(), Error> {
    add(tx, "new and undone").await?;
    Err(Error::NotFound)
}
