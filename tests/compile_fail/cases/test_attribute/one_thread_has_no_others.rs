#[cfg(not(refused))]
#[crow_testkit::test(worker_threads = 4)]
async fn lists_its_vehicles() {}

#[cfg(refused)]
#[crow_testkit::test(flavor = "current_thread", worker_threads = 4)] //~ error: the flavor `current_thread` has no worker threads
async fn lists_its_vehicles() {}
