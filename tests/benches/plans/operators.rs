//! Conditions that lose their index below policies, and what to write instead.

use std::time::Instant;

use tokio_postgres::Client;

use crate::Failure;

const TABLE: &str = "
CREATE TYPE mood AS ENUM ('good', 'bad', 'rare');
CREATE TABLE contacts (
  tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(),
  email text COLLATE \"C\" NOT NULL, email_lower text COLLATE \"C\" GENERATED ALWAYS AS (lower(email)) STORED,
  amount numeric NOT NULL, cents bigint NOT NULL, mood mood NOT NULL, mood_name text NOT NULL,
  doc jsonb NOT NULL, plan text GENERATED ALWAYS AS (doc ->> 'plan') STORED, tags text[] NOT NULL,
  words tsvector NOT NULL, PRIMARY KEY (tenant_id, id));
INSERT INTO contacts (tenant_id, email, amount, cents, mood, mood_name, doc, tags, words)
  SELECT id, 'User' || c || '@example.com', c / 100.0, c, CASE WHEN c % 1000 = 1 THEN 'rare' ELSE 'good' END::mood,
    CASE WHEN c % 1000 = 1 THEN 'rare' ELSE 'good' END, jsonb_build_object('plan', 'plan ' || c % 1000),
    ARRAY['tag' || c % 1000], to_tsvector('simple', 'word' || c % 1000)
  FROM (SELECT id, c FROM tenants, generate_series(1, ceil({rows} / 7.4855 / n)::int) AS c ORDER BY md5(n || '/' || c)) AS x;
CREATE INDEX ON contacts (tenant_id, email);
CREATE INDEX ON contacts (tenant_id, lower(email));
CREATE INDEX ON contacts (tenant_id, email_lower);
CREATE INDEX ON contacts (tenant_id, amount);
CREATE INDEX ON contacts (tenant_id, cents);
CREATE INDEX ON contacts (tenant_id, mood);
CREATE INDEX ON contacts (tenant_id, mood_name);
CREATE INDEX ON contacts (tenant_id, plan);
CREATE INDEX ON contacts USING gin (doc);
CREATE INDEX ON contacts USING gin (tags);
CREATE INDEX ON contacts USING gin (words);
SELECT crow.protect('contacts');
VACUUM ANALYZE contacts";

/// What one would write, and what keeps its index.
const CONDITIONS: [(&str, Option<&str>); 9] = [
    ("email LIKE 'User77%'", Some("email ^@ 'User77'")),
    ("email ILIKE 'user77@%'", Some("email_lower ^@ 'user77@'")),
    ("lower(email) = 'user77@example.com'", Some("email_lower = 'user77@example.com'")),
    ("amount = 0.77", Some("cents = 77")),
    ("amount BETWEEN 0.70 AND 0.77", Some("cents BETWEEN 70 AND 77")),
    ("mood = 'rare'", Some("mood_name = 'rare'")),
    ("doc @> '{\"plan\": \"plan 77\"}'", Some("plan = 'plan 77'")),
    ("tags @> ARRAY['tag77']", None),
    ("words @@ 'word77'::tsquery", None),
];

pub(crate) async fn compare(
    root: &Client,
    bound: &Client,
    free: &Client,
    rows: usize,
) -> Result<(), Failure> {
    for statement in TABLE.replace("{rows}", &rows.to_string()).split_inclusive(";\n") {
        root.batch_execute(statement).await?;
    }
    println!("\n{rows} contacts, of a tenant with an eighteenth of them. Microseconds, medians.\n");
    println!("| condition | without policies | with | instead | with policies |\n|---|---|---|---|---|");
    for (condition, instead) in CONDITIONS {
        let times = [time(free, condition).await?, time(bound, condition).await?];
        let instead = match instead {
            Some(instead) => format!("`{instead}` | {:.0}", time(bound, instead).await?),
            None => "a table of its own, one row each | ".into(),
        };
        println!("| `{condition}` | {:.0} | {:.0} | {instead} |", times[0], times[1]);
    }
    Ok(())
}

async fn time(client: &Client, condition: &str) -> Result<f64, Failure> {
    let tenant = crow_tests::plans::tenant(3);
    client.batch_execute(&format!("BEGIN; SELECT crow.enter({tenant})")).await?;
    let statement = format!("SELECT count(*) FROM contacts WHERE tenant_id = {tenant} AND {condition}");
    let prepared = client.prepare(&statement).await?;
    let mut times = Vec::new();
    for _ in 0..31 {
        let begun = Instant::now();
        client.execute(&prepared, &[]).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    client.batch_execute("ROLLBACK").await?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
