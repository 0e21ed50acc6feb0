//! The command `crow`: each command is a file with its arguments, its plan and its work.

mod adopt;
mod audit;
mod database;
mod failure;
mod install;
mod matrix;
mod plan;
mod protect;
mod roles;
mod table;
mod uninstall;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::database::Url;
use self::failure::Failure;

/// Keeps the tenants of a PostgreSQL database apart, and proves that they are.
#[derive(Parser)]
#[command(name = "crow", version, max_term_width = 100, after_help = EXAMPLES)]
struct Crow {
    #[command(flatten)]
    url: Url,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  export DATABASE_URL=postgresql://crow_migrator@localhost/shop
  crow protect vehicles service_records
  crow audit --fail-on high --accept crow-accepted.toml

Exit status: 0 nothing found, or done; 1 something found; 2 it could not run.";

#[derive(Subcommand)]
enum Command {
    Install(install::Install),
    Upgrade(install::Upgrade),
    Uninstall(uninstall::Uninstall),
    Protect(protect::Protect),
    Adopt(adopt::Adopt),
    Table(table::Table),
    Audit(audit::Audit),
    Roles(roles::Roles),
    Matrix(matrix::Matrix),
}

/// How a command has ended that could run.
enum Outcome {
    Clean,
    Found,
}

fn main() -> ExitCode {
    let Crow { url, command } = Crow::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(run(&url, command)));
    match done {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("crow: {failure}");
            ExitCode::from(2)
        }
    }
}

async fn run(url: &Url, command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Install(install) => install.run(url).await,
        Command::Upgrade(upgrade) => upgrade.run(url).await,
        Command::Uninstall(uninstall) => uninstall.run(url).await,
        Command::Protect(protect) => protect.run(url).await,
        Command::Adopt(adopt) => adopt.run(url).await,
        Command::Table(table) => table.run(),
        Command::Audit(audit) => audit.run(url).await,
        Command::Roles(roles) => roles.run(url).await,
        Command::Matrix(matrix) => matrix.run(url).await,
    }
}
