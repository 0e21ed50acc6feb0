use crow_testkit::TestDb;

#[cfg(not(refused))]
#[crow_testkit::test]
async fn lists_its_vehicles(_db: TestDb) {}

#[cfg(refused)]
#[crow_testkit::test]
fn lists_its_vehicles(_db: TestDb) {} //~ error: write `async fn`: a test awaits its database
