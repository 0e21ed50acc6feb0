//! Schemathesis, which `pip install -r requirements.txt` brings.
//!
//! `CROW_SCHEMATHESIS` names the program if it is not on the `PATH`. `CROW_FUZZ_SEED` makes other choices, and
//! `CROW_FUZZ_EXAMPLES` more of them for each operation.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::task::spawn_blocking;

use crate::visitor::Visitor;
use crate::world::Outcome;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/openapi");

pub(crate) struct Fuzzer<'w> {
    pub(crate) address: SocketAddr,
    /// Whose token it has, and at which host.
    pub(crate) visitor: &'w Visitor<'w>,
    /// Ids of the other shop's rows.
    pub(crate) their_ids: Vec<String>,
    /// Whether the host is the other shop's, so that the token opens nothing.
    pub(crate) elsewhere: bool,
}

#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) operations: BTreeMap<String, Operation>,
}

#[derive(Debug, Default)]
pub(crate) struct Operation {
    /// How many requests were as the document wants them.
    pub(crate) valid: u64,
    /// How many of those were done.
    pub(crate) accepted: u64,
    /// How many were for a row of the other shop.
    pub(crate) attacks: usize,
}

impl Fuzzer<'_> {
    /// Fails if an answer is not as it has to be; `None` if schemathesis is not installed.
    pub(crate) async fn run(self) -> Outcome<Option<Report>> {
        let directory = tempdir()?;
        let mut command = self.command(directory.path());
        let output = match spawn_blocking(move || command.output()).await? {
            Err(error) if error.kind() == ErrorKind::NotFound => return skipped(),
            output => output?,
        };
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        Report::read(directory.path()).map(Some)
    }

    fn command(&self, directory: &Path) -> Command {
        let var = |name, default: &str| env::var(name).unwrap_or_else(|_| default.into());
        let theirs: Vec<_> = self.visitor.foreign().chain(self.their_ids.iter().cloned()).collect();
        let mut command = Command::new(var("CROW_SCHEMATHESIS", "schemathesis"));
        command
            .args(["--config-file", &format!("{HERE}/schemathesis.toml"), "run"])
            .arg(format!("http://{}/openapi.json", self.address))
            .args(["--seed", &var("CROW_FUZZ_SEED", "1")])
            .args(["--max-examples", &var("CROW_FUZZ_EXAMPLES", "40")])
            .args(["--generation-database", "none", "--report", "json", "--report-json-path", "report.json"])
            .args(["--continue-on-failure", "--no-color"])
            .current_dir(directory)
            .env("SCHEMATHESIS_HOOKS", format!("{HERE}/hooks.py"))
            .env("SHOP_HOST", &self.visitor.host)
            .env("SHOP_TOKEN", &self.visitor.token)
            .env("SHOP_THEIRS", json!(theirs).to_string())
            .env("SHOP_THEIR_IDS", json!(self.their_ids).to_string());
        command.envs(self.elsewhere.then_some(("SHOP_ELSEWHERE", "")));
        command
    }
}

/// Past the harness, which hides what a test prints that passes.
fn skipped<T>() -> Outcome<Option<T>> {
    let needs = "schemathesis: pip install -r examples/shop/tests/http/openapi/requirements.txt";
    if env::var_os("CI").is_some() {
        return Err(needs.into());
    }
    writeln!(io::stderr(), "SKIPPED: the fuzzer of the OpenAPI document needs {needs}")?;
    Ok(None)
}

impl Report {
    fn read(directory: &Path) -> Outcome<Self> {
        let mut operations = BTreeMap::<String, Operation>::new();
        let report: Value = serde_json::from_str(&fs::read_to_string(directory.join("report.json"))?)?;
        for (name, phases) in report["valid_rates"].as_object().into_iter().flatten() {
            let operation = operations.entry(name.clone()).or_default();
            for rates in phases.as_object().into_iter().flat_map(|phases| phases.values()) {
                operation.accepted += rates["accepted"].as_u64().unwrap_or_default();
                operation.valid += rates
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter_map(|(_, rate)| rate.as_u64())
                    .sum::<u64>();
            }
        }
        for name in fs::read_to_string(directory.join("attacks"))?.lines() {
            operations.entry(name.to_owned()).or_default().attacks += 1;
        }
        Ok(Self { operations })
    }
}
