//! A test process of its own: this binary again, obeying the orders that come on its stdin.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crow_testkit::{Database, Server, ServerOptions};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::scene::Scene;

const MARK: &str = "actor: ";

/// The process, seen from the test.
pub(crate) struct Actor {
    process: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Actor {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut process = command
            .args(["--exact", "actor::an_actor_tells_of_a_server_that_answers", "--nocapture"])
            .env("CROW_TEST_ACTOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test binary starts again");
        let answers = BufReader::new(process.stdout.take().expect("piped")).lines();
        Self { orders: process.stdin.take(), process, answers }
    }

    /// Gives an order without waiting.
    pub(crate) fn tell(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("the actor has not been dismissed");
        writeln!(orders, "{order}").expect("the actor listens");
    }

    pub(crate) fn answer(&mut self) -> Result<String, String> {
        let line = self.answers.by_ref().map_while(Result::ok).find_map(|line| {
            // libtest does not end its own line before a test prints.
            line.split_once(MARK).map(|(_, answer)| answer.replace('\u{1}', "\n"))
        });
        match line.expect("the actor answers").split_once(' ').expect("a verdict and a text") {
            ("ok", text) => Ok(text.to_owned()),
            (_, text) => Err(text.to_owned()),
        }
    }

    pub(crate) fn ask(&mut self, order: &str) -> Result<String, String> {
        self.tell(order);
        self.answer()
    }

    /// Makes it use the shared server.
    pub(crate) fn shared(&mut self) -> Seen {
        self.ask("shared").map(|answer| Seen::parse(&answer)).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn sql(&mut self, statement: &str) -> String {
        self.ask(&format!("sql {statement}")).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As a terminal does, if the actor leads a process group.
    pub(crate) fn signal_group(&self, signal: Signal) {
        killpg(Pid::from_raw(self.process.id().cast_signed()), signal).expect("the actor lives");
    }

    /// kill -9, seen through to the end.
    pub(crate) fn kill(mut self) {
        self.process.kill().expect("the actor lives");
        self.process.wait().expect("the actor ends");
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.process.wait();
    }
}

/// What an actor tells of its server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) pid: i32,
    pub(crate) url: String,
}

impl Seen {
    pub(crate) fn parse(answer: &str) -> Self {
        let (pid, url) = answer.split_once(' ').expect("a pid and a URL");
        Self { pid: pid.parse().expect("a pid"), url: url.to_owned() }
    }
}

#[test]
fn an_actor_tells_of_a_server_that_answers() {
    if env::var_os("CROW_TEST_ACTOR").is_some() {
        return obey();
    }
    let scene = Scene::new();
    let mut actor = scene.actor();
    assert!(actor.shared().pid > 0);
    assert_eq!(actor.sql("SELECT 6 * 7"), "42");
    assert_eq!(actor.ask("nonsense").unwrap_err(), "no such order");
}

/// The process, seen from within.
fn obey() {
    let mut stage = Stage::default();
    for order in std::io::stdin().lines().map_while(Result::ok) {
        let (verb, rest) = order.split_once(' ').unwrap_or((&order, ""));
        let (verdict, text) = match stage.perform(verb, rest) {
            Ok(text) => ("ok", text),
            Err(text) => ("error", text),
        };
        println!("{MARK}{verdict} {}", text.replace('\n', "\u{1}"));
    }
}

#[derive(Default)]
struct Stage {
    server: Option<Server>,
    database: Option<Database>,
}

impl Stage {
    fn perform(&mut self, verb: &str, rest: &str) -> Result<String, String> {
        let told = |server: &Server| {
            format!("{} {}", server.pid().unwrap_or_default(), server.superuser_url("postgres"))
        };
        match verb {
            "shared" => {
                self.server = Some(Server::shared().map_err(|error| error.to_string())?);
            }
            "shared-on-a-thread" => {
                let thread = std::thread::spawn(Server::shared);
                self.server = Some(thread.join().expect("no panic").map_err(|error| error.to_string())?);
            }
            "private" => {
                let options = ServerOptions::default();
                self.server = Some(Server::private(options).map_err(|error| error.to_string())?);
            }
            "stop" => self.server().stop().map_err(|error| error.to_string())?,
            "sql" => return run(&self.server().superuser_url("postgres"), rest),
            "password" => return Ok(self.server().role_password(rest).unwrap_or_default()),
            "template" => {
                let server = self.server().clone();
                let database = block_on(async move {
                    let build = async |url: String| execute(&url, "CREATE TABLE t (n int)").await.map(drop);
                    server.template("an actor's", build).await?.database().await
                });
                self.database = Some(database.map_err(|error| error.to_string())?);
                return Ok(self.database.as_ref().expect("just made").name().to_owned());
            }
            "drop" => {
                self.database = None;
                return Ok(String::new());
            }
            _ => return Err("no such order".into()),
        }
        Ok(told(self.server()))
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("a server was asked for first")
    }
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}

/// The first column of a statement's first row, as text.
pub(crate) fn run(url: &str, sql: &str) -> Result<String, String> {
    block_on(execute(url, sql)).map_err(|error| error.to_string())
}

pub(crate) async fn execute(url: &str, sql: &str) -> Result<String, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let messages = client.simple_query(sql).await?;
    Ok(messages
        .iter()
        .find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .unwrap_or_default())
}
