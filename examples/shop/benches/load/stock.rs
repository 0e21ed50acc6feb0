//! A server with the vehicles of many shops, in a table for each way.

use std::fs;
use std::path::{Path, PathBuf};

use crow_testkit::{Server, ServerOptions, TestDb};
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::json;
use uuid::Uuid;

use crate::shops::{DOMAIN, token};
use crate::{Failure, Outcome, Way};

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");

const SHOPS: usize = 200;
const VEHICLES: usize = 500;

pub(crate) struct Stock {
    server: Server,
    pub(crate) db: TestDb,
    pub(crate) version: String,
    /// Vehicles to ask for, in no order.
    pub(crate) targets: Vec<Target>,
    /// The same, for wrk: a host, an id and a token a line.
    pub(crate) file: PathBuf,
}

/// A vehicle, and what it takes to ask for it.
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

impl Stock {
    /// All of the rows fit into the server's memory, so that no disk is measured.
    pub(crate) async fn open() -> Outcome<Self> {
        let options = ServerOptions::default().loopback().max_connections(200);
        let server = Server::private(options.setting("shared_buffers", "1GB"))?;
        let db = TestDb::on(&server, MIGRATIONS).await?;
        let mut superuser = AsyncPgConnection::establish(&db.database().superuser_url()).await?;
        for role in [Way::Where, Way::Steps].map(Way::name) {
            let password = server.role_password(role).unwrap_or_default();
            superuser.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'")).await?;
        }
        let sql = include_str!("stock.sql");
        let sql = sql.replace("SHOPS", &SHOPS.to_string()).replace("VEHICLES", &VEHICLES.to_string());
        superuser.batch_execute(&sql).await?;
        superuser.batch_execute("VACUUM (FREEZE, ANALYZE)").await?;
        superuser.batch_execute("CHECKPOINT").await?;

        let targets = targets(&mut superuser).await?;
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("load-targets.txt");
        let line = |Target { host, id, token }: &Target| format!("{host} {id} {token}\n");
        fs::write(&file, targets.iter().map(line).collect::<String>())?;
        let version: Setting = sql_query("SHOW server_version").get_result(&mut superuser).await?;
        Ok(Self { server, db, version: version.server_version, targets, file })
    }

    /// Where the table of a way is that is not crow's.
    pub(crate) fn url(&self, way: Way) -> String {
        self.server.url(way.name(), self.db.database().name())
    }
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    server_version: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = SqlUuid)]
    shop: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

async fn targets(superuser: &mut AsyncPgConnection) -> Outcome<Vec<Target>> {
    let rows: Vec<Row> = sql_query(
        "SELECT slug, shops.id AS shop, vehicles.id FROM vehicles JOIN shops ON shops.id = tenant_id \
         ORDER BY md5(vehicles.id::text) LIMIT 5000",
    )
    .load(superuser)
    .await?;
    let target = |Row { slug, shop, id }| Target {
        host: format!("{slug}.{DOMAIN}"),
        id,
        token: token(&json!({ "aud": "shops", "sub": "Ada", "shop": shop })),
    };
    let targets: Vec<_> = rows.into_iter().map(target).collect();
    if targets.is_empty() { Err(Failure::from("there are no vehicles")) } else { Ok(targets) }
}
