//! The same on diesel-async, without a scope and with one by hand.

use crow_examples::models::Vehicle;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::harness::{Case, Failure, Key, Site};

diesel::table! {
    unscoped_vehicles (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        make -> Text,
        model -> Text,
        year -> Int4,
        plate -> Text,
    }
}

diesel::table! {
    set_vehicles (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        make -> Text,
        model -> Text,
        year -> Int4,
        plate -> Text,
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Can be prepared once, unlike a `sql_query`.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}

/// On the table without a policy.
pub(crate) struct Unscoped(Connections);

impl Case for Unscoped {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(Connections::open(site)?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let mut conn = self.0.get().await?;
        Ok(by_key(&mut conn, key.tenant, key.last()).await?.id)
    }
}

/// On the table with the common policy: BEGIN, set_config, statement and COMMIT, each awaited.
pub(crate) struct FourSteps(Connections);

impl Case for FourSteps {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(Connections::open(site)?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        use set_vehicles::dsl;

        let mut conn = self.0.get().await?;
        let vehicle = conn.transaction(async |conn| {
            let set = set_config("app.tenant_id", key.tenant.to_string(), true);
            diesel::select(set).execute(conn).await?;
            let row = (dsl::id, dsl::make, dsl::model, dsl::year, dsl::plate);
            dsl::set_vehicles.find((key.tenant, key.last())).select(row).first::<Vehicle>(conn).await
        });
        Ok(vehicle.await?.id)
    }
}

/// A pool that asks the server nothing when it hands out a connection.
pub(crate) struct Connections(Pool<AsyncPgConnection>);

impl Connections {
    pub(crate) fn open(site: &Site) -> Result<Self, Failure> {
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::new_with_config(&site.url, config);
        Ok(Self(Pool::builder(manager).max_size(site.connections).build()?))
    }

    pub(crate) async fn get(&self) -> Result<Object<AsyncPgConnection>, Failure> {
        Ok(self.0.get().await?)
    }
}

pub(crate) async fn by_key(conn: &mut AsyncPgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Vehicle> {
    use unscoped_vehicles::dsl;

    let row = (dsl::id, dsl::make, dsl::model, dsl::year, dsl::plate);
    dsl::unscoped_vehicles.find((tenant, id)).select(row).first(conn).await
}
