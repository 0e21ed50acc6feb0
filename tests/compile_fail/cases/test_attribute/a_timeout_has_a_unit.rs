#[cfg(not(refused))]
#[crow_testkit::test(timeout = "30s")]
async fn lists_its_vehicles() {}

#[cfg(refused)]
#[crow_testkit::test(timeout = "30")] //~ error: a timeout is a number with its unit, such as "30s"
async fn lists_its_vehicles() {}
