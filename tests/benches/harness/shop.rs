//! A server with the vehicles of 1,000 repair shops, three times over.

use std::sync::Arc;

use crow_examples::MIGRATIONS;
use crow_testkit::{Server, ServerOptions, TestDb};
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::{Failure, Key, Site};

const ROLE: &str = "bench_app";

pub(super) struct Shop {
    server: Server,
    db: TestDb,
    pub(super) keys: Arc<[Key]>,
}

impl Shop {
    /// All of the rows fit into the server's memory, so that no disk is measured.
    pub(super) async fn open(rows: usize) -> Result<Self, Failure> {
        let options = ServerOptions::default().loopback().max_connections(400);
        let server = Server::private(options.setting("shared_buffers", "1GB"))?;
        let db = TestDb::on(&server, MIGRATIONS).await?;
        let mut superuser = AsyncPgConnection::establish(&db.database().superuser_url()).await?;
        let password = server.role_password(ROLE).unwrap_or_default();
        superuser.batch_execute(&format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'")).await?;
        superuser.batch_execute(&include_str!("shop.sql").replace("ROWS", &rows.to_string())).await?;
        superuser.batch_execute("VACUUM (FREEZE, ANALYZE)").await?;
        superuser.batch_execute("CHECKPOINT").await?;
        let keys = keys(&mut superuser).await?;
        Ok(Self { server, db, keys })
    }

    pub(super) fn site(&self, connections: usize) -> Site {
        Site {
            crow_url: self.db.tenant_url(),
            url: self.server.url(ROLE, self.db.database().name()),
            connections,
        }
    }
}

#[derive(QueryableByName)]
struct Sample {
    #[diesel(sql_type = SqlUuid)]
    tenant_id: Uuid,
    #[diesel(sql_type = Array<SqlUuid>)]
    ids: Vec<Uuid>,
}

/// Rows to ask for, in no order.
async fn keys(superuser: &mut AsyncPgConnection) -> Result<Arc<[Key]>, Failure> {
    let samples: Vec<Sample> = sql_query(
        "SELECT tenant_id, array_agg(id) AS ids FROM (SELECT tenant_id, id, \
         (row_number() OVER (PARTITION BY tenant_id ORDER BY id) - 1) / 5 AS part FROM vehicles) AS numbered \
         GROUP BY tenant_id, part HAVING count(*) = 5 ORDER BY md5(tenant_id::text || part) LIMIT 20000",
    )
    .load(superuser)
    .await?;
    let key = |sample: Sample| {
        let ids = sample.ids.try_into().map_err(|ids| format!("five ids were asked for, not {ids:?}"))?;
        Ok(Key { tenant: sample.tenant_id, ids })
    };
    samples.into_iter().map(key).collect()
}
