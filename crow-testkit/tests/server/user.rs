//! Whoever runs the tests gets a server, and it is never root's.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::scene::{Scene, somebody_else};

#[test]
fn the_server_never_runs_as_root() {
    let scene = Scene::new();
    let mut actor = scene.actor();
    actor.shared();
    for directory in scene.servers() {
        assert_ne!(fs::metadata(directory.join("alive")).expect("a server").uid(), 0);
    }
}

#[test]
fn an_ordinary_user_gets_a_server() {
    // Whoever is not root proves it with all the other tests.
    let scene = match somebody_else() {
        Some(uid) => Scene::new().played_by(uid).without("HOME"),
        None => Scene::new(),
    };
    let mut actor = scene.actor();
    actor.shared();
    actor.ask("template").expect("a database");
}

#[test]
fn users_do_not_share() {
    let Some(uid) = somebody_else() else { return };
    let scene = Scene::new();
    let root = scene.actor().shared();
    let other = Scene::new().played_by(uid).at(scene.directory());
    assert_ne!(other.actor().shared(), root);
}

#[test]
fn programs_that_only_root_can_reach_are_an_error_that_shows_the_barrier() {
    let Some(_) = somebody_else() else { return };
    let scene = Scene::new();
    let programs = scene.pretended_programs("exit 0");
    fs::set_permissions(&programs, fs::Permissions::from_mode(0o700)).expect("a mode");
    let error = scene.with("CROW_PG_BIN", &programs).actor().ask("shared").unwrap_err();
    assert!(error.contains(&format!("may not enter {}", programs.display())), "{error}");
}

#[test]
fn a_uid_that_the_system_does_not_know_is_told_so() {
    let Some(_) = somebody_else() else { return };
    let scene = Scene::new().played_by(54_321);
    let error = scene.actor().ask("shared").unwrap_err();
    assert!(error.contains("initdb") && error.contains("54321"), "{error}");
}
