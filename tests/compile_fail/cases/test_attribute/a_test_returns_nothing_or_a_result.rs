#[cfg(not(refused))]
#[crow_testkit::test]
async fn lists_its_vehicles() -> Result<(), String> {
    Ok(())
}

#[cfg(refused)]
#[crow_testkit::test]
async fn lists_its_vehicles() -> usize { //~ error: a test cannot return `usize`
    //~ note: return `()`, or a `Result<(), E>` whose error is `Debug`
    0
}
