//! A statement by key in a scope.

use crow_core::{TenantId, TenantPool};
use crow_examples::models::Vehicle;
use uuid::Uuid;

use crate::harness::{Case, Failure, Key, Site};

pub(crate) struct Single(TenantPool);

impl Case for Single {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(pool(site).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let tenant = TenantId::try_from(key.tenant)?;
        let find = async |db: &mut crow_core::TenantConn<'_>| {
            db.query::<Vehicle>().find(key.last()).first::<Vehicle>(db).await
        };
        Ok(self.0.scope(tenant, find).await?.id)
    }
}

pub(crate) async fn pool(site: &Site) -> Result<TenantPool, Failure> {
    Ok(TenantPool::builder(&site.crow_url).max_size(site.connections).connect().await?)
}
