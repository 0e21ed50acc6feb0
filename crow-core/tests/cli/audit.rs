//! `crow audit`: formats, exit status, accepted findings.

use std::fs;

use serde_json::Value;

use crate::{Outcome, crow, run_sql, shop};

/// The minor release is the machine's affair: none is demanded.
const ANY: [&str; 8] =
    ["--at-least", "15.0", "--at-least", "16.0", "--at-least", "17.0", "--at-least", "18.0"];

fn audit<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["audit"], &ANY[..], arguments].concat()
}

#[tokio::test]
async fn the_exit_status_follows_the_worst_finding() -> Outcome {
    let database = shop().await?;
    let app = database.url("crow_app");
    crow(&app, &audit(&[])).expect(0, &["role crow_app", "1 tenant table\n", "E11", "Found: 1 info."], &[]);
    crow(&app, &audit(&["--fail-on", "info"])).expect(1, &["E11"], &[]);

    run_sql(&database.superuser_url(), "CREATE INDEX by_make ON vehicles (make)").await?;
    for (fail_on, status) in [("high", 0), ("medium", 1), ("low", 1), ("never", 0)] {
        crow(&app, &audit(&["--fail-on", fail_on])).expect(
            status,
            &["medium D6", "index public.by_make"],
            &[],
        );
    }
    run_sql(&database.superuser_url(), "ALTER TABLE vehicles NO FORCE ROW LEVEL SECURITY").await?;
    for role in ["crow_app", "crow_admin", "crow_migrator"] {
        let cure = "SELECT crow.protect('public.vehicles')";
        crow(&database.url(role), &audit(&["--fail-on", "critical"])).expect(
            1,
            &["critical B3", cure, "1 critical"],
            &[],
        );
    }
    crow(&app, &audit(&["--role", "crow_admin", "--fail-on", "critical"])).expect(
        1,
        &["A1", "has BYPASSRLS"],
        &[],
    );
    crow(&app, &audit(&["--tenant-table", "gone"])).expect(1, &["model table gone", "does not exist"], &[]);
    crow(
        &app,
        &[
            "audit",
            "--at-least",
            "15.99",
            "--at-least",
            "16.99",
            "--at-least",
            "17.99",
            "--at-least",
            "18.99",
        ],
    )
    .expect(1, &["F1"], &[]);
    Ok(())
}

#[tokio::test]
async fn each_format_tells_the_same() -> Outcome {
    let database = shop().await?;
    run_sql(&database.superuser_url(), "CREATE INDEX \"by\n%make\" ON vehicles (make)").await?;
    let app = database.url("crow_app");
    let report = |format| crow(&app, &audit(&["--format", format])).expect(1, &[], &[]).out;

    let json: Value = serde_json::from_str(&report("json"))?;
    assert_eq!((&json["version"], &json["role"]), (&1.into(), &"crow_app".into()));
    let rules: Vec<_> =
        json["findings"].as_array().ok_or("none")?.iter().map(|finding| &finding["rule"]).collect();
    assert_eq!(rules, ["D6", "E11"]);
    assert_eq!(json["findings"][0]["object"], "index public.\"by\n%make\"");

    let sarif: Value = serde_json::from_str(&report("sarif"))?;
    let results = sarif["runs"][0]["results"].as_array().ok_or("none")?;
    let results: Vec<_> = results.iter().map(|result| (&result["ruleId"], &result["level"])).collect();
    assert_eq!(results, [(&"D6".into(), &"warning".into()), (&"E11".into(), &"note".into())]);

    let github = report("github");
    let lines: Vec<_> = github.lines().collect();
    assert_eq!(lines.len(), 2, "{github}");
    assert!(lines[0].starts_with("::warning title=D6 medium%3A index public.\"by%0A%25make\"::"), "{github}");
    assert!(lines[1].starts_with("::notice title=E11 info%3A "), "{github}");

    let junit = report("junit");
    assert!(junit.starts_with("<?xml") && junit.contains("failures=\"1\""), "{junit}");
    assert!(junit.contains("<testcase name=\"D6\"") && junit.contains("<testcase name=\"B3\""), "{junit}");
    Ok(())
}

#[tokio::test]
async fn a_finding_is_accepted_with_a_reason_and_for_a_time() -> Outcome {
    let database = shop().await?;
    run_sql(&database.superuser_url(), "CREATE INDEX by_make ON vehicles (make)").await?;
    let app = database.url("crow_app");
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("accepted.toml");
    let name = file.to_str().ok_or("a path")?;
    let entry = |object: &str, reason: &str, expires: &str| {
        format!("[[accept]]\nrule = 'D6'\nobject = '{object}'\nreason = '{reason}'\nexpires = {expires}\n")
    };
    let accept = |content: String| {
        fs::write(&file, content)?;
        Ok::<_, std::io::Error>(crow(&app, &audit(&["--accept", name, "--fail-on", "low"])))
    };
    accept(entry("index public.by_make", "a report", "2999-01-31"))?.expect(
        0,
        &["accepted", "D6 index public.by_make", "until 2999-01-31: a report", "Found: 1 info."],
        &[],
    );
    accept(entry("index public.by_make", "a report", "2020-01-31"))?.expect(
        1,
        &["D6", "X1", "acceptance of D6 for index public.by_make expired on 2020-01-31 (a report)"],
        &[],
    );
    accept(entry("index public.by_model", "a report", "2999-01-31"))?.expect(1, &["D6", "X2"], &[]);
    accept(entry("index public.by_make", "", "2999-01-31"))?.expect(2, &[], &[name, "gives no reason"]);
    accept(entry("index public.by_make", "a report", "'soon'"))?.expect(2, &[], &[name, "expires"]);
    crow(&app, &audit(&["--accept", "/no/such/file"])).expect(2, &[], &["cannot read /no/such/file"]);
    Ok(())
}

#[tokio::test]
async fn a_database_without_crow_is_told_so() -> Outcome {
    let empty = crow_testkit::Server::shared()?
        .template("cli nothing", async |_| Ok::<_, std::io::Error>(()))
        .await?
        .database()
        .await?;
    crow(&empty.superuser_url(), &audit(&[])).expect(
        1,
        &["critical S1", "schema crow is not installed in database"],
        &[],
    );
    Ok(())
}
