//! What the planner makes of a tenant's statements: indexes are used, the policy is evaluated once, one partition is touched.

use std::collections::BTreeSet;

use crow_tests::plans::{self, ORDERS, STATEMENTS};
use libtest_mimic::Trial;

use crate::session::Session;
use crate::world::{self, World};
use crate::{Fallible, trial};

/// A tenant with some hundred orders of 50,000.
const RANK: usize = 30;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("plans::indexes are used, policies evaluated once, one partition touched", looked_at)]
}

async fn looked_at() -> Fallible {
    let (database, superuser) = World::crow().database(&world::server(false)?).await?;
    for migration in plans::tables()?.iter() {
        superuser.run_each(migration.statements()).await?;
    }
    superuser.run_each(plans::fill(50_000).split_inclusive(';')).await?;
    let app = Session::open(&database.url("crow_app")).await?;
    let id = async |name: &str| {
        Fallible::Ok(superuser.run(&format!("SELECT {}", plans::key(name))).await?.concat())
    };
    let tenant = id(&RANK.to_string()).await?;

    for orders in ORDERS {
        for statement in STATEMENTS {
            let second = statement.key.map(|key| format!("{RANK}{key}"));
            let second = id(second.as_deref().unwrap_or_default()).await?;
            for mode in ["force_custom_plan", "force_generic_plan"] {
                let what = format!("{} on {orders}, {mode}", statement.name);
                let plan = explain(&app, &statement.on(orders), mode, &tenant, &second).await?;
                let tables = statement.sql.matches("tenant_id = $1").count().max(1);
                check(&plan, tables, statement.sql.starts_with("INSERT"), &what)?;
            }
        }
        // SQL by hand that leaves the tenant to the policy.
        let by_hand = format!("SELECT * FROM {orders} WHERE id = $2::text::uuid OR $1 = ''");
        let plan = explain(&app, &by_hand, "force_generic_plan", &tenant, &tenant).await?;
        check(&plan, 1, false, &by_hand)?;
    }

    // The control: a condition on the tenant that is no comparison with it.
    let lost = "SELECT * FROM hashed_orders WHERE tenant_id::text = $1 AND $2 <> ''";
    let admin = Session::open(&database.url("crow_admin")).await?;
    let plan = explain(&admin, lost, "force_custom_plan", &tenant, &tenant).await?;
    assert!(check(&plan, 0, false, lost).is_err(), "{plan}");
    Ok(())
}

async fn explain(session: &Session, sql: &str, mode: &str, first: &str, second: &str) -> Fallible<String> {
    let plan = format!(
        "BEGIN; SELECT crow.enter('{first}'); SET LOCAL plan_cache_mode = {mode}; PREPARE q (text, text) AS {sql};
         EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE q ('{first}', '{second}'); DEALLOCATE q; ROLLBACK"
    );
    Ok(session.run(&plan).await?.join("\n"))
}

/// A read evaluates one policy for both, as their conditions are equal; an insert checks each of them once.
fn check(plan: &str, policies: usize, insert: bool, what: &str) -> Fallible {
    let executed = || plan.lines().filter(|line| !line.contains("never executed"));
    let evaluations = executed()
        .filter(|line| line.contains("->  Result") && line.contains("loops=1") && !line.contains("rows=0"));
    let initplans = plan.lines().filter(|line| line.trim_start().starts_with("InitPlan ")).count();
    let words = executed().flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let partitions: BTreeSet<_> = words
        .filter_map(|word| word.strip_prefix("hashed_orders_p")?.get(..2))
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    let fault = if !insert && (!plan.contains("Index") || executed().any(|line| line.contains("Seq Scan"))) {
        "an index is not used"
    } else if initplans != if insert { 2 * policies } else { policies } || evaluations.count() < policies {
        "the policy is not evaluated once for each table"
    } else if partitions.len() > 1 {
        "more than one partition is touched"
    } else {
        return Ok(());
    };
    Err(format!("{what}: {fault}\n{plan}").into())
}
