//! tenaxum, in both of its patterns.

use tenaxum::{PgPoolExt, TenantId};
use tenaxum_sqlx as sqlx;
use tenaxum_sqlx::postgres::{PgPool, PgPoolOptions};
use uuid::Uuid;

use crate::harness::{Case, Failure, Key, Site};

const BY_KEY: &str = "SELECT id, make, model, year, plate FROM set_vehicles WHERE tenant_id = $1 AND id = $2";

type Vehicle = (Uuid, String, String, i32, String);

/// `begin_tenant`: a transaction that belongs to the tenant.
pub(crate) struct Transaction(PgPool);

impl Case for Transaction {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(PgPoolOptions::new().max_connections(site.connections as u32).connect(&site.url).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let tenant = TenantId::from(key.tenant);
        let mut tx = self.0.begin_tenant(&tenant).await?;
        let found = sqlx::query_as::<_, Vehicle>(BY_KEY).bind(key.tenant).bind(key.last());
        let (id, ..) = found.fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(id)
    }
}

/// Pool hooks: the tenant is set for the session at checkout, and reset afterwards.
pub(crate) struct Hooks(PgPool);

impl Case for Hooks {
    async fn open(site: &Site) -> Result<Self, Failure> {
        let options = PgPoolOptions::new().max_connections(site.connections as u32);
        Ok(Self(tenaxum::pool::with_tenant_hooks(options).connect(&site.url).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let found = sqlx::query_as::<_, Vehicle>(BY_KEY).bind(key.tenant).bind(key.last());
        let (id, ..) = tenaxum::pool::scope_tenant(TenantId::from(key.tenant), found.fetch_one(&self.0)).await?;
        Ok(id)
    }
}
