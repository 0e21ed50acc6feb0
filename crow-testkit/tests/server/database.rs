//! Each test has a database, and only for as long as it needs it.

use std::fs::{self, File};
use std::sync::OnceLock;
use std::time::Instant;

use crow_testkit::{Database, Server, ServerOptions};

use crate::actor::{Actor, block_on, execute, run};
use crate::scene::Scene;

/// One server for the tests of this process that do not harm it.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::private(ServerOptions::default()).expect("a server"))
}

pub(crate) async fn fill(url: String) -> Result<(), tokio_postgres::Error> {
    execute(&url, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)").await.map(drop)
}

async fn database() -> Database {
    let template = server().template("of the tests for databases", fill).await.expect("a template");
    template.database().await.expect("a database")
}

pub(crate) fn exists(server: &Server, name: &str) -> bool {
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    run(&server.superuser_url("postgres"), &sql).expect("an answer") == "1"
}

#[test]
fn two_databases_of_a_template_begin_alike_and_do_not_see_each_other() {
    let (one, other) = block_on(async { (database().await, database().await) });
    assert_ne!(one.name(), other.name());
    run(&one.superuser_url(), "INSERT INTO t VALUES (2)").expect("a row");
    assert_eq!(run(&one.superuser_url(), "SELECT count(*) FROM t").expect("a count"), "2");
    assert_eq!(run(&other.superuser_url(), "SELECT count(*) FROM t").expect("a count"), "1");
}

#[test]
fn it_is_dropped_outside_a_runtime() {
    let database = block_on(database());
    let name = database.name().to_owned();
    drop(database);
    assert!(!exists(server(), &name));
}

#[test]
fn it_is_dropped_inside_a_runtime_even_with_connections_open() {
    let name = block_on(async {
        let database = database().await;
        let (client, connection) = tokio_postgres::connect(&database.superuser_url(), tokio_postgres::NoTls)
            .await
            .expect("a connection");
        let connection = tokio::spawn(connection);
        let name = database.name().to_owned();
        drop(database);
        assert!(connection.await.expect("no panic").is_err(), "the server ended the connection");
        drop(client);
        name
    });
    assert!(!exists(server(), &name));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_dropped_inside_a_runtime_of_many_threads() {
    let database = database().await;
    let name = database.name().to_owned();
    drop(database);
    assert!(!tokio::task::spawn_blocking(move || exists(server(), &name)).await.expect("no panic"));
}

#[test]
fn it_is_dropped_by_a_panic() {
    let database = block_on(database());
    let name = database.name().to_owned();
    let panic = std::thread::spawn(move || {
        block_on(async move {
            let _database = database;
            panic!("on purpose");
        });
    });
    assert!(panic.join().is_err());
    assert!(!exists(server(), &name));
}

#[test]
fn its_urls_log_in_as_the_role_that_is_asked_for() {
    let database = block_on(database());
    let as_user =
        |url: &str| run(url, "SELECT current_user || ' in ' || current_database()").expect("a login");
    assert_eq!(as_user(&database.superuser_url()), format!("postgres in {}", database.name()));
    run(&database.superuser_url(), "CREATE ROLE \"an odd/role\" LOGIN").expect("a role");
    assert_eq!(as_user(&database.url("an odd/role")), format!("an odd/role in {}", database.name()));
    assert_eq!(database.server().role_password("an odd/role"), None, "the socket is trusted");
}

#[test]
fn on_demand_it_stays_and_its_url_is_printed() {
    let scene = Scene::new().with("CROW_KEEP", "all");
    let printed = scene.directory().join("printed");
    let mut command = scene.command();
    command.stderr(File::create(&printed).expect("a file"));
    let mut actor = Actor::start(command);
    let server = actor.shared();
    let name = actor.ask("template").expect("a database");
    actor.ask("drop").expect("the end of the value");
    assert_eq!(actor.sql(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")), "1");
    let url = format!("{}/{name}", server.url.trim_end_matches("/postgres"));
    assert!(fs::read_to_string(printed).expect("text").contains(&url), "{url}");
}

#[test]
fn a_server_with_a_database_that_was_kept_stays_up_for_an_hour() {
    let scene = Scene::new().with("CROW_KEEP", "all").without("CROW_PG_LINGER");
    let mut actor = scene.actor();
    actor.shared();
    let asked = || scene.servers().iter().find_map(|server| fs::read_to_string(server.join("linger")).ok());
    actor.ask("template").expect("a database");
    assert_eq!(asked(), None);
    actor.ask("drop").expect("the end of the value");
    assert_eq!(asked().as_deref(), Some("3600"));
    // Or the scene would last as long.
    let server = scene.servers().into_iter().find(|server| server.join("linger").exists());
    fs::write(server.expect("the server").join("linger"), "0.1").expect("a shorter time");
}

#[test]
fn copying_is_quick() {
    let times = block_on(async {
        let template = server().template("of the tests for databases", fill).await.expect("a template");
        let mut times = Vec::new();
        for _ in 0..10 {
            let start = Instant::now();
            let database = template.database().await.expect("a database");
            times.push(start.elapsed());
            assert_eq!(execute(&database.superuser_url(), "SELECT n FROM t").await.expect("a row"), "1");
        }
        times.sort();
        times
    });
    println!("a fresh database took {:?} in the median", times[times.len() / 2]);
}
