//! The reader itself is tested: with SQL that is wrong on purpose, and with crow's own SQL after
//! each of its guards has been spoilt in turn.

use proptest::test_runner::{Config, RngSeed, TestRunner};
use sqlparser::ast::{BinaryOperator, Expr, Ident, Statement as Parsed, UnaryOperator, Value};
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::arena::Place;
use crate::generate;
use crate::reader::{check, check_parsed, parse};
use crate::rewrite::{each_guard, truth};
use crate::sent::{Bind, Rendered};
use crate::world::{TENANTS, View, tenant};

/// A statement with these values: $1 and $2 are the tenant, $3 is another tenant, $4 is the
/// tenant's id as text, $5 the tenant and $6 another one without a type, to be entered.
fn read(sql: &str) -> Result<(), String> {
    let (ours, theirs) = (tenant(0), tenant(1));
    let uuid = |id: Uuid| Bind { oid: 2950, bytes: Some(id.as_bytes().to_vec()) };
    let text = Bind { oid: 25, bytes: Some(ours.as_bytes().to_vec()) };
    let entry = |id: Uuid| Bind { oid: 0, ..uuid(id) };
    let binds = vec![uuid(ours), uuid(ours), uuid(theirs), text, entry(ours), entry(theirs)];
    check(&Rendered { sql: sql.to_owned(), binds }, ours)
}

#[test]
fn right_statements_are_found_right() {
    for sql in [
        "SELECT id FROM vehicles WHERE vehicles.tenant_id = $1",
        "SELECT id FROM vehicles WHERE ((make = 'a') OR (make = 'b')) AND (vehicles.tenant_id = $1)",
        "SELECT id FROM vehicles AS v WHERE v.tenant_id = $1 AND TRUE",
        "SELECT id FROM vehicles WHERE vehicles.tenant_id = $5::crow.tenant",
        "INSERT INTO vehicles (tenant_id, make) VALUES ($5::crow.tenant, 'a'), ($1, 'b')",
        "SELECT name FROM makes",
        "SELECT v.id FROM makes INNER JOIN vehicles AS v ON v.tenant_id = $1 AND (v.make = makes.name)",
        "SELECT v.id FROM vehicles AS v LEFT OUTER JOIN vehicles AS o ON o.tenant_id = $2 AND (v.year = o.year) \
         WHERE v.tenant_id = $1",
        "SELECT id FROM vehicles WHERE vehicles.tenant_id = $1 AND EXISTS \
         (SELECT 1 FROM service_records WHERE service_records.tenant_id = $2)",
        "WITH q AS (SELECT id FROM vehicles WHERE vehicles.tenant_id = $1) SELECT * FROM q",
        "(SELECT id FROM vehicles WHERE vehicles.tenant_id = $1) UNION \
         (SELECT id FROM service_records WHERE service_records.tenant_id = $2)",
        "SELECT 1 FROM makes WHERE name = ANY((SELECT make FROM vehicles WHERE vehicles.tenant_id = $1) UNION \
         (SELECT 'Volvo'))",
        "SELECT id FROM vehicles WHERE vehicles.tenant_id = $1 FOR NO KEY UPDATE SKIP LOCKED",
        "INSERT INTO vehicles (tenant_id, make) VALUES ($1, 'a'), ($2, 'b') ON CONFLICT (tenant_id, make) DO NOTHING",
        "INSERT INTO vehicles (tenant_id, make) VALUES ($1, 'a') ON CONFLICT (tenant_id, plate) DO UPDATE \
         SET make = excluded.make WHERE vehicles.tenant_id = $2",
        "INSERT INTO vehicles (tenant_id, make) SELECT $1, q.* FROM \
         (SELECT make FROM vehicles WHERE vehicles.tenant_id = $2) AS q",
        "UPDATE vehicles SET make = 'a' WHERE vehicles.tenant_id = $1 RETURNING id",
        "DELETE FROM vehicles WHERE vehicles.tenant_id = $1",
    ] {
        assert_eq!(read(sql), Ok(()), "{sql}");
    }
}

#[test]
fn wrong_statements_are_found_wrong() {
    for (why, sql) in [
        ("no predicate", "SELECT id FROM vehicles"),
        ("no predicate of its own", "SELECT id FROM vehicles WHERE make = 'a'"),
        ("OR", "SELECT id FROM vehicles WHERE vehicles.tenant_id = $1 OR make = 'a'"),
        (
            "OR further out",
            "SELECT id FROM vehicles WHERE (vehicles.tenant_id = $1 AND year = 1) OR (make = 'a')",
        ),
        (
            "AND binds closer than OR",
            "SELECT id FROM vehicles WHERE vehicles.tenant_id = $1 AND year = 1 OR year = 2",
        ),
        ("NOT", "SELECT id FROM vehicles WHERE NOT (vehicles.tenant_id = $1)"),
        ("below a comparison", "SELECT id FROM vehicles WHERE (vehicles.tenant_id = $1) IS NOT NULL"),
        (
            "in a CASE",
            "SELECT id FROM vehicles WHERE CASE WHEN vehicles.tenant_id = $1 THEN true ELSE true END",
        ),
        ("another tenant", "SELECT id FROM vehicles WHERE vehicles.tenant_id = $3"),
        ("a text", "SELECT id FROM vehicles WHERE vehicles.tenant_id = $4"),
        ("a value that is not there", "SELECT id FROM vehicles WHERE vehicles.tenant_id = $7"),
        (
            "another tenant that is entered",
            "SELECT id FROM vehicles WHERE vehicles.tenant_id = $6::crow.tenant",
        ),
        ("a tenant that nobody enters", "SELECT id FROM vehicles WHERE vehicles.tenant_id = $5"),
        ("an entry of another kind", "SELECT id FROM vehicles WHERE vehicles.tenant_id = $5::crow.other"),
        (
            "a column in place of a value",
            "SELECT id FROM vehicles WHERE vehicles.tenant_id = vehicles.tenant_id",
        ),
        ("another column", "SELECT id FROM vehicles WHERE vehicles.id = $1"),
        ("not equal", "SELECT id FROM vehicles WHERE vehicles.tenant_id <> $1"),
        ("no table named", "SELECT id FROM vehicles WHERE tenant_id = $1"),
        ("the table in place of the alias", "SELECT id FROM vehicles AS v WHERE vehicles.tenant_id = $1"),
        ("the predicate of another table", "SELECT 1 FROM vehicles WHERE service_records.tenant_id = $1"),
        (
            "a join without one",
            "SELECT 1 FROM vehicles INNER JOIN service_records ON service_records.vehicle_id = vehicles.id \
             WHERE vehicles.tenant_id = $1",
        ),
        (
            "a join by the tenant alone",
            "SELECT 1 FROM vehicles INNER JOIN service_records ON service_records.tenant_id = vehicles.tenant_id \
             WHERE vehicles.tenant_id = $1",
        ),
        (
            "a join whose condition is OR-ed",
            "SELECT 1 FROM vehicles INNER JOIN service_records ON service_records.tenant_id = $2 AND TRUE OR TRUE \
             WHERE vehicles.tenant_id = $1",
        ),
        (
            "a left join guarded outside",
            "SELECT 1 FROM vehicles LEFT OUTER JOIN service_records ON TRUE \
             WHERE vehicles.tenant_id = $1 AND service_records.tenant_id = $2",
        ),
        (
            "the first table guarded in the join",
            "SELECT 1 FROM vehicles INNER JOIN service_records ON vehicles.tenant_id = $1 AND service_records.tenant_id = $2",
        ),
        (
            "a left join of the first table guarded in the join",
            "SELECT 1 FROM makes LEFT OUTER JOIN vehicles ON TRUE WHERE vehicles.tenant_id = $1",
        ),
        ("a second table", "SELECT 1 FROM vehicles, service_records WHERE vehicles.tenant_id = $1"),
        ("a cross join", "SELECT 1 FROM makes CROSS JOIN vehicles WHERE vehicles.tenant_id = $1"),
        (
            "an alias of the same table",
            "SELECT 1 FROM vehicles INNER JOIN vehicles AS o ON vehicles.tenant_id = $2 WHERE vehicles.tenant_id = $1",
        ),
        ("a right join", "SELECT 1 FROM makes RIGHT JOIN vehicles ON vehicles.tenant_id = $1"),
        (
            "a subquery",
            "SELECT 1 FROM vehicles WHERE vehicles.tenant_id = $1 AND EXISTS (SELECT 1 FROM service_records)",
        ),
        (
            "a subquery guarded outside",
            "SELECT 1 FROM makes WHERE EXISTS (SELECT 1 FROM vehicles) AND vehicles.tenant_id = $1",
        ),
        (
            "a subquery guarded by the table outside",
            "SELECT 1 FROM vehicles WHERE vehicles.tenant_id = $1 AND EXISTS \
             (SELECT 1 FROM service_records WHERE vehicles.tenant_id = $2)",
        ),
        ("a subquery in the selection", "SELECT (SELECT count(*) FROM vehicles) FROM makes"),
        ("a subquery in the order", "SELECT 1 FROM makes ORDER BY (SELECT count(*) FROM vehicles)"),
        (
            "a subquery in HAVING",
            "SELECT 1 FROM makes GROUP BY name HAVING count(*) > (SELECT count(*) FROM vehicles)",
        ),
        ("a subquery in GROUP BY", "SELECT 1 FROM makes GROUP BY (SELECT count(*) FROM vehicles)"),
        ("a subquery in LIMIT", "SELECT 1 FROM makes LIMIT (SELECT count(*) FROM vehicles)"),
        ("a subquery in DISTINCT ON", "SELECT DISTINCT ON ((SELECT count(*) FROM vehicles)) 1 FROM makes"),
        ("a subquery in FILTER", "SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM vehicles)) FROM makes"),
        (
            "a subquery in OVER",
            "SELECT count(*) OVER (PARTITION BY (SELECT count(*) FROM vehicles)) FROM makes",
        ),
        ("a subquery in ON", "SELECT 1 FROM makes INNER JOIN makes AS m ON EXISTS (SELECT 1 FROM vehicles)"),
        ("a derived table", "SELECT 1 FROM (SELECT id FROM vehicles) AS q"),
        ("a WITH", "WITH q AS (SELECT id FROM vehicles) SELECT * FROM q"),
        ("a WITH of the table's name", "WITH vehicles AS (SELECT 1 AS id) SELECT * FROM vehicles"),
        (
            "one side of a UNION",
            "(SELECT id FROM vehicles WHERE vehicles.tenant_id = $1) UNION (SELECT id FROM service_records)",
        ),
        ("an unknown table", "SELECT 1 FROM secrets"),
        ("a table of another schema", "SELECT 1 FROM other.makes"),
        ("a table function", "SELECT 1 FROM everything()"),
        ("SELECT INTO", "SELECT name INTO copies FROM makes"),
        ("an UPDATE", "UPDATE vehicles SET make = 'a' WHERE year = 1"),
        ("an UPDATE of all", "UPDATE vehicles SET make = 'a'"),
        ("an UPDATE of the tenant", "UPDATE vehicles SET tenant_id = $3 WHERE vehicles.tenant_id = $1"),
        (
            "an UPDATE FROM",
            "UPDATE vehicles SET make = 'a' FROM service_records WHERE vehicles.tenant_id = $1",
        ),
        (
            "a subquery in SET",
            "UPDATE vehicles SET make = (SELECT max(make) FROM vehicles) WHERE vehicles.tenant_id = $1",
        ),
        (
            "a subquery in RETURNING",
            "UPDATE vehicles SET make = 'a' WHERE vehicles.tenant_id = $1 RETURNING (SELECT count(*) FROM service_records)",
        ),
        ("a DELETE", "DELETE FROM vehicles WHERE year = 1"),
        ("a DELETE USING", "DELETE FROM vehicles USING service_records WHERE vehicles.tenant_id = $1"),
        ("an INSERT without the tenant", "INSERT INTO vehicles (make) VALUES ('a')"),
        ("an INSERT with the tenant elsewhere", "INSERT INTO vehicles (make, tenant_id) VALUES ($1, $2)"),
        ("an INSERT for another tenant", "INSERT INTO vehicles (tenant_id, make) VALUES ($3, 'a')"),
        (
            "an INSERT of a row for another tenant",
            "INSERT INTO vehicles (tenant_id, make) VALUES ($1, 'a'), ($3, 'a')",
        ),
        ("an INSERT of nothing", "INSERT INTO vehicles DEFAULT VALUES"),
        ("an INSERT into a shared table", "INSERT INTO makes (tenant_id, name) VALUES ($1, 'a')"),
        (
            "an INSERT from rows of all",
            "INSERT INTO vehicles (tenant_id, make) SELECT $1, q.* FROM (SELECT make FROM vehicles) AS q",
        ),
        (
            "an INSERT of others' tenants",
            "INSERT INTO vehicles (tenant_id, make) SELECT q.* FROM \
             (SELECT tenant_id, make FROM vehicles WHERE vehicles.tenant_id = $1) AS q",
        ),
        (
            "a conflict target without the tenant",
            "INSERT INTO vehicles (tenant_id, make) VALUES ($1, 'a') ON CONFLICT (plate) DO NOTHING",
        ),
        (
            "an upsert of anybody's row",
            "INSERT INTO vehicles (tenant_id, make) VALUES ($1, 'a') ON CONFLICT (tenant_id, plate) DO UPDATE SET make = 'b'",
        ),
        (
            "an upsert guarded by the new row",
            "INSERT INTO vehicles (tenant_id, make) VALUES ($1, 'a') ON CONFLICT (tenant_id, plate) DO UPDATE \
             SET make = 'b' WHERE excluded.tenant_id = $1",
        ),
        ("two statements", "SELECT 1 FROM makes; SELECT 1 FROM makes"),
        ("another kind of statement", "TRUNCATE vehicles"),
    ] {
        // What cannot be parsed would be refused for no good reason.
        assert!(why == "two statements" || parse(sql).is_ok(), "{why}: {sql}: {:?}", parse(sql));
        assert!(read(sql).is_err(), "{why}: {sql}");
    }
}

type Spoil = fn(&Expr) -> Expr;

/// Ways to spoil a guard.
const WAYS: [(&str, Spoil); 5] = [
    ("left out", |_| truth()),
    ("OR-ed away", |guard| either(guard, BinaryOperator::Or)),
    ("negated", |guard| Expr::UnaryOp {
        op: UnaryOperator::Not,
        expr: Box::new(Expr::Nested(Box::new(guard.clone()))),
    }),
    ("of another table", |guard| match guard.clone() {
        Expr::BinaryOp { op, right, .. } => {
            let left = ["strangers", "tenant_id"].map(Ident::new).to_vec();
            Expr::BinaryOp { left: Box::new(Expr::CompoundIdentifier(left)), op, right }
        }
        other => other,
    }),
    ("for another tenant", |guard| match guard.clone() {
        Expr::BinaryOp { left, op, .. } => {
            let right = Expr::Value(Value::Placeholder("$1000".into()).into());
            Expr::BinaryOp { left, op, right: Box::new(right) }
        }
        other => other,
    }),
];

fn either(guard: &Expr, op: BinaryOperator) -> Expr {
    Expr::Nested(Box::new(Expr::BinaryOp { left: Box::new(guard.clone()), op, right: Box::new(truth()) }))
}

#[test]
fn every_guard_of_every_statement_is_missed() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let views: Vec<View> = (0..TENANTS).map(View::of).collect();
    let place = runtime.block_on(Place::open(&views)).expect("a database");
    let config = Config { rng_seed: RngSeed::Fixed(1), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let mut spoilt = 0;
    for _ in 0..300 {
        let case = generate::case(runner.rng());
        // A statement that asks for its own tenant besides is none the worse without the guard.
        if format!("{case:?}").contains("tenant_id") {
            continue;
        }
        let rendered = runtime.block_on(place.render(&case)).expect("a statement");
        let Ok(parsed) = parse(&rendered.sql) else { continue };
        let tenant = tenant(case.tenant);
        let mut guards = 0;
        each_guard(&mut parsed.clone(), &rendered, tenant, &mut |_| guards += 1);
        for guard in 0..guards {
            for (how, spoil) in WAYS {
                let wrong = spoil_one(&parsed, &rendered, tenant, guard, spoil);
                assert!(
                    check_parsed(&wrong, &rendered, tenant).is_err(),
                    "the guard {guard} is {how} in {wrong}\n  instead of {}",
                    rendered.sql
                );
                spoilt += 1;
            }
        }
    }
    assert!(spoilt > 1_000, "{spoilt} guards were spoilt");
}

fn spoil_one(
    parsed: &Parsed,
    rendered: &Rendered,
    tenant: Uuid,
    which: usize,
    spoil: fn(&Expr) -> Expr,
) -> Parsed {
    let (mut parsed, mut n) = (parsed.clone(), 0);
    each_guard(&mut parsed, rendered, tenant, &mut |guard| {
        if n == which {
            *guard = spoil(guard);
        }
        n += 1;
    });
    parsed
}
