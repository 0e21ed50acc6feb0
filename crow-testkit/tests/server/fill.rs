//! Rows for tables of any shape.

use std::collections::HashSet;

use crow_core::TenantId;
use crow_testkit::{Database, Error, Filler};

use crate::actor::{block_on, execute};
use crate::database::server;

const SHOP: &str = "
CREATE TABLE tenants (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE makes (name text PRIMARY KEY, country text NOT NULL);
INSERT INTO makes VALUES ('Honda', 'Japan');
CREATE TABLE colours (name varchar(3) PRIMARY KEY);
CREATE TABLE vehicles (
    tenant_id uuid NOT NULL REFERENCES tenants, id uuid NOT NULL DEFAULT gen_random_uuid(),
    make text NOT NULL REFERENCES makes, colour varchar(3) NOT NULL REFERENCES colours,
    year int NOT NULL CHECK (year BETWEEN 1886 AND 2100), plate text NOT NULL, note text,
    PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, plate)
);
CREATE TABLE records (
    tenant_id uuid NOT NULL, id int NOT NULL GENERATED ALWAYS AS IDENTITY, vehicle_id uuid NOT NULL, previous int,
    work text NOT NULL, starts time NOT NULL, ends time NOT NULL CHECK (ends > starts),
    weekday int2 NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, weekday),
    FOREIGN KEY (tenant_id, vehicle_id) REFERENCES vehicles (tenant_id, id),
    FOREIGN KEY (tenant_id, previous) REFERENCES records (tenant_id, id)
);";

async fn database(schema: &'static str) -> Database {
    let template = server().template(schema, async |url| execute(&url, schema).await.map(drop));
    template.await.expect("a template").database().await.expect("a database")
}

async fn filler(database: &Database) -> Filler {
    Filler::connect(&database.superuser_url(), 7).await.expect("a filler")
}

/// What a row of the only table `t` is refused with.
fn refusal(schema: &'static str) -> String {
    block_on(async {
        let database = database(schema).await;
        let row = filler(&database).await.row("t", TenantId::random()).insert().await;
        let left = execute(&database.superuser_url(), "SELECT count(*) FROM t").await.expect("a count");
        assert_eq!(left, "0");
        row.expect_err("a refusal").to_string()
    })
}

#[test]
fn a_row_brings_its_parents_along_and_reuses_what_is_shared() {
    block_on(async {
        let database = database(SHOP).await;
        let tenant = TenantId::random();
        let row = filler(&database).await.row("records", tenant).insert().await.expect("a row");
        assert_eq!(row.table(), "public.records");
        assert_eq!(row.get("tenant_id"), Some(&*tenant.to_string()));
        assert!(row.get("work").is_some_and(|work| work.starts_with("work ")), "{row:?}");
        assert_eq!((row.get("previous"), row.get("nothing")), (None, None));
        let seen = "SELECT concat_ws(' ', t.id = v.tenant_id, make, colour IS NOT NULL, v.id = r.vehicle_id, v.note IS NULL,
              (SELECT count(*) FROM vehicles), (SELECT count(*) FROM makes))
            FROM records r JOIN vehicles v USING (tenant_id) JOIN tenants t ON true";
        let seen = execute(&database.superuser_url(), seen).await.expect("a row");
        assert_eq!(seen, "t Honda t t t 1 1");
    });
}

#[test]
fn rows_differ_and_keys_that_are_small_are_gone_through() {
    block_on(async {
        let database = database(SHOP).await;
        let mut filler = filler(&database).await;
        let tenant = TenantId::random();
        let mut seen = HashSet::new();
        for _ in 0..3 {
            let row = filler.row("records", tenant).insert().await.expect("a row");
            assert!(seen.insert(row.get("work").map(str::to_owned)));
        }
    });
}

/// Without a tenant in its key, so that all rows have to differ.
#[test]
fn a_bound_leaves_room_for_many() {
    block_on(async {
        let database = database(
            "CREATE TABLE t (tenant_id uuid NOT NULL, number int NOT NULL UNIQUE CHECK (number > 90))",
        )
        .await;
        let mut filler = filler(&database).await;
        for _ in 0..10 {
            filler.row("t", TenantId::random()).insert().await.expect("a row");
        }
    });
}

#[test]
fn the_same_seed_makes_the_same_values() {
    let made = || {
        block_on(async {
            let database = database(
                "CREATE TABLE t (tenant_id uuid, id uuid NOT NULL, n int NOT NULL, day date NOT NULL)",
            );
            let database = database.await;
            let mut filler = filler(&database).await;
            let tenant = "6f1c2a9e-4f0b-4d56-9a70-5d0a3c1b7e11".parse().expect("a tenant");
            let rows = [filler.row("t", tenant).insert().await, filler.row("t", tenant).insert().await];
            rows.map(|row| row.expect("a row"))
        })
    };
    assert_eq!(made(), made());
}

#[test]
fn what_is_given_stands_and_says_which_parent() {
    block_on(async {
        let database = database(SHOP).await;
        let mut filler = filler(&database).await;
        let tenant = TenantId::random();
        filler.always("vehicles", "note", "it's \\ odd").await.expect("a column");
        let vehicle = filler.row("vehicles", tenant).set("year", 2001).set("make", "Lotus").insert().await;
        let vehicle = vehicle.expect("a row, whose make is made");
        assert_eq!((vehicle.get("year"), vehicle.get("note")), (Some("2001"), Some("it's \\ odd")));
        let id = vehicle.get("id").expect("a key");
        let first = filler.row("records", tenant).set("vehicle_id", id).set("id", 77).insert().await;
        let next = filler.row("records", tenant).set("vehicle_id", id).set("previous", 77).insert().await;
        assert_eq!(first.expect("a row").get("vehicle_id"), Some(id));
        assert_eq!(next.expect("a row").get("previous"), Some("77"));
        let count = execute(&database.superuser_url(), "SELECT count(*) FROM vehicles").await;
        assert_eq!(count.expect("a count"), "1");
    });
}

#[test]
fn every_ordinary_type_has_values_and_arrays_of_them() {
    block_on(async {
        let database = database(
            "CREATE TYPE mood AS ENUM ('sad', 'so \"so\"'); CREATE DOMAIN score AS numeric(3, 1) CHECK (VALUE BETWEEN 5 AND 10);
             CREATE DOMAIN tag AS varchar(4) NOT NULL; CREATE TYPE pair AS (a int, b text);
             CREATE TABLE kinds AS SELECT NULL::bool a, NULL::int2 b, NULL::int4 c, NULL::int8 d, NULL::float4 e, NULL::float8 f,
               NULL::numeric g, NULL::numeric(5, 2) h, NULL::numeric(2, 2) i, NULL::money j, NULL::text k, NULL::varchar(2) l,
               NULL::char(3) m, NULL::bpchar n, NULL::name o, NULL::\"char\" p, NULL::bytea q, NULL::uuid r, NULL::date s,
               NULL::time t, NULL::timetz u, NULL::timestamp v, NULL::timestamptz w, NULL::interval x, NULL::json y, NULL::jsonb z,
               NULL::inet a1, NULL::cidr a2, NULL::macaddr a3, NULL::macaddr8 a4, NULL::bit(5) a5, NULL::varbit(3) a6,
               NULL::varbit a7, NULL::point a8, NULL::line a9, NULL::lseg b1, NULL::box b2, NULL::path b3, NULL::polygon b4,
               NULL::circle b5, NULL::tsvector b6, NULL::tsquery b7, NULL::oid b8, NULL::pg_lsn b9, NULL::xml c1,
               NULL::int4range c2, NULL::numrange c3, NULL::tstzrange c4, NULL::daterange c5, NULL::datemultirange c6,
               NULL::mood c7, NULL::score c8, NULL::tag c9, NULL::pair d1, NULL::numeric(2, -3) d2
               WHERE false;
             DO $$ DECLARE c record; BEGIN
               FOR c IN SELECT attname, format_type(atttypid, atttypmod) AS of FROM pg_attribute WHERE attrelid = 'kinds'::regclass AND attnum > 0 LOOP
                 EXECUTE format('ALTER TABLE kinds ALTER %1$I SET NOT NULL, ADD %2$I %3$s[] NOT NULL', c.attname, c.attname || 's', c.of);
               END LOOP;
             END $$",
        )
        .await;
        let mut filler = filler(&database).await;
        let tenant = TenantId::random();
        let rows = [filler.row("kinds", tenant).insert().await, filler.row("kinds", tenant).insert().await];
        let [one, other] = rows.map(|row| row.expect("a row"));
        let alike =
            one.columns().filter(|(column, value)| other.get(column) == *value).map(|(column, _)| column);
        // What has few values, one that its CHECK names, and a composite, which is empty.
        let few = ["a", "as", "p", "ps", "a5", "a5s", "a6", "a6s", "c7", "c7s", "c8", "c8s", "d1", "d1s"];
        let alike: Vec<_> = alike.filter(|column| !few.contains(column)).collect();
        assert!(alike.is_empty(), "{alike:?}: {one:#?}");
    });
}

#[test]
fn lengths_words_and_partitions_are_found() {
    block_on(async {
        let database = database(
            "CREATE TABLE t (tenant_id uuid NOT NULL, code text NOT NULL CHECK (char_length(code) = 3),
               state text NOT NULL CHECK (state IN ('it''s', 'done')), month date NOT NULL, mail text, phone text,
               CHECK (num_nonnulls(mail, phone) = 1), price numeric(10, 2) NOT NULL CHECK (price > 100000)) PARTITION BY RANGE (month);
             CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')",
        )
        .await;
        let row = filler(&database).await.row("t", TenantId::random()).insert().await.expect("a row");
        assert_eq!(row.get("state"), Some("it's"));
        assert_eq!(row.get("month"), Some("2031-01-01"));
        assert_eq!(row.get("price"), Some("100001.00"));
    });
}

#[test]
fn a_check_that_nothing_meets_is_named_with_what_helps() {
    let said = refusal(
        "CREATE TABLE t (tenant_id uuid, plate text NOT NULL CONSTRAINT looks_right CHECK (plate ~ '^[A-Z]{3} [0-9]$'))",
    );
    for part in ["cannot fill a row of public.t", "constraint looks_right", "SQLSTATE 23514", ".set("] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_type_that_is_not_known_is_named_with_its_column() {
    let said = refusal("CREATE TABLE t (tenant_id uuid, snapshot pg_snapshot NOT NULL)");
    assert!(said.contains("\"snapshot\" is of type pg_snapshot"), "{said}");
}

#[test]
fn foreign_keys_in_a_circle_are_named() {
    let said = refusal(
        "CREATE TABLE t (tenant_id uuid NOT NULL, id uuid NOT NULL, u uuid NOT NULL, PRIMARY KEY (tenant_id, id));
         CREATE TABLE u (tenant_id uuid NOT NULL, id uuid NOT NULL, t uuid NOT NULL, PRIMARY KEY (tenant_id, id),
           FOREIGN KEY (tenant_id, t) REFERENCES t);
         ALTER TABLE t ADD CONSTRAINT of_u FOREIGN KEY (tenant_id, u) REFERENCES u",
    );
    assert!(
        said.contains(
            "cannot fill a row of public.u: its foreign key u_tenant_id_t_fkey needs a row of public.t"
        ),
        "{said}"
    );
}

#[test]
fn a_circle_that_may_be_open_is_left_open() {
    block_on(async {
        let database = database(
            "CREATE TABLE t (tenant_id uuid NOT NULL, id uuid NOT NULL, u uuid, PRIMARY KEY (tenant_id, id));
             CREATE TABLE u (tenant_id uuid NOT NULL, id uuid NOT NULL, t uuid NOT NULL, PRIMARY KEY (tenant_id, id),
               FOREIGN KEY (tenant_id, t) REFERENCES t);
             ALTER TABLE t ADD FOREIGN KEY (tenant_id, u) REFERENCES u",
        )
        .await;
        filler(&database).await.row("u", TenantId::random()).insert().await.expect("a row");
    });
}

#[test]
fn a_misspelt_table_or_column_is_named() {
    block_on(async {
        let database = database(SHOP).await;
        let mut filler = filler(&database).await;
        let none = filler.row("vehicle", TenantId::random()).insert().await;
        assert!(
            matches!(&none, Err(Error::Fill { reason, .. }) if reason == "there is no such table"),
            "{none:?}"
        );
        let none = filler.row("vehicles", TenantId::random()).set("color", "red").insert().await;
        let said = none.expect_err("no column").to_string();
        assert!(said.contains("no column \"color\"") && said.contains("colour"), "{said}");
    });
}
