//! A template is built once, by one, or not at all.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use crow_testkit::{Error, Server, ServerOptions};

use crate::actor::{block_on, execute, run};
use crate::database::{fill, server};

fn databases(server: &Server) -> String {
    let sql = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database";
    run(&server.superuser_url("postgres"), sql).expect("an answer")
}

#[test]
fn of_many_that_ask_at_once_one_builds() {
    static BUILDS: AtomicU32 = AtomicU32::new(0);
    let ask = || {
        block_on(async {
            let build = async |url: String| {
                BUILDS.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
                fill(url).await
            };
            let template = server().template("asked for at once", build).await.expect("a template");
            let database = template.database().await.expect("a database");
            execute(&database.superuser_url(), "SELECT n FROM t").await.expect("a row")
        })
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(answers, ["1"; 4]);
    assert_eq!(BUILDS.load(Ordering::Relaxed), 1);
}

#[test]
fn another_key_is_another_template() {
    block_on(async {
        let build = async |n: &'static str| {
            let build =
                async move |url: String| execute(&url, &format!("CREATE TABLE only_{n} ()")).await.map(drop);
            let template = server().template(n, build).await.expect("a template");
            template.database().await.expect("a database")
        };
        let (one, two) = (build("one").await, build("two").await);
        execute(&one.superuser_url(), "TABLE only_one").await.expect("its own table");
        execute(&two.superuser_url(), "TABLE only_one").await.expect_err("the other's table");
    });
}

#[test]
fn a_build_that_fails_leaves_nothing_and_its_error_comes_through() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    block_on(async {
        let broken = async |url: String| {
            execute(&url, "CREATE TABLE half_done ()").await?;
            execute(&url, "SELECT nonsense").await.map(drop)
        };
        let error = server.template("fails at first", broken).await.expect_err("nonsense is no column");
        assert!(error.to_string().contains("fails at first"), "{error}");
        let Error::Build { source, .. } = error else { panic!("{error}") };
        let cause = source.downcast::<tokio_postgres::Error>().expect("the very error");
        assert_eq!(cause.code().expect("the server's").code(), "42703");
    });
    assert_eq!(databases(&server), "postgres template0 template1");
    block_on(async {
        let template = server.template("fails at first", fill).await.expect("the second attempt");
        let database = template.database().await.expect("a database");
        execute(&database.superuser_url(), "TABLE half_done").await.expect_err("of the first attempt");
    });
}

#[test]
fn a_build_that_was_given_up_does_not_hinder_the_next() {
    block_on(async {
        let endless = async |url: String| {
            fill(url).await?;
            std::future::pending::<Result<(), tokio_postgres::Error>>().await
        };
        let given_up =
            tokio::time::timeout(Duration::from_millis(500), server().template("given up", endless)).await;
        assert!(given_up.is_err());
        let template = server().template("given up", fill).await.expect("the second attempt");
        template.database().await.expect("a database");
    });
}

#[test]
fn connections_that_the_builder_forgot_are_closed() {
    block_on(async {
        let mut forgotten = None;
        let build = async |url: String| {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            forgotten = Some(client);
            Ok::<_, tokio_postgres::Error>(())
        };
        let template = server().template("with a connection", build).await.expect("a template");
        template.database().await.expect("a database");
        assert!(forgotten.expect("the builder ran").simple_query("SELECT 1").await.is_err());
    });
}

#[test]
fn nobody_can_change_a_finished_template() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    block_on(server.template("finished", fill)).expect("a template");
    let databases = databases(&server);
    let template = databases.split(' ').find(|name| name.starts_with("crow_template_")).expect("one");
    run(&server.superuser_url(template), "SELECT 1").expect_err("no connection is allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_asked_for_in_a_spawned_task() {
    let server = server().clone();
    let task = tokio::spawn(async move {
        let template = server.template("in a task", async |url: String| fill(url).await).await?;
        template.database().await
    });
    let database = task.await.expect("no panic").expect("a database");
    assert_eq!(execute(&database.superuser_url(), "SELECT n FROM t").await.expect("a row"), "1");
}

#[test]
fn what_killed_runs_left_on_a_server_is_dropped_after_a_day() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let superuser = server.superuser_url("postgres");
    let sql = |statement: &str| run(&superuser, statement).expect("an answer");
    let data = PathBuf::from(sql("SHOW data_directory"));
    let [old, young, in_use] = ["1", "2", "3"].map(|digit| format!("crow_{}", digit.repeat(32)));
    let template = format!("crow_template_{}", "4".repeat(16));
    let of_others = "crow_production".to_owned();
    let yesterday = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
    for name in [&old, &young, &in_use, &template, &of_others] {
        sql(&format!("CREATE DATABASE {name}"));
        let oid = sql(&format!("SELECT oid FROM pg_database WHERE datname = '{name}'"));
        let file = File::options().write(true).open(data.join("base").join(oid).join("PG_VERSION"));
        if *name != young {
            file.expect("a file of the database").set_modified(yesterday).expect("a time");
        }
    }
    sql(&format!("ALTER DATABASE {template} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false"));
    block_on(async {
        let url = server.superuser_url(&in_use);
        let (_client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(connection);
        server.template("builds something", fill).await.expect("a template");
    });
    let left = databases(&server);
    for (name, stays) in [(old, false), (young, true), (in_use, true), (template, false), (of_others, true)] {
        assert_eq!(left.split(' ').any(|database| database == name), stays, "{name} in {left}");
    }
}
