//! The environment does not change what a test gets.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::scene::Scene;

#[test]
fn an_unknown_locale_is_no_obstacle() {
    let scene = Scene::new().with("LC_ALL", "xx_YY.UTF-8").with("LANG", "xx_YY.UTF-8");
    let mut actor = scene.actor();
    actor.shared();
    assert_eq!(actor.sql("SHOW server_encoding"), "UTF8");
}

#[test]
fn the_locale_c_is_still_utf_8() {
    let scene = Scene::new().with("LC_ALL", "C");
    let mut actor = scene.actor();
    actor.shared();
    assert_eq!(actor.sql("SHOW server_encoding"), "UTF8");
    assert_eq!(actor.sql("SELECT length('größe')"), "5");
    let collation = "SELECT datcollate FROM pg_database WHERE datname = current_database()";
    assert_eq!(actor.sql(collation), "C");
}

#[test]
fn the_developers_postgres_variables_do_not_matter() {
    let scene = Scene::new()
        .with("PGDATA", "/nonexistent")
        .with("PGHOST", "db.invalid")
        .with("PGPORT", "6543")
        .with("PGUSER", "somebody")
        .with("PGOPTIONS", "-c search_path=nowhere");
    let mut actor = scene.actor();
    actor.shared();
    assert_eq!(actor.sql("SELECT current_user || ' ' || current_setting('port')"), "postgres 5432");
}

#[test]
fn programs_off_path_are_found() {
    let scene = Scene::new().with("PATH", "/nonexistent");
    let mut actor = scene.actor();
    actor.shared();
    assert_eq!(actor.sql("SELECT 1"), "1");
}

#[test]
fn the_socket_is_in_the_servers_own_directory_and_nothing_listens_on_tcp() {
    let scene = Scene::new();
    let mut actor = scene.actor();
    actor.shared();
    let directory = actor.sql("SHOW unix_socket_directories");
    assert!(
        directory.trim_matches('"').starts_with(scene.directory().to_str().expect("UTF-8")),
        "{directory}"
    );
    assert_eq!(actor.sql("SHOW listen_addresses"), "");
}

#[test]
fn programs_that_are_not_where_they_are_said_to_be_are_an_error() {
    let scene = Scene::new().with("CROW_PG_BIN", "/nonexistent");
    let error = scene.actor().ask("shared").unwrap_err();
    assert!(error.contains("/nonexistent") && error.contains("CROW_PG_BIN"), "{error}");
}

#[test]
fn a_release_too_old_is_an_error_that_names_it() {
    let scene = Scene::new();
    let programs = scene.pretended_programs("echo 'postgres (PostgreSQL) 9.6.24'");
    let error = scene.with("CROW_PG_BIN", programs).actor().ask("shared").unwrap_err();
    assert!(error.contains("release 9") && error.contains("CROW_PG_BIN"), "{error}");
}

#[test]
fn programs_that_do_not_start_are_an_error_in_their_own_words() {
    let scene = Scene::new();
    let programs = scene.pretended_programs("echo libcrow.so.7 is missing >&2; exit 127");
    let error = scene.with("CROW_PG_BIN", programs).actor().ask("shared").unwrap_err();
    assert!(error.contains("libcrow.so.7 is missing"), "{error}");
}

#[cfg(not(feature = "download"))]
#[test]
fn no_server_to_start_is_an_error_that_says_how_to_get_one() {
    let scene = Scene::new().with("CROW_PG_BIN", "download");
    let error = scene.actor().ask("shared").unwrap_err();
    for part in ["Searched:", "feature `download` is off", "install it: ", "CROW_PG_BIN", "CROW_DATABASE_URL"]
    {
        assert!(error.contains(part), "{part} is missing: {error}");
    }
}

#[test]
fn a_path_too_long_for_a_socket_is_an_error_that_counts() {
    let scene = Scene::new();
    let long = scene.directory().join("a".repeat(90));
    fs::create_dir(&long).expect("a long name");
    let error = scene.at(long).actor().ask("shared").unwrap_err();
    assert!(error.contains("bytes") && error.contains("CROW_PG_DIR"), "{error}");
}

#[test]
fn a_path_with_a_space_a_quote_a_comma_and_a_percent_sign_works() {
    let scene = Scene::new();
    let odd = scene.directory().join("it's, 5%2F \"odd\"");
    fs::create_dir(&odd).expect("an odd name");
    fs::set_permissions(&odd, Permissions::from_mode(0o1777)).expect("a mode as that of /tmp");
    let scene = scene.at(odd);
    let mut actor = scene.actor();
    actor.shared();
    assert_eq!(actor.sql("SELECT 1"), "1");
}

#[test]
fn a_directory_that_others_can_enter_is_refused() {
    let scene = Scene::new();
    let trap = scene.directory().join(format!("crow-{}", nix::unistd::Uid::effective()));
    fs::create_dir(&trap).expect("somebody was here first");
    let error = scene.actor().ask("shared").unwrap_err();
    assert!(error.contains("closed to all others"), "{error}");
    fs::remove_dir(&trap).expect("nothing was put there");
}

#[test]
fn a_linger_that_is_no_number_is_an_error() {
    let scene = Scene::new().with("CROW_PG_LINGER", "soon");
    let error = scene.actor().ask("shared").unwrap_err();
    assert!(error.contains("CROW_PG_LINGER") && error.contains("soon"), "{error}");
}
