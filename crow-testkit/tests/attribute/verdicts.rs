//! What passes, what fails, and what a failed test leaves and says.

use crow_testkit::TestDb;
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::play::play;

#[track_caller]
fn assert_fails_with(test: &str, parts: &[&str]) {
    let play = play(test, &[]);
    assert!(!play.passed, "{test} passes: {}", play.text);
    for part in parts {
        assert!(play.text.contains(part), "no {part:?}: {}", play.text);
    }
}

#[test]
fn a_panic_fails_a_test_and_tells_how_to_see_more() {
    assert_fails_with(
        "by_a_panic",
        &["in crow_", "attribute::failing::by_a_panic failed", "CROW_SEED=", "CROW_KEEP=1"],
    );
}

#[test]
fn the_tenants_of_a_failed_test_are_told_by_their_names() {
    let honda = "\nhonda-shop = f62a5570-49a0-43c9-b1cf-c7ba2e9c2361";
    assert_fails_with("with_two_shops", &[honda, "\ntenant 1 = ", "\ntenant 2 = "]);
}

#[test]
fn an_error_fails_a_test() {
    assert_fails_with(
        "by_an_error",
        &["attribute::failing::by_an_error returned an error: \"in crow_", "CROW_SEED="],
    );
}

#[test]
fn a_test_that_takes_too_long_fails_and_names_itself_and_the_option() {
    for test in ["by_taking_too_long", "by_taking_too_long_for_a_panic"] {
        assert_fails_with(
            test,
            &[&format!("attribute::failing::{test} took longer than 50ms"), "timeout = \"..\""],
        );
    }
}

#[test]
fn the_clock_of_the_timeout_is_not_the_one_that_a_test_stops() {
    let test = "by_taking_too_long_with_the_clock_stopped";
    assert_fails_with(test, &[&format!("{test} took longer than 100ms")]);
}

#[test]
fn an_argument_that_cannot_be_made_fails_a_test_before_it_begins() {
    for test in ["by_an_argument", "by_an_argument_where_a_panic_is_due"] {
        assert_fails_with(
            test,
            &[test, "did not begin, as its `Impossible` could", "the moon is in the wrong place"],
        );
    }
}

#[test]
fn a_test_that_should_panic_has_to() {
    assert_fails_with("by_not_panicking", &["by_not_panicking did not panic as it should"]);
    assert_fails_with(
        "by_another_panic",
        &["by_another_panic should panic with \"an orange\"", "\"an apple\""],
    );
}

#[test]
fn a_crate_without_migrations_is_told_where_they_were_looked_for() {
    assert_fails_with(
        "by_having_no_migrations",
        &["tests/attribute/failing.rs:", "crow-testkit/migrations", "migrations = \"..\""],
    );
}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[should_panic]
async fn a_panic_passes_where_it_is_due() {
    panic!("as announced");
}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[should_panic(expected = "announced")]
async fn a_panic_with_the_right_words_passes(db: TestDb) {
    panic!("as announced by {}", db.database().name());
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn there_are_threads() {
    let blocked = tokio::spawn(async { std::thread::sleep(std::time::Duration::from_millis(50)) });
    let free = tokio::spawn(async {});
    free.await.expect("no panic");
    assert!(!blocked.is_finished(), "the second task waited for the first");
}

#[crow_testkit::test(migrations = "../examples/migrations", worker_threads = 3)]
async fn there_are_as_many_threads_as_were_asked_for() {
    assert_eq!(tokio::runtime::Handle::current().metrics().num_workers(), 3);
}

#[crow_testkit::test(migrations = "../examples/migrations", flavor = "current_thread")]
async fn there_is_one_thread_where_that_was_asked_for() {
    let here = std::thread::current().id();
    let there = tokio::spawn(async { std::thread::current().id() }).await.expect("no panic");
    assert_eq!(here, there);
}

#[tokio::test]
async fn the_database_of_a_failed_test_is_kept_on_demand_and_only_then() {
    for (test, word, keep, kept) in [
        ("by_a_panic", "\nin ", "1", true),
        ("by_an_error", "error: \"in ", "1", true),
        ("by_a_panic", "\nin ", "0", false),
        ("not_at_all", "] ", "1", false),
        ("not_at_all", "] ", "all", true),
    ] {
        let play = play(test, &[("CROW_KEEP", keep)]);
        let name = play.after(word).trim_matches('"');
        let url = crow_testkit::Server::shared().expect("a server").superuser_url(name);
        assert_eq!(AsyncPgConnection::establish(&url).await.is_ok(), kept, "{test}: {}", play.text);
        assert_eq!(play.text.contains(&format!("crow-testkit keeps {url}")), kept, "{}", play.text);
    }
}

#[test]
fn a_keep_that_means_nothing_is_an_error() {
    let play = play("not_at_all", &[("CROW_KEEP", "yes")]);
    assert!(
        !play.passed && play.text.contains("CROW_KEEP") && play.text.contains("neither 1"),
        "{}",
        play.text
    );
}

#[test]
fn the_seed_decides_what_the_choices_are() {
    let played = |seed| play("not_at_all", &[("CROW_SEED", seed)]).after("choices: ").to_owned();
    let shops = |seed| {
        let play = play("not_at_all", &[("CROW_SEED", seed)]);
        let (_, shops) = play.text.split_once('[').expect("the shops");
        shops.split_once(']').expect("the shops").0.to_owned()
    };
    assert_eq!(played("7"), "7");
    assert_eq!(shops("7"), shops("7"));
    assert_ne!(shops("7"), shops("8"));
    let play = play("not_at_all", &[("CROW_SEED", "seven")]);
    assert!(
        !play.passed && play.text.contains("CROW_SEED") && play.text.contains("\"seven\""),
        "{}",
        play.text
    );
}
