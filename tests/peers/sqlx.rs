//! sqlx, with and without a tenant.

use sqlx::postgres::{PgPool, PgPoolOptions};
use uuid::Uuid;

use crate::harness::{Case, Failure, Key, Site};

#[derive(sqlx::FromRow)]
#[expect(dead_code, reason = "read off the row, as by the others")]
struct Vehicle {
    id: Uuid,
    make: String,
    model: String,
    year: i32,
    plate: String,
}

pub(crate) struct Unscoped(PgPool);

impl Case for Unscoped {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(options(site).connect(&site.url).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let sql = "SELECT id, make, model, year, plate FROM unscoped_vehicles WHERE tenant_id = $1 AND id = $2";
        let found = sqlx::query_as::<_, Vehicle>(sql).bind(key.tenant).bind(key.last());
        Ok(found.fetch_one(&self.0).await?.id)
    }
}

/// A transaction whose first statement sets the tenant.
pub(crate) struct Transaction(PgPool);

impl Case for Transaction {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(options(site).connect(&site.url).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        in_transaction(&self.0, key).await
    }
}

/// The same with a pool that does not ping a connection before it hands it out.
pub(crate) struct Untested(PgPool);

impl Case for Untested {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(options(site).test_before_acquire(false).connect(&site.url).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        in_transaction(&self.0, key).await
    }
}

fn options(site: &Site) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(site.connections as u32)
}

async fn in_transaction(pool: &PgPool, key: Key) -> Result<Uuid, Failure> {
    let mut tx = pool.begin().await?;
    let set = sqlx::query("SELECT set_config('app.tenant_id', $1, true)").bind(key.tenant.to_string());
    set.execute(&mut *tx).await?;
    let sql = "SELECT id, make, model, year, plate FROM set_vehicles WHERE tenant_id = $1 AND id = $2";
    let found = sqlx::query_as::<_, Vehicle>(sql).bind(key.tenant).bind(key.last()).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(found.id)
}
