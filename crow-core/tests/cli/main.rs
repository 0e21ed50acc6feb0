//! The command `crow`, as its users run it.

mod audit;
mod help;
mod schema;
mod secrets;

use std::error::Error as StdError;
use std::process::{Command, Stdio};

use crow_testkit::{Database, Server};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

type Outcome<T = ()> = Result<T, Box<dyn StdError + Send + Sync>>;

/// What a run has come to.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    #[track_caller]
    fn expect(self, status: i32, in_out: &[&str], in_err: &[&str]) -> Self {
        assert_eq!(self.status, Some(status), "{}\n{}", self.out, self.err);
        for text in in_out {
            assert!(self.out.contains(text), "no {text:?} in\n{}", self.out);
        }
        for text in in_err {
            assert!(self.err.contains(text), "no {text:?} in\n{}", self.err);
        }
        // Nobody is at a terminal.
        assert!(!self.out.contains('\x1b') && !self.err.contains('\x1b'), "{self:?}");
        self
    }
}

/// Runs the command on the database of this URL.
fn crow(url: &str, arguments: &[&str]) -> Run {
    let run = Command::new(env!("CARGO_BIN_EXE_crow"))
        .args(arguments)
        .env("DATABASE_URL", url)
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .expect("the command starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { status: run.status.code(), out: text(run.stdout), err: text(run.stderr) }
}

/// A database with crow and two tables, one of them not protected yet.
async fn shop() -> Outcome<Database> {
    let template = Server::shared()?
        .template("cli shop", async |url| {
            crow(&url, &["install", "--yes"]).expect(0, &["Done"], &[]);
            let sql = "CREATE TABLE vehicles (tenant_id uuid NOT NULL, id uuid NOT NULL, make text, PRIMARY KEY (tenant_id, id));
                       CREATE TABLE records (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
                       CREATE TABLE makes (name text PRIMARY KEY);
                       COMMENT ON TABLE makes IS 'crow: shared'; GRANT SELECT ON makes TO crow_app";
            run_sql(&url, sql).await?;
            crow(&url, &["protect", "vehicles", "--yes"]).expect(0, &["Done"], &[]);
            Ok::<_, Box<dyn StdError + Send + Sync>>(())
        })
        .await?;
    let database = template.database().await?;
    // Grants on the database itself are not copied from a template.
    let name = database.name();
    run_sql(&database.superuser_url(), &format!("REVOKE CREATE, TEMPORARY ON DATABASE {name} FROM PUBLIC"))
        .await?;
    Ok(database)
}

async fn run_sql(url: &str, sql: &str) -> Outcome {
    let mut conn: AsyncPgConnection = crow_core::connect(url).await?;
    Ok(conn.batch_execute(sql).await?)
}
