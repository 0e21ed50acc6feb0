//! What the guide says to do with the tenants themselves, and with tables that belong to another role, as it stands there.

use libtest_mimic::Trial;

use crate::audit::found;
use crate::install::expect_refusal;
use crate::session::Session;
use crate::world::{self, World};
use crate::{Fallible, trial};

const TENANTS: &str = include_str!("../../docs/tenants.md");
const PORTING: &str = include_str!("../../docs/porting.md");

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "tenants::the open role reads logins, signs tenants up, and reaches no tenant's rows",
            open_role,
        ),
        trial("tenants::what another role owns is given to crow's owner", another_owner),
    ]
}

/// The blocks of SQL of a page.
fn sql(page: &str) -> impl Iterator<Item = &str> {
    page.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next())
}

async fn open_role() -> Fallible {
    let (database, superuser) = World::crow().database(&world::server(false)?).await?;
    let session = async |role: &str| Session::open(&database.url(role)).await;
    let migrator = session("crow_migrator").await?;
    for block in sql(TENANTS) {
        migrator.run(block).await?;
    }
    let (open, app) = (session("crow_open").await?, session("crow_app").await?);

    let shop = open.run("SELECT sign_up('Ada''s', 'Ada@example.com', 'hash', 'Ada')").await?.concat();
    let again = open.run("SELECT sign_up('Eve''s', 'ada@example.com', 'hash', 'Eve')").await;
    expect_refusal(again, "23505: ")?;
    assert_eq!(open.run("SELECT email, shop FROM logins").await?, [format!("ada@example.com|{shop}")]);
    assert_eq!(superuser.run("SELECT id, name FROM shops").await?, [format!("{shop}|Ada's")]);
    let enter = format!("BEGIN; SELECT crow.enter('{shop}')");
    app.run(&enter).await?;
    assert_eq!(app.run("SELECT name FROM staff").await?, ["Ada"]);
    app.run("ROLLBACK").await?;

    for statement in [
        "SELECT FROM doc",
        "SELECT FROM staff",
        "SELECT FROM shops",
        "UPDATE logins SET password = ''",
        "DELETE FROM logins",
        &enter,
        &format!("SELECT '{shop}'::crow.tenant"),
        // What signing up has entered opens nothing to whoever signs up.
        "ROLLBACK; BEGIN; SELECT sign_up('b', 'b', 'b', 'b'); SELECT FROM staff",
    ] {
        expect_refusal(open.run(statement).await, "42501: ")?;
        open.run("ROLLBACK").await?;
    }
    for statement in ["SELECT FROM shops", "SELECT FROM logins", "SELECT sign_up('c', 'c', 'c', 'c')"] {
        expect_refusal(app.run(statement).await, "42501: ")?;
    }

    session("crow_admin").await?.run("DELETE FROM shops").await?;
    assert_eq!(superuser.run("SELECT FROM logins UNION ALL SELECT FROM staff").await?, Vec::<String>::new());
    let tables = ["doc", "note", "tally", "event", "staff"];
    assert_eq!(found(&database.url("crow_app"), &tables, &["plan"]).await?, []);
    Ok(())
}

async fn another_owner() -> Fallible {
    let (database, superuser) = World::crow().database(&world::server(true)?).await?;
    superuser
        .run(
            "CREATE ROLE shop; GRANT CREATE ON SCHEMA public TO shop; SET ROLE shop;
             CREATE TYPE state AS ENUM ('new'); CREATE DOMAIN \"Plate\" AS text;
             CREATE TABLE \"Carriers\" (id serial PRIMARY KEY, state state, plate \"Plate\");
             CREATE TABLE parted (i int) PARTITION BY LIST (i); CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
             CREATE VIEW names AS SELECT id FROM \"Carriers\"; CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one;
             RESET ROLE; REVOKE CREATE ON SCHEMA public FROM shop",
        )
        .await?;
    let migrator = Session::open(&database.url("crow_migrator")).await?;
    let alter = "ALTER TABLE \"Carriers\" ADD name text";
    expect_refusal(migrator.run(alter).await, "42501: ")?;
    let blocks: Vec<_> = sql(PORTING).collect();
    let grant = blocks.iter().find(|block| block.starts_with("GRANT shop")).ok_or("no grant")?;
    let list = blocks.iter().find(|block| block.contains("OWNER TO crow_owner")).ok_or("no list")?;
    superuser.run(grant).await?;
    for statement in migrator.run(list).await? {
        migrator.run(&statement).await?;
    }
    superuser.run("REVOKE shop FROM crow_migrator").await?;
    let left = "SELECT relname::text FROM pg_class WHERE relowner = 'shop'::regrole AND relkind <> 't'
                UNION ALL SELECT typname FROM pg_type WHERE typowner = 'shop'::regrole";
    assert_eq!(superuser.run(left).await?, Vec::<String>::new());
    migrator.run(alter).await?;
    Ok(())
}
