//! A soak begins, drops and kills as it is told.

use std::time::Duration;

use crow_testkit::{Database, Server, Soak};
use tokio_postgres::NoTls;

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn database() -> Result<Database, crow_testkit::Error> {
    Server::shared()?.template("soak", async |_| Ok::<_, std::io::Error>(())).await?.database().await
}

async fn sleep(url: String) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    let connection = tokio::spawn(connection);
    let slept = client.simple_query("SELECT pg_sleep(0.02)").await;
    connection.abort();
    slept.map(drop)
}

#[tokio::test]
async fn without_faults_all_units_end_well() -> Outcome {
    let database = database().await?;
    let url = database.superuser_url();
    let soak = Soak::new(1).tasks(3).lasting(Duration::from_millis(200));
    let report = soak.run(&database, move |_| sleep(url.clone())).await?;
    assert!(report.units >= 3, "{report}");
    assert_eq!((report.cancelled, report.killed, report.errors.len()), (0, 0, 0), "{report}");
    Ok(())
}

#[tokio::test]
async fn units_are_dropped_and_processes_killed() -> Outcome {
    let database = database().await?;
    let url = database.superuser_url();
    let soak = Soak::new(1).tasks(4).lasting(Duration::from_secs(1));
    let soak = soak.cancel_percent(50).kill_percent(50, "postgres");
    let report = soak.run(&database, move |_| sleep(url.clone())).await?;
    assert!(report.cancelled > 0 && report.killed > 0, "{report}");
    assert!(report.errors.len() as u64 + report.cancelled <= report.units, "{report}");
    Ok(())
}

#[tokio::test]
#[should_panic(expected = "a bug in a unit")]
async fn a_panic_of_a_unit_is_the_soaks() {
    let database = database().await.expect("a database");
    let soak = Soak::new(1).tasks(1);
    let _ = soak.run(&database, async |_| -> Result<(), ()> { panic!("a bug in a unit") }).await;
}
