//! Two repair shops share tables and never see each other.
//!
//! `cargo run --example quickstart` starts a throw-away PostgreSQL, lets two shops do their work,
//! lets one attack the other, and runs the same attacks on a table without protection, where they
//! succeed. The exit code is 0 only if every expectation held.

use std::error::Error as StdError;
use std::process::ExitCode;

use chrono::{DateTime, NaiveDate, Utc};
use crow_core::{Access, AdminPool, Error, TenantId, TenantPool};
use crow_examples::MIGRATIONS;
use crow_examples::models::{NewServiceRecord, NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
use crow_examples::schema::{service_records, vehicles};
use crow_testkit::TestDb;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn StdError>> {
    println!("Starting a throw-away PostgreSQL and running the migrations ...");
    let db = TestDb::new(MIGRATIONS).await?;
    let pool = TenantPool::builder(db.tenant_url()).connect().await?;
    let admin = AdminPool::builder(db.admin_url()).connect().await?;
    let (honda_shop, toyota_shop) = (TenantId::random(), TenantId::random());

    let mut report = Report::default();
    let civic = daily_work(&pool, honda_shop, ["Honda", "Civic", "Accord"], &mut report).await?;
    daily_work(&pool, toyota_shop, ["Toyota", "Corolla", "Yaris"], &mut report).await?;
    attack(&pool, toyota_shop, &civic, &mut report).await?;
    control(&db, &pool, toyota_shop, &civic, &mut report).await?;
    across_tenants(&admin, &[(honda_shop, "Honda shop"), (toyota_shop, "Toyota shop")], &mut report).await?;
    Ok(report.conclude())
}

/// What a shop does all day. Nothing in it mentions a tenant but the call that opens the scope.
async fn daily_work(
    pool: &TenantPool,
    shop: TenantId,
    [make, first, second]: [&str; 3],
    report: &mut Report,
) -> Result<Vehicle, Error> {
    report.heading(&format!("The {make} shop at work"));
    pool.scope(shop, async |db| {
        // Registers two vehicles in one statement, and work on each.
        let new = [first, second].map(|model| NewVehicle { make, model, year: 2019, plate: model });
        let registered: Vec<Vehicle> = db.insert_into::<Vehicle>().values(new).get_results(db).await?;
        let done_on = NaiveDate::from_ymd_opt(2026, 1, 12).expect("a day of the calendar");
        for (vehicle, cents) in registered.iter().zip([12_900, 45_050]) {
            let record = NewServiceRecord { vehicle_id: vehicle.id, work: "oil and brakes", cents, done_on };
            db.insert_into::<ServiceRecord>().values(record).execute(db).await?;
        }

        // Lists, and joins along the foreign key.
        let listed = db.query::<Vehicle>().order(vehicles::model).load(db).await?;
        report.expect(&format!("lists its own 2 vehicles: {}", names(&listed)), listed.len() == 2);
        let work = db
            .query::<Vehicle>()
            .inner_join(service_records::table)
            .filter(service_records::cents.gt(20_000))
            .select((vehicles::model, service_records::cents))
            .load::<(String, i64)>(db)
            .await?;
        report.expect(&format!("finds the expensive job: {work:?}"), work == [(second.to_owned(), 45_050)]);

        // Changes one vehicle, and sells the other with its records, together or not at all.
        let newer = VehicleChanges { year: Some(2020), ..Default::default() };
        let changed = db.update::<Vehicle>().find(registered[0].id).set(newer).execute(db).await?;
        report.expect("updates 1 vehicle", changed == 1);
        let sold = db
            .transaction(async |tx| {
                tx.delete::<ServiceRecord>()
                    .filter(service_records::vehicle_id.eq(registered[1].id))
                    .execute(tx)
                    .await?;
                tx.delete::<Vehicle>().find(registered[1].id).execute(tx).await
            })
            .await?;
        report.expect("deletes 1 vehicle with its records", sold == 1);
        db.query::<Vehicle>().first(db).await
    })
    .await
}

/// One shop goes for a vehicle of the other, whose id it has learned.
async fn attack(
    pool: &TenantPool,
    shop: TenantId,
    target: &Vehicle,
    report: &mut Report,
) -> Result<(), Error> {
    report.heading(&format!("The Toyota shop goes for the other shop's {}", target.model));
    pool.scope(shop, async |db| {
        let read = db.query::<Vehicle>().find(target.id).first(db).await;
        report.expect("reading it by id: not found", matches!(read, Err(Error::NotFound)));

        let mine = VehicleChanges { plate: Some("MINE".into()), ..Default::default() };
        let changed = db.update::<Vehicle>().find(target.id).set(mine).execute(db).await?;
        report.expect("changing it: 0 rows", changed == 0);

        let deleted = db.delete::<Vehicle>().find(target.id).execute(db).await?;
        report.expect("deleting it: 0 rows", deleted == 0);

        let done_on = NaiveDate::from_ymd_opt(2026, 1, 12).expect("a day of the calendar");
        let record = NewServiceRecord { vehicle_id: target.id, work: "a free ride", cents: 0, done_on };
        let linked = db.insert_into::<ServiceRecord>().values(record).execute(db).await;
        report.expect("linking a record to it: no such vehicle", matches!(linked, Err(Error::ForeignKey(_))));

        // Past crow's builder: the database refuses on its own.
        let everything = sql_query("SELECT * FROM vehicles WHERE true OR tenant_id IS NOT NULL");
        let seen = db.rls_only(everything).execute(db).await?;
        report.expect("raw SQL for every vehicle: its own 1", seen == 1);
        let stolen = sql_query("UPDATE vehicles SET tenant_id = gen_random_uuid()");
        let moved = db.rls_only(stolen).execute(db).await;
        report.expect(
            "raw SQL that moves rows to another shop: refused",
            matches!(moved, Err(Error::Refused(_))),
        );
        Ok(())
    })
    .await
}

/// The same SQL on the same rows in a table that nobody protected. If it did not leak there, the
/// attacks above would prove nothing.
async fn control(
    db: &TestDb,
    pool: &TenantPool,
    shop: TenantId,
    target: &Vehicle,
    report: &mut Report,
) -> Result<(), Box<dyn StdError>> {
    report.heading("The same SQL on a copy of the table without protection (the control)");
    let mut owner = AsyncPgConnection::establish(&db.owner_url()).await?;
    owner
        .batch_execute(
            "CREATE TABLE careless AS SELECT * FROM vehicles;
             GRANT SELECT, UPDATE, DELETE ON careless TO crow_app;",
        )
        .await?;
    pool.scope(shop, async |db| {
        let read = sql_query("SELECT * FROM careless WHERE id = $1").bind::<SqlUuid, _>(target.id);
        report.expect("reading it by id: LEAKED", db.rls_only(read).execute(db).await? == 1);
        let change =
            sql_query("UPDATE careless SET plate = 'MINE' WHERE id = $1").bind::<SqlUuid, _>(target.id);
        report.expect("changing it: DONE", db.rls_only(change).execute(db).await? == 1);
        let delete = sql_query("DELETE FROM careless WHERE id = $1").bind::<SqlUuid, _>(target.id);
        report.expect("deleting it: DONE", db.rls_only(delete).execute(db).await? == 1);
        Ok::<_, Error>(())
    })
    .await?;
    let refusal = TenantPool::builder(db.tenant_url()).connect().await.err().map(|error| error.to_string());
    println!("      {}", refusal.as_deref().unwrap_or("(no refusal)").replace('\n', "\n      "));
    let names_it = refusal.is_some_and(|text| text.contains("careless"));
    report.expect("so no pool opens on a database with such a table, and says why", names_it);
    Ok(())
}

#[derive(QueryableByName)]
struct Usage {
    #[diesel(sql_type = SqlUuid)]
    tenant_id: Uuid,
    #[diesel(sql_type = BigInt)]
    vehicles: i64,
    #[diesel(sql_type = BigInt)]
    cents: i64,
}

#[derive(QueryableByName)]
struct Recorded {
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Text)]
    role: String,
}

/// The one door to all shops: another role, a stated reason, a record.
async fn across_tenants(
    admin: &AdminPool,
    shops: &[(TenantId, &str)],
    report: &mut Report,
) -> Result<(), Box<dyn StdError>> {
    report.heading("Head office, across tenants");
    let mut conn = admin.get(Access::new("billing-job", "monthly invoices")).await?;
    let usage: Vec<Usage> = sql_query(
        "SELECT tenant_id, count(DISTINCT v.id) AS vehicles, coalesce(sum(r.cents), 0)::bigint AS cents
         FROM vehicles AS v LEFT JOIN service_records AS r USING (tenant_id)
         WHERE r.vehicle_id IS NULL OR r.vehicle_id = v.id
         GROUP BY tenant_id",
    )
    .load(&mut conn)
    .await?;
    println!("      {:<12} {:>8} {:>10}", "shop", "vehicles", "revenue");
    for (shop, name) in shops {
        let of_shop = usage.iter().find(|usage| usage.tenant_id == shop.as_uuid());
        let (vehicles, cents) = of_shop.map_or((0, 0), |usage| (usage.vehicles, usage.cents));
        println!("      {name:<12} {vehicles:>8} {:>7}.{:02}", cents / 100, cents % 100);
    }
    let whole = usage.len() == 2 && usage.iter().all(|usage| (usage.vehicles, usage.cents) == (1, 12_900));
    report.expect("sees both shops", whole);

    let log: Vec<Recorded> = sql_query("SELECT at, actor, reason, role::text AS role FROM crow.access_log")
        .load(&mut conn)
        .await?;
    for Recorded { at, actor, reason, role } in &log {
        println!("      access log: {} {actor} as {role}: {reason}", at.format("%F %T"));
    }
    let recorded = log.iter().any(|entry| entry.actor == "billing-job" && entry.reason == "monthly invoices");
    report.expect("and left a record of who looked, and why", recorded);
    Ok(())
}

fn names(vehicles: &[Vehicle]) -> String {
    vehicles
        .iter()
        .map(|vehicle| format!("{} {}", vehicle.make, vehicle.model))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Prints expectations and remembers whether all of them held.
#[derive(Default)]
struct Report {
    held: usize,
    broken: usize,
}

impl Report {
    fn heading(&self, text: &str) {
        println!("\n{text}");
    }

    fn expect(&mut self, what: &str, holds: bool) {
        println!("  {}   {what}", if holds { "ok" } else { "!!" });
        *(if holds { &mut self.held } else { &mut self.broken }) += 1;
    }

    fn conclude(self) -> ExitCode {
        println!("\n{} expectations held, {} did not.", self.held, self.broken);
        if self.broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
