//! SQL that crow's builder never writes: the database has to hold on its own. Each attack first
//! succeeds on a table without crow's protection; else it would prove nothing.

use crow_core::Error;
use diesel::sql_query;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::shop::{Outcome, Shops, TextRow, raw_texts, texts};

/// Unprotected copies beside `vehicles`: one without policies, one with the policy that is usually
/// written.
async fn with_controls() -> Outcome<(Shops, AsyncPgConnection)> {
    let shops = Shops::open_on_one_connection().await?;
    let mut superuser = shops.superuser().await?;
    superuser
        .batch_execute(
            "CREATE TABLE pristine AS SELECT * FROM vehicles;
             CREATE TABLE careless (LIKE vehicles INCLUDING ALL);
             CREATE TABLE naive (LIKE vehicles INCLUDING ALL);
             INSERT INTO careless SELECT * FROM vehicles; INSERT INTO naive SELECT * FROM vehicles;
             GRANT ALL ON careless, naive TO crow_app;
             ALTER TABLE naive ENABLE ROW LEVEL SECURITY;
             CREATE POLICY usual ON naive USING (tenant_id = current_setting('app.current_tenant')::uuid)",
        )
        .await?;
    Ok((shops, superuser))
}

async fn restore(superuser: &mut AsyncPgConnection) -> Outcome {
    superuser
        .batch_execute(
            "DELETE FROM vehicles; INSERT INTO vehicles SELECT * FROM pristine;
             DELETE FROM careless; INSERT INTO careless SELECT * FROM pristine",
        )
        .await?;
    Ok(())
}

/// Runs an attack as our shop; the answer of the last statement, or what the error says.
async fn attack(shops: &Shops, statements: &[&str], table: &str) -> String {
    let rows = shops
        .pool
        .transaction(shops.ours, async |tx| {
            let mut rows = Vec::new();
            for sql in statements {
                let sql = sql
                    .replace("{t}", table)
                    .replace("{theirs}", &shops.theirs.to_string())
                    .replace("{ours}", &shops.ours.to_string());
                rows = tx.rls_only(sql_query(sql)).load::<TextRow>(tx).await?;
            }
            Ok::<_, Error>(rows)
        })
        .await;
    format!("{rows:?}")
}

const READS: &[&[&str]] = &[
    &["SELECT model AS text FROM {t}"],
    &["SELECT model AS text FROM {t} WHERE make = 'Honda' OR true"],
    &["SELECT model AS text FROM {t} WHERE tenant_id = '{theirs}'"],
    &["SELECT model AS text FROM {t} WHERE false UNION ALL SELECT model FROM {t}"],
    &["SELECT other.model AS text FROM {t} AS mine CROSS JOIN {t} AS other"],
    &["SELECT (SELECT string_agg(model, ',') FROM {t}) AS text"],
    &[
        "SELECT theirs.model AS text FROM makes, LATERAL (SELECT * FROM {t} WHERE make = makes.name) AS theirs",
    ],
    &["WITH x AS MATERIALIZED (SELECT * FROM {t}) SELECT model AS text FROM x"],
    &["WITH x AS (UPDATE {t} SET year = year RETURNING model) SELECT model AS text FROM x"],
    &["DELETE FROM {t} RETURNING model AS text"],
    &["SELECT model AS text FROM {t} FOR UPDATE"],
    &["DECLARE c CURSOR FOR SELECT model AS text FROM {t}", "FETCH ALL FROM c"],
    &["DECLARE c CURSOR WITH HOLD FOR SELECT model AS text FROM {t}", "COMMIT", "FETCH ALL FROM c"],
    &["PREPARE p AS SELECT model AS text FROM {t}", "EXECUTE p"],
    &["PREPARE p AS SELECT model AS text FROM {t}", "COMMIT", "EXECUTE p"],
    &["CREATE TEMP TABLE mine AS SELECT * FROM {t}", "SELECT model AS text FROM mine"],
    &["DO $$ BEGIN RAISE EXCEPTION '%', (SELECT string_agg(model, ' ') FROM {t}); END $$"],
    &["COMMIT", "SELECT model AS text FROM {t}"],
    &["ROLLBACK", "BEGIN", "SELECT model AS text FROM {t}"],
    &["COMMIT AND CHAIN", "SELECT model AS text FROM {t}"],
    &["BEGIN", "SELECT model AS text FROM {t}"],
    &["SAVEPOINT s", "ROLLBACK TO s", "SELECT model AS text FROM {t}"],
    &["SET row_security = off", "SELECT model AS text FROM {t}"],
    &["SET LOCAL search_path = pg_temp, public", "SELECT model AS text FROM {t}"],
    &["SET LOCAL plan_cache_mode = force_generic_plan", "SELECT model AS text FROM {t}"],
];

#[tokio::test]
async fn no_query_reads_another_shops_rows() -> Outcome {
    let (shops, mut superuser) = with_controls().await?;
    // Taken away by the crow schema, and given back so that the attack with a temporary table can run.
    let database = shops.db.database().name();
    let grant = format!("GRANT TEMPORARY ON DATABASE {database} TO crow_app");
    superuser.batch_execute(&grant).await?;
    for statements in READS {
        let control = attack(&shops, statements, "careless").await;
        assert!(control.contains("Corolla"), "without protection {statements:?} must leak: {control}");
        let answer = attack(&shops, statements, "vehicles").await;
        assert!(!answer.contains("Corolla"), "{statements:?} leaks: {answer}");
        assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"], "{statements:?}");
        restore(&mut superuser).await?;
    }
    Ok(())
}

const WRITES: &[&str] = &[
    "UPDATE {t} SET model = 'stolen'",
    "UPDATE {t} SET model = 'stolen' WHERE tenant_id = '{theirs}' OR true",
    "UPDATE {t} SET tenant_id = '{theirs}' WHERE model = 'Civic'",
    "DELETE FROM {t}",
    "DELETE FROM {t} WHERE tenant_id = '{theirs}'",
    "DELETE FROM {t} AS v USING makes WHERE makes.name = v.make",
    "TRUNCATE {t}",
    "INSERT INTO {t} (tenant_id, make, model, year, plate) VALUES ('{theirs}', 'Honda', 'planted', 2020, 'x')",
    "INSERT INTO {t} SELECT '{theirs}', id, make, model, year, plate FROM {t} WHERE model = 'Civic'",
    "INSERT INTO {t} (tenant_id, make, model, year, plate) VALUES ('{theirs}', 'Honda', 'x', 2020, 'Corolla') \
     ON CONFLICT (tenant_id, plate) DO UPDATE SET model = 'stolen'",
    "MERGE INTO {t} AS v USING makes ON makes.name = v.make WHEN MATCHED THEN UPDATE SET model = 'stolen'",
    "MERGE INTO {t} AS v USING makes ON makes.name = v.make WHEN MATCHED THEN DELETE",
    "WITH x AS (DELETE FROM {t} RETURNING 1) SELECT count(*)::text AS text FROM x",
    "DO $$ BEGIN DELETE FROM {t}; END $$",
];

#[tokio::test]
async fn no_statement_changes_another_shops_rows() -> Outcome {
    let (shops, mut superuser) = with_controls().await?;
    let theirs = |table: &str| {
        format!("SELECT v::text AS text FROM {table} AS v WHERE tenant_id = '{}' ORDER BY 1", shops.theirs)
    };
    let untouched = texts(&mut superuser, &theirs("vehicles")).await?;
    for statement in WRITES {
        attack(&shops, &[statement], "careless").await;
        let control = texts(&mut superuser, &theirs("careless")).await?;
        assert_ne!(control, untouched, "without protection `{statement}` must change theirs");
        let answer = attack(&shops, &[statement], "vehicles").await;
        assert_eq!(texts(&mut superuser, &theirs("vehicles")).await?, untouched, "`{statement}`: {answer}");
        restore(&mut superuser).await?;
    }
    Ok(())
}

const SWITCHES: &[&[&str]] = &[
    &["SET LOCAL app.current_tenant = '{theirs}'", "SELECT model AS text FROM {t}"],
    &["SET app.current_tenant = '{theirs}'", "SELECT model AS text FROM {t}"],
    &["SELECT set_config('app.current_tenant', '{theirs}', true) AS text", "SELECT model AS text FROM {t}"],
    &["WITH x AS MATERIALIZED (SELECT set_config('app.current_tenant', '{theirs}', true)) \
       SELECT model AS text FROM x, LATERAL (SELECT * FROM {t}) AS v"],
    &[
        "DO $$ BEGIN PERFORM set_config('app.current_tenant', '{theirs}', true); END $$",
        "SELECT model AS text FROM {t}",
    ],
    &["SET app.current_tenant = '{theirs}'", "COMMIT", "SELECT model AS text FROM {t}"],
    &["COMMIT", "SET app.current_tenant = '{theirs}'", "SELECT model AS text FROM {t}"],
];

/// Even where anybody may call `set_config`, as on servers where it cannot be revoked.
#[tokio::test]
async fn no_setting_leads_to_another_tenant() -> Outcome {
    let (shops, mut superuser) = with_controls().await?;
    superuser.batch_execute("GRANT EXECUTE ON FUNCTION set_config TO PUBLIC").await?;
    for statements in SWITCHES {
        let control = attack(&shops, statements, "naive").await;
        assert!(control.contains("Corolla"), "the usual policy must leak: {statements:?}: {control}");
        let answer = attack(&shops, statements, "vehicles").await;
        assert!(!answer.contains("Corolla"), "{statements:?} leaks: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_has_a_tenant_cannot_enter_another() -> Outcome {
    let (shops, _) = with_controls().await?;
    for sql in [
        "SELECT crow.enter('{theirs}')::text AS text",
        "WITH x AS MATERIALIZED (SELECT crow.enter('{theirs}')) SELECT model AS text FROM x, vehicles",
        "DO $$ BEGIN PERFORM crow.enter('{theirs}'); END $$",
        "SELECT crow.enter('00000000-0000-0000-0000-000000000000')::text AS text",
        "SELECT '{theirs}'::crow.tenant::text AS text",
        "SELECT model AS text FROM vehicles WHERE tenant_id = '{theirs}'::crow.tenant",
        "SELECT v.model AS text FROM vehicles AS v, (VALUES ('{theirs}'::uuid)) AS t (id) WHERE v.tenant_id = t.id::crow.tenant",
        "SELECT '00000000-0000-0000-0000-000000000000'::crow.tenant::text AS text",
    ] {
        let answer = attack(&shops, &[sql, "SELECT model AS text FROM vehicles"], "vehicles").await;
        assert!(answer.starts_with("Err(Refused("), "{sql}: {answer}");
    }
    for scope in ["{theirs}", "now{theirs}", "0000000000000000{theirs}", ""] {
        let set = format!("SET LOCAL crow.scope = '{scope}'");
        let answer = attack(&shops, &[&set, "SELECT model AS text FROM vehicles"], "vehicles").await;
        assert_eq!(answer, "Err(NoTenant)", "{set}");
    }
    Ok(())
}

#[tokio::test]
async fn the_role_can_become_no_other_and_change_no_protection() -> Outcome {
    let (shops, _) = with_controls().await?;
    let before = shops.everything().await?;
    for sql in [
        "SET ROLE crow_owner",
        "SET ROLE crow_admin",
        "SET ROLE crow_migrator",
        "SET SESSION AUTHORIZATION crow_admin",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER TABLE vehicles DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE vehicles NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant_isolation ON vehicles",
        "CREATE POLICY open ON vehicles USING (true)",
        "CREATE TABLE stolen AS SELECT * FROM vehicles",
        "CREATE VIEW stolen AS SELECT * FROM vehicles",
        "CREATE FUNCTION stolen() RETURNS int LANGUAGE sql SECURITY DEFINER RETURN 1",
        "CREATE OR REPLACE FUNCTION crow.current_tenant() RETURNS uuid LANGUAGE sql RETURN gen_random_uuid()",
        "ALTER FUNCTION crow.current_tenant() VOLATILE",
        "SELECT crow.unprotect('vehicles')::text AS text",
        "SELECT crow.record_access('me', 'no reason', 'read', NULL, NULL)::text AS text",
        "SELECT actor AS text FROM crow.access_log",
        "SELECT query AS text FROM pg_stat_activity",
        "SELECT most_common_vals::text AS text FROM pg_stats",
        "SELECT query_to_xml('SELECT * FROM vehicles', true, true, '')::text AS text",
        "SELECT lo_create(0)::text AS text",
        "SELECT pg_notify('news', 'x')::text AS text",
        "COPY vehicles TO '/tmp/stolen'",
        "COPY vehicles TO PROGRAM 'cat'",
    ] {
        let answer = attack(&shops, &[sql], "vehicles").await;
        assert!(answer.starts_with("Err("), "{sql}: {answer}");
    }
    assert_eq!(shops.everything().await?, before);
    Ok(())
}

#[tokio::test]
async fn copy_gives_nothing_away_and_the_next_scope_works() -> Outcome {
    let (shops, _) = with_controls().await?;
    for sql in ["COPY vehicles TO STDOUT", "COPY vehicles FROM STDIN"] {
        let answer = attack(&shops, &[sql], "vehicles").await;
        assert!(answer.starts_with("Err("), "{sql}: {answer}");
        let seen = shops
            .pool
            .scope(shops.theirs, async |db| raw_texts(db, "SELECT model AS text FROM vehicles").await)
            .await?;
        assert_eq!(seen, ["Corolla"], "after {sql}");
    }
    Ok(())
}

/// The limit of a tenant that the session itself keeps, which the threat model tells of: whoever
/// may run any SQL, several statements of it, knows the format and finds the stamp.
#[tokio::test]
async fn sql_of_several_statements_that_forges_the_stamp_is_a_known_limit() -> Outcome {
    let (shops, _) = with_controls().await?;
    let seen = shops
        .pool
        .transaction(shops.ours, async |tx| {
            let stamp = "SELECT left(current_setting('crow.scope'), 16) AS text";
            let stamp = raw_texts(tx, stamp).await?.remove(0);
            let forged = format!("SET LOCAL crow.scope = '{stamp}{}'", shops.theirs);
            tx.rls_only(sql_query(forged)).execute(tx).await?;
            raw_texts(tx, "SELECT model AS text FROM vehicles").await
        })
        .await?;
    assert_eq!(seen, ["Corolla"]);
    Ok(())
}
