//! A server that somebody else runs.

use crow_testkit::{Server, ServerOptions};

use crate::actor::run;
use crate::scene::Scene;

#[test]
fn the_url_ends_the_search_and_nothing_is_started() {
    let external = Server::private(ServerOptions::default().loopback()).expect("a server");
    let scene = Scene::new()
        .with("CROW_DATABASE_URL", external.superuser_url("postgres"))
        .with("CROW_PG_BIN", "/nonexistent");
    let mut actor = scene.actor();
    actor.shared();
    let name = actor.ask("template").expect("a database");
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    let superuser = external.superuser_url("postgres");
    assert_eq!(run(&superuser, &count).expect("a count"), "1");
    actor.ask("drop").expect("it is dropped");
    assert_eq!(run(&superuser, &count).expect("a count"), "0");
    assert!(scene.remains().is_empty());
}

#[test]
fn parallel_runs_agree_on_the_passwords() {
    let external = Server::private(ServerOptions::default().loopback()).expect("a server");
    let scene = Scene::new().with("CROW_DATABASE_URL", external.superuser_url("postgres"));
    let passwords = [scene.actor(), scene.actor()].map(|mut actor| {
        actor.shared();
        actor.ask("password app").expect("a password")
    });
    assert_eq!(passwords[0], passwords[1]);
    assert!(passwords[0].len() >= 32);
}

#[test]
fn a_url_that_does_not_work_is_an_error_without_the_password() {
    for (url, part) in [
        ("postgresql://postgres:hunter2@127.0.0.1:1/postgres", "127.0.0.1:1"),
        ("postgresql://postgres:hunter2@crow.invalid/postgres", "crow.invalid"),
        ("mysql://root:hunter2@localhost/", "postgresql://"),
        ("postgres:hunter2", "host"),
        ("hunter2", "CROW_DATABASE_URL"),
    ] {
        let scene = Scene::new().with("CROW_DATABASE_URL", url);
        let mut actor = scene.actor();
        let error = actor.ask("shared").and_then(|_| actor.ask("template")).unwrap_err();
        assert!(error.contains(part) && error.contains("CROW_DATABASE_URL"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
