//! A private server is its test's own, to be broken.

use std::time::Duration;

use crow_testkit::{Error, Server, ServerOptions};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::timeout;
use tokio_postgres::NoTls;

use crate::actor::{Seen, block_on, run};
use crate::scene::{Scene, eventually, is_alive};

/// Long enough that an answer would have come.
const SOON: Duration = Duration::from_millis(100);

fn pid(server: &Server) -> i32 {
    server.pid().expect("a running server").cast_signed()
}

#[test]
fn it_ends_with_its_last_handle() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let (pid, url) = (pid(&server), server.superuser_url("postgres"));
    let clone = server.clone();
    drop(server);
    assert_eq!(run(&url, "SELECT 1").expect("an answer"), "1");
    drop(clone);
    assert!(!is_alive(pid));
}

#[test]
fn it_ends_with_a_panic() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let pid = pid(&server);
    let panic = std::thread::spawn(move || {
        let _server = server;
        panic!("on purpose");
    });
    assert!(panic.join().is_err());
    assert!(!is_alive(pid));
}

#[test]
fn kill_9_of_its_process_leaves_no_server_and_no_directory() {
    let scene = Scene::new();
    let mut actor = scene.actor();
    let server = Seen::parse(&actor.ask("private").expect("a server"));
    actor.kill();
    assert!(eventually(|| !is_alive(server.pid)), "the server still runs");
    assert!(eventually(|| scene.remains().is_empty()), "still there: {:?}", scene.remains());
}

#[test]
fn it_is_not_the_shared_one() {
    let scene = Scene::new();
    let mut actor = scene.actor();
    let shared = actor.shared();
    let private = Seen::parse(&actor.ask("private").expect("a server"));
    assert_ne!(shared, private);
}

#[test]
fn it_restarts_at_the_same_address_with_the_same_data() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let (before, url) = (pid(&server), server.superuser_url("postgres"));
    run(&url, "CREATE TABLE kept (n int)").expect("a table");
    server.restart().expect("a restart");
    assert_ne!(pid(&server), before);
    run(&url, "SELECT * FROM kept").expect("the table");
    server.stop().expect("a stop");
    assert_eq!(server.pid(), None);
    run(&url, "SELECT 1").expect_err("it is stopped");
    server.start().expect("a start");
    run(&url, "SELECT * FROM kept").expect("the table");
    let again = pid(&server);
    drop(server);
    // It is nobody's child, so it may be seen for a moment after its end.
    assert!(eventually(|| !is_alive(again)), "a server that was started again is stopped as well");
}

#[test]
fn it_comes_back_after_a_crash() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let url = server.superuser_url("postgres");
    kill(Pid::from_raw(pid(&server)), Signal::SIGKILL).expect("a server");
    assert!(eventually(|| server.pid().is_none()), "the crash is seen");
    server.restart().expect("a restart");
    assert_eq!(run(&url, "SELECT 1").expect("an answer"), "1");
}

#[test]
fn frozen_it_answers_nobody_and_thawed_it_goes_on_where_it_was() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let url = server.superuser_url("postgres");
    block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        for _ in 0..2 {
            server.freeze().await.expect("a freeze");
            let mut answer = Box::pin(client.simple_query("SELECT 1"));
            assert!(timeout(SOON, &mut answer).await.is_err(), "one that is connected");
            assert!(timeout(SOON, tokio_postgres::connect(&url, NoTls)).await.is_err(), "one that is not");
            server.thaw().expect("a thaw");
            answer.await.expect("an answer");
        }
        server.freeze().await.expect("a freeze");
    });
    server.restart().expect("a restart");
    assert_eq!(run(&url, "SELECT 1").expect("an answer"), "1");
    block_on(server.freeze()).expect("a freeze");
}

#[test]
fn it_ends_even_when_it_is_frozen() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let pid = pid(&server);
    kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("a server");
    drop(server);
    assert!(!is_alive(pid));
}

#[test]
fn settings_are_taken() {
    let options = ServerOptions::default().max_connections(17).setting("crow.motto", "it's \\ all 'one'");
    let server = Server::private(options).expect("a server");
    let url = server.superuser_url("postgres");
    assert_eq!(run(&url, "SHOW max_connections").expect("an answer"), "17");
    assert_eq!(run(&url, "SHOW crow.motto").expect("an answer"), "it's \\ all 'one'");
}

#[test]
fn settings_that_cannot_be_are_errors() {
    for (name, value) in [("work mem", "1MB"), ("work_mem", "1MB\nport = 1"), ("", "1")] {
        let error = Server::private(ServerOptions::default().setting(name, value)).unwrap_err();
        assert!(matches!(&error, Error::Setting { name: named, .. } if named == name), "{error}");
    }
    let error = Server::private(ServerOptions::default().setting("work_memory", "1MB")).unwrap_err();
    assert!(matches!(error, Error::Start { .. }));
    assert!(error.to_string().contains("unrecognized configuration parameter \"work_memory\""), "{error}");
}

#[test]
fn with_password_authentication_only_the_password_opens() {
    let server = Server::private(ServerOptions::default().password_authentication()).expect("a server");
    let superuser = server.superuser_url("postgres");
    assert_eq!(run(&superuser, "SELECT current_user").expect("the superuser's URL"), "postgres");

    let password = server.role_password("app").expect("passwords are asked for");
    run(&superuser, &format!("CREATE ROLE app LOGIN PASSWORD '{password}'")).expect("a role");
    let app = server.url("app", "postgres");
    assert_eq!(run(&app, "SELECT current_user").expect("the role's URL"), "app");
    run(&app.replace(&password, "wrong"), "SELECT 1").expect_err("a wrong password");
    run(&app.replace(&format!(":{password}"), ""), "SELECT 1").expect_err("no password");

    let role = run(&superuser, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'");
    assert!(role.expect("the superuser's entry").starts_with("SCRAM-SHA-256$"));
    assert_ne!(server.role_password("admin"), Some(password), "each role has its own");
    assert!(!format!("{server:?}").contains(&server.role_password("postgres").expect("one")));
}

#[test]
fn lines_of_pg_hba_conf_come_before_its_own() {
    let options = ServerOptions::default().hba("local all guest reject");
    let server = Server::private(options.clone()).expect("a server");
    run(&server.superuser_url("postgres"), "CREATE ROLE guest LOGIN").expect("a role");
    run(&server.url("guest", "postgres"), "SELECT 1").expect_err("the line rejects it");
    let error = Server::private(options.hba("local all all trust\nhost all all all trust")).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
}

#[test]
fn on_loopback_it_is_reached_by_tcp() {
    let server = Server::private(ServerOptions::default().loopback()).expect("a server");
    let url = server.superuser_url("postgres");
    assert!(url.contains("@127.0.0.1:"), "{url}");
    assert_eq!(run(&url, "SELECT host(inet_server_addr())").expect("an answer"), "127.0.0.1");
    let password = server.role_password("postgres").expect("passwords are asked for");
    run(&url.replace(&password, "wrong"), "SELECT 1").expect_err("a wrong password");
}

#[test]
fn it_serves_250_connections_at_once() {
    let server = Server::private(ServerOptions::default()).expect("a server");
    let url = server.superuser_url("postgres");
    let served = block_on(async {
        let mut clients = Vec::new();
        for _ in 0..250 {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("a connection");
            tokio::spawn(connection);
            clients.push(client);
        }
        let count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
        clients[0].query_one(count, &[]).await.expect("a count").get::<_, i64>(0)
    });
    assert_eq!(served, 250);
}

#[test]
fn only_a_private_server_can_be_stopped() {
    let server = Server::private(ServerOptions::default().password_authentication()).expect("a server");
    let scene = Scene::new().with("CROW_DATABASE_URL", server.superuser_url("postgres"));
    let mut actor = scene.actor();
    actor.shared();
    assert!(actor.ask("stop").unwrap_err().contains("Server::private"));
    assert_eq!(actor.sql("SELECT 1"), "1");
}
