//! SeaORM, with and without a tenant.

use sea_orm::entity::prelude::*;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, Statement, TransactionTrait};

use crate::harness::{Case, Failure, Key, Site};

mod unscoped_vehicle {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "unscoped_vehicles")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub make: String,
        pub model: String,
        pub year: i32,
        pub plate: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod set_vehicle {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "set_vehicles")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub make: String,
        pub model: String,
        pub year: i32,
        pub plate: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) struct Unscoped(DatabaseConnection);

impl Case for Unscoped {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(connect(site).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let found = unscoped_vehicle::Entity::find_by_id((key.tenant, key.last())).one(&self.0).await?;
        Ok(found.ok_or("no such vehicle")?.id)
    }
}

/// A transaction whose first statement sets the tenant.
pub(crate) struct Transaction(DatabaseConnection);

impl Case for Transaction {
    async fn open(site: &Site) -> Result<Self, Failure> {
        Ok(Self(connect(site).await?))
    }

    async fn run(&self, key: Key) -> Result<Uuid, Failure> {
        let tx = self.0.begin().await?;
        let set = "SELECT set_config('app.tenant_id', $1, true)";
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, set, [key.tenant.to_string().into()])).await?;
        let found = set_vehicle::Entity::find_by_id((key.tenant, key.last())).one(&tx).await?;
        tx.commit().await?;
        Ok(found.ok_or("no such vehicle")?.id)
    }
}

async fn connect(site: &Site) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(&site.url);
    options.max_connections(site.connections as u32);
    Database::connect(options).await
}
