//! Five statements by key, one after the other, in a transaction.

use crow_core::{TenantConn, TenantId, TenantPool};
use crow_examples::models::Vehicle;
use diesel::QueryResult;
use diesel_async::AsyncConnection;
use uuid::Uuid;

use crate::crow;
use crate::diesel::{Connections, by_key};
use crate::harness::{Case, Failure, Key, Site};

pub(crate) struct Scoped(TenantPool);

impl Case for Scoped {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(crow::pool(site).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let tenant = TenantId::try_from(key.tenant)?;
        let find = async |tx: &mut TenantConn<'_>| {
            let mut last = Uuid::nil();
            for id in key.ids {
                last = tx.query::<Vehicle>().find(id).first::<Vehicle>(tx).await?.id;
            }
            Ok::<_, crow_core::Error>(last)
        };
        Ok(self.0.transaction(tenant, find).await?)
    }
}

pub(crate) struct Unscoped(Connections);

impl Case for Unscoped {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(Connections::open(site)?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let mut conn = self.0.get().await?;
        let find = conn.transaction(async |conn| {
            let mut last = Uuid::nil();
            for id in key.ids {
                last = by_key(conn, key.tenant, id).await?.id;
            }
            QueryResult::Ok(last)
        });
        Ok(find.await?)
    }
}
