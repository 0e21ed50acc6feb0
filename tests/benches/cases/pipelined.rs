//! The same flight as crow's, by hand on the bare driver, with the common policy: what pipelining alone costs.

use std::sync::Mutex;

use bytes::BytesMut;
use futures_util::try_join;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use crate::harness::{Case, Failure, Key, Site};

pub(crate) struct Pipelined(Mutex<Vec<Connection>>);

struct Connection {
    client: Client,
    begin: Statement,
    set: Statement,
    find: Statement,
    commit: Statement,
}

impl Case for Pipelined {
    async fn open(site: &Site) -> Result<Self, Failure> {
        let mut connections = Vec::new();
        for _ in 0..site.connections {
            connections.push(Connection::open(&site.url).await?);
        }
        Ok(Self(Mutex::new(connections)))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let idle = || self.0.lock().map_err(|_| "a task panicked");
        let conn = idle()?.pop().ok_or("there are as many tasks as connections")?;
        let id = conn.by_key(key.tenant, key.last()).await?;
        idle()?.push(conn);
        Ok(id)
    }
}

impl Connection {
    async fn open(url: &str) -> Result<Self, Failure> {
        let (client, driver) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(driver);
        let find = "SELECT id, make, model, year, plate FROM set_vehicles WHERE tenant_id = $1 AND id = $2";
        Ok(Self {
            begin: client.prepare("BEGIN").await?,
            set: client.prepare("SELECT set_config('app.tenant_id', $1, true)").await?,
            find: client.prepare(find).await?,
            commit: client.prepare("COMMIT").await?,
            client,
        })
    }

    async fn by_key(&self, tenant: Uuid, id: Uuid) -> Result<Uuid, Failure> {
        let (name, tenant, id) = (tenant.to_string(), Id(tenant), Id(id));
        let (set, find): ([&(dyn ToSql + Sync); 1], [&(dyn ToSql + Sync); 2]) = ([&name], [&tenant, &id]);
        let (_, _, row, _) = try_join!(
            self.client.execute(&self.begin, &[]),
            self.client.execute(&self.set, &set),
            self.client.query_one(&self.find, &find),
            self.client.execute(&self.commit, &[]),
        )?;
        Ok(row.try_get::<_, Id>(0)?.0)
    }
}

/// Without the driver's feature for it, which would change what everything else is built with.
#[derive(Debug)]
struct Id(Uuid);

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    accepts!(UUID);
    to_sql_checked!();
}

impl FromSql<'_> for Id {
    fn from_sql(_: &Type, bytes: &[u8]) -> Result<Self, Failure> {
        Ok(Self(Uuid::from_slice(bytes)?))
    }

    accepts!(UUID);
}
