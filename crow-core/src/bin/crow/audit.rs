//! `crow audit`.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crow_core::audit::{Acceptances, Audit as Question, Severity};

use super::Outcome;
use super::database::Url;
use super::failure::Failure;
use super::plan::print;

/// Look for all that would let one tenant reach another, and say what mends it.
///
/// Any role may ask: catalogs are all that is read, and nothing is changed. The application's role is audited, whoever
/// asks.
#[derive(Args)]
#[command(after_help = "\
Examples:
  crow audit
  crow audit --fail-on high --accept crow-accepted.toml
  crow audit --format sarif > crow.sarif
  crow audit --role shop_app --shared-table makes --at-least 15.21

Exit status: 0 nothing found from --fail-on upwards, 1 something found, 2 it could not run.")]
pub(crate) struct Audit {
    /// How to print the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The least severity that makes the exit status 1.
    #[arg(long, value_name = "LEVEL", default_value = "medium", value_parser = ["critical", "high", "medium", "low", "info", "never"])]
    fail_on: String,
    /// A TOML file of findings that are accepted, each with rule, object, reason and the day it expires.
    #[arg(long, value_name = "FILE")]
    accept: Option<PathBuf>,
    /// The application's role [default: that of the URL if it is a member of crow_app, or else crow_app].
    #[arg(long)]
    role: Option<String>,
    /// The role of access across tenants [default: crow_admin].
    #[arg(long, value_name = "ROLE")]
    admin_role: Option<String>,
    /// A tenant table that has to be there; may be repeated.
    #[arg(long, value_name = "TABLE")]
    tenant_table: Vec<String>,
    /// A table that every tenant may read; may be repeated. A comment on the table with "crow: shared" says so too.
    #[arg(long, value_name = "TABLE")]
    shared_table: Vec<String>,
    /// The minor release to demand of a major one, such as 15.21; may be repeated.
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    at_least: Vec<(u16, u16)>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs, with a version.
    Json,
    /// For code scanners.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// For build servers, each rule a test.
    Junit,
}

fn release(text: &str) -> Result<(u16, u16), String> {
    let parts =
        text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parts.ok_or_else(|| "a release is written like 15.21".into())
}

impl Audit {
    pub(crate) async fn run(self, url: &Url) -> Result<Outcome, Failure> {
        let accepted = self.accept.as_ref().map(read).transpose()?.unwrap_or_default();
        let report = self.question().run(&mut url.connect().await?).await?;
        let report = report.accept(&accepted, chrono::Local::now().date_naive());
        let fail_on: Option<Severity> = self.fail_on.parse().ok();
        let colours =
            io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        let text = match self.format {
            Format::Text => report.text(colours).to_string(),
            Format::Json => report.to_json(),
            Format::Sarif => report.to_sarif(),
            Format::Github => report.to_github().trim_end().to_owned(),
            Format::Junit => report.to_junit(fail_on.unwrap_or(Severity::Critical)).trim_end().to_owned(),
        };
        print(&text)?;
        let found = fail_on.is_some_and(|severity| report.worst() >= Some(severity));
        Ok(if found { Outcome::Found } else { Outcome::Clean })
    }

    fn question(&self) -> Question {
        let mut question = Question::new();
        if let Some(role) = &self.role {
            question = question.role(role);
        }
        if let Some(role) = &self.admin_role {
            question = question.admin(role);
        }
        for table in &self.tenant_table {
            question = question.tenant_table(table);
        }
        for table in &self.shared_table {
            question = question.shared_table(table);
        }
        self.at_least.iter().fold(question, |question, (major, minor)| question.at_least(*major, *minor))
    }
}

fn read(file: &PathBuf) -> Result<Acceptances, Failure> {
    let name = file.display();
    let text =
        fs::read_to_string(file).map_err(|error| Failure::new(format!("cannot read {name}: {error}")))?;
    text.parse().map_err(|error| Failure::new(format!("{name}: {error}")))
}
