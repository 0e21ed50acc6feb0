#[cfg(not(refused))]
#[crow_testkit::test(migrations = "../examples/migrations")]
async fn lists_its_vehicles() {}

#[cfg(refused)]
#[crow_testkit::test(migration = "../examples/migrations")] //~ error: there is no option `migration`, there are `migrations`, `snapshot`, `timeout`
async fn lists_its_vehicles() {}
