//! Tests that fail, each in one way.

use std::future::pending;
use std::time::Duration;

use crow_core::TenantId;
use crow_testkit::{FromTestDb, Tenant, TestDb};

struct Impossible;

impl FromTestDb for Impossible {
    async fn from_test_db(_: &TestDb) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Err("the moon is in the wrong place".into())
    }
}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[ignore = "fails"]
async fn by_a_panic(db: TestDb) {
    panic!("in {}", db.database().name());
}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[ignore = "fails"]
async fn with_two_shops(db: TestDb, [one, two]: [Tenant; 2]) {
    panic!("{} {one:?} {two:?}", db.tenant("honda-shop").id());
}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[ignore = "fails"]
async fn by_an_error(db: TestDb) -> Result<(), String> {
    Err(format!("in {}", db.database().name()))
}

#[crow_testkit::test(migrations = "../examples/migrations", timeout = "50ms")]
#[ignore = "fails"]
async fn by_taking_too_long() {
    pending().await
}

/// A clock that the test has stopped is not asked.
#[crow_testkit::test(migrations = "../examples/migrations", timeout = "100ms", flavor = "current_thread")]
#[ignore = "fails"]
async fn by_taking_too_long_with_the_clock_stopped() {
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    pending().await
}

#[crow_testkit::test(migrations = "../examples/migrations", timeout = "50ms")]
#[should_panic]
#[ignore = "fails"]
async fn by_taking_too_long_for_a_panic() {
    pending().await
}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[ignore = "fails"]
async fn by_an_argument(_: Impossible) {}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[should_panic]
#[ignore = "fails"]
async fn by_an_argument_where_a_panic_is_due(_: Impossible) {}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[should_panic]
#[ignore = "fails"]
async fn by_not_panicking() {}

#[crow_testkit::test(migrations = "../examples/migrations")]
#[should_panic(expected = "an orange")]
#[ignore = "fails"]
async fn by_another_panic() {
    panic!("an apple");
}

/// The default directory, which this crate has not.
#[crow_testkit::test]
#[ignore = "fails"]
async fn by_having_no_migrations() {}

/// Does not fail, and says what its random choices are.
#[crow_testkit::test(migrations = "../examples/migrations")]
#[ignore = "prints"]
async fn not_at_all(db: TestDb, shops: [TenantId; 2]) {
    println!("choices: {} {shops:?} {}", db.seed(), db.database().name());
}
