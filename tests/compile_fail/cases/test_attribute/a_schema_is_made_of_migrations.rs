#[cfg(not(refused))]
#[crow_testkit::test(migrations = crow_core::schema::TableMigrations::new())]
async fn lists_its_vehicles() {}

#[cfg(refused)]
#[crow_testkit::test(migrations = 7)] //~ error: the trait bound `Schema: From<…>` is not satisfied
async fn lists_its_vehicles() {}
