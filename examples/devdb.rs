//! A database with the quickstart's schema, two shops and 200 vehicles, for psql and other tools.
//!
//! `cargo run --example devdb` prints the URLs of three roles and the ids of two shops, then
//! `ready`, and stays up until its standard input closes or Ctrl-C.

use std::error::Error as StdError;

use chrono::NaiveDate;
use crow_core::{Error, TenantId, TenantPool};
use crow_examples::MIGRATIONS;
use crow_examples::models::{NewServiceRecord, NewVehicle, ServiceRecord, Vehicle};
use crow_testkit::{Server, ServerOptions, TestDb};
use tokio::io::{AsyncReadExt, stdin};

const VEHICLES_A_SHOP: i32 = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let server = Server::private(ServerOptions::default().password_authentication())?;
    let db = TestDb::on(&server, MIGRATIONS).await?;
    let pool = TenantPool::builder(db.tenant_url()).connect().await?;
    let shops = [TenantId::random(), TenantId::random()];
    for (shop, make) in shops.into_iter().zip(["Honda", "Toyota"]) {
        fill(&pool, shop, make).await?;
    }

    println!("OWNER_URL={}", db.owner_url());
    println!("TENANT_URL={}", db.tenant_url());
    println!("ADMIN_URL={}", db.admin_url());
    println!("TENANT_A={}", shops[0]);
    println!("TENANT_B={}", shops[1]);
    println!("ready");
    let mut input = stdin();
    let mut ignored = [0; 1024];
    let closed = async { while input.read(&mut ignored).await.is_ok_and(|bytes| bytes > 0) {} };
    tokio::select! {
        () = closed => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

async fn fill(pool: &TenantPool, shop: TenantId, make: &str) -> Result<(), Error> {
    pool.transaction(shop, async |tx| {
        let plates: Vec<String> = (0..VEHICLES_A_SHOP).map(|n| format!("CROW {n:03}")).collect();
        let new: Vec<NewVehicle> = plates
            .iter()
            .zip(0..)
            .map(|(plate, n)| NewVehicle { make, model: "Sedan", year: 2000 + n % 25, plate })
            .collect();
        let vehicles: Vec<Vehicle> = tx.insert_into::<Vehicle>().values(new).get_results(tx).await?;
        let records: Vec<NewServiceRecord> = vehicles
            .iter()
            .zip(1_000..)
            .map(|(vehicle, cents)| NewServiceRecord {
                vehicle_id: vehicle.id,
                work: "inspection",
                cents,
                done_on: NaiveDate::from_ymd_opt(2026, 1, 12).unwrap_or_default(),
            })
            .collect();
        tx.insert_into::<ServiceRecord>().values(records).execute(tx).await?;
        Ok(())
    })
    .await
}
