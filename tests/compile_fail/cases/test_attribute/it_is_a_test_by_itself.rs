#[cfg(not(refused))]
#[crow_testkit::test]
async fn lists_its_vehicles() {}

#[cfg(refused)]
#[crow_testkit::test]
#[tokio::test] //~ error: `#[crow_testkit::test]` makes a test by itself: leave this attribute out
async fn lists_its_vehicles() {}
