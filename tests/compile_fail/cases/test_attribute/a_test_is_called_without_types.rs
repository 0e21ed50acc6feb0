use crow_testkit::{FromTestDb, TestDb};

#[cfg(not(refused))]
#[crow_testkit::test]
async fn lists_its_vehicles(_db: TestDb) {}

#[cfg(refused)]
#[crow_testkit::test]
async fn lists_its_vehicles<T: FromTestDb>(_db: T) {} //~ error: a test is called without types: name one
