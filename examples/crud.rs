//! Create, read, update and delete in a tenant's scope, one function each.
//!
//! A text to read from top to bottom; `cargo run --example crud` runs it. It assumes some diesel
//! and nothing about crow. The tests at its end prove that each function keeps to its shop.

use chrono::NaiveDate;
use crow_core::{Error, Optional, TenantConn, TenantId, TenantPool, TenantQuery, any_of};
use crow_examples::MIGRATIONS;
use crow_examples::models::{Make, NewServiceRecord, NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
use crow_examples::schema::{makes, service_records, vehicles};
use crow_testkit::TestDb;
use diesel::prelude::*;
use futures_util::try_join;
use uuid::Uuid;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A throw-away database. An application has a URL from its configuration instead.
    let db = TestDb::new(MIGRATIONS).await?;
    let pool = TenantPool::builder(db.tenant_url()).connect().await?;

    // A scope belongs to one tenant. In a web service the id comes from the verified login.
    let shop = TenantId::random();
    pool.scope(shop, async |db| {
        let civic = create(db).await?;
        let accord = create_many(db).await?;
        read_one(db, civic.id).await?;
        read_several(db, &[civic.id, accord]).await?;
        read_with_choices(db, Some("Honda"), None).await?;
        read_columns(db).await?;
        read_shared(db).await?;
        read_together(db).await?;
        update(db, civic.id).await?;
        work_as_one(db, civic.id).await?;
        join(db).await?;
        join_what_may_be_missing(db).await?;
        nest(db).await?;
        delete(db, civic.id).await
    })
    .await?;

    // A scope that is one transaction from end to end.
    let left = pool.transaction(shop, async |tx| tx.query::<Vehicle>().count(tx).await).await?;
    println!("{left} vehicles are left");
    Ok(())
}

/// `values` takes what diesel takes: a struct that derives `Insertable`. The shop is filled in, so
/// `NewVehicle` has no field for it, and one that had would not compile here.
async fn create(db: &TenantConn<'_>) -> Result<Vehicle, Error> {
    let new = NewVehicle { make: "Honda", model: "Civic", year: 2019, plate: "CIV 1" };
    let civic: Vehicle = db.insert_into::<Vehicle>().values(new).get_result(db).await?;
    println!("created {civic:?}");
    Ok(civic)
}

/// A list is one statement. `returning` chooses what comes back, here only the ids.
async fn create_many(db: &TenantConn<'_>) -> Result<Uuid, Error> {
    let new = vec![
        NewVehicle { make: "Honda", model: "Accord", year: 2021, plate: "ACC 1" },
        NewVehicle { make: "Volvo", model: "V70", year: 2004, plate: "VOL 1" },
    ];
    let ids: Vec<Uuid> =
        db.insert_into::<Vehicle>().values(new).returning(vehicles::id).get_results(db).await?;
    println!("created {} more", ids.len());
    Ok(ids[0])
}

/// `find` takes the key without the shop: within a scope there is no other. A vehicle of another
/// shop is not found, just like one that does not exist.
async fn read_one(db: &TenantConn<'_>, id: Uuid) -> Result<(), Error> {
    let found = db.query::<Vehicle>().find(id).first(db).await?;
    let missing = db.query::<Vehicle>().find(Uuid::new_v4()).first(db).await.optional()?;
    println!("found {}, and {missing:?} for an id of nobody's", found.plate);
    Ok(())
}

/// A list of values is `any_of(..)`: the type of a bare one says nothing that could be checked.
async fn read_several(db: &TenantConn<'_>, ids: &[Uuid]) -> Result<(), Error> {
    let found = db.query::<Vehicle>().filter(vehicles::id.eq_any(any_of(ids.to_vec()))).load(db).await?;
    println!("found {} of {}", found.len(), ids.len());
    Ok(())
}

/// A filter does not change the type of a query, so filters can be added as they are asked for.
async fn read_with_choices(db: &TenantConn<'_>, make: Option<&str>, since: Option<i32>) -> Result<(), Error> {
    let mut query = newest_first(db);
    if let Some(make) = make {
        query = query.filter(vehicles::make.eq(make));
    }
    if let Some(year) = since {
        query = query.filter(vehicles::year.ge(year));
    }
    let found = query.limit(10).load(db).await?;
    println!("newest of the chosen: {}", found[0].model);
    Ok(())
}

/// And so a query is easy to name: `'t` is the scope, `'q` the life of what it borrows.
fn newest_first<'t, 'q>(db: &TenantConn<'t>) -> TenantQuery<'t, 'q, Vehicle> {
    db.query::<Vehicle>().order((vehicles::year.desc(), vehicles::id))
}

/// `select` chooses columns or expressions; a row is then whatever fits them.
async fn read_columns(db: &TenantConn<'_>) -> Result<(), Error> {
    let rows = db
        .query::<Vehicle>()
        .select((vehicles::plate, vehicles::year + 10))
        .order(vehicles::plate)
        .load::<(String, i32)>(db)
        .await?;
    println!("plates, and when they become classics: {rows:?}");
    Ok(())
}

/// A shared model is read like any other. To insert, update or delete it does not compile.
async fn read_shared(db: &TenantConn<'_>) -> Result<(), Error> {
    let from_japan = db.query::<Make>().filter(makes::country.eq("Japan")).count(db).await?;
    println!("{from_japan} makes from Japan");
    Ok(())
}

/// Statements take `&db`, so under `try_join!` they travel together, in one round trip.
async fn read_together(db: &TenantConn<'_>) -> Result<(), Error> {
    let (vehicles, any_records) =
        try_join!(db.query::<Vehicle>().count(db), db.query::<ServiceRecord>().exists(db))?;
    println!("{vehicles} vehicles; any records: {any_records}");
    Ok(())
}

/// A struct with `AsChangeset` and `TenantChangeset`, or columns in place. `tenant_id` cannot be
/// set either way.
async fn update(db: &TenantConn<'_>, id: Uuid) -> Result<(), Error> {
    let changes = VehicleChanges { plate: Some("CIV 2".into()), ..Default::default() };
    let civic: Vehicle = db.update::<Vehicle>().find(id).set(changes).get_result(db).await?;
    let older = db
        .update::<Vehicle>()
        .filter(vehicles::make.eq("Honda"))
        .set(vehicles::year.eq(vehicles::year - 1))
        .execute(db)
        .await?;
    println!("the Civic is now {}; {older} Hondas became a year older", civic.plate);
    Ok(())
}

/// A transaction is all or nothing. A `transaction` inside it is a savepoint: it can fail alone.
async fn work_as_one(db: &mut TenantConn<'_>, id: Uuid) -> Result<(), Error> {
    let record = |work, cents| NewServiceRecord {
        vehicle_id: id,
        work,
        cents,
        done_on: NaiveDate::from_ymd_opt(2026, 1, 12).unwrap_or_default(),
    };
    db.transaction(async |tx| {
        tx.insert_into::<ServiceRecord>().values(record("oil", 4_900)).execute(tx).await?;
        let refused = tx
            .transaction(async |tx| {
                tx.insert_into::<ServiceRecord>().values(record("refund", -1)).execute(tx).await
            })
            .await;
        println!("a negative price is refused: {}", refused.is_err());
        tx.insert_into::<ServiceRecord>().values(record("brakes", 18_000)).execute(tx).await?;
        Ok::<_, Error>(())
    })
    .await
}

/// `belongs_to` on the model makes the ON, shop included. Without it: `table.on(condition)`.
async fn join(db: &TenantConn<'_>) -> Result<(), Error> {
    let work = db
        .query::<ServiceRecord>()
        .inner_join(vehicles::table)
        .select((vehicles::model, service_records::work, service_records::cents))
        .order(service_records::cents.desc())
        .load::<(String, String, i64)>(db)
        .await?;
    println!("dearest first: {work:?}");
    Ok(())
}

/// Without a `select` a join still gives rows of the model it began with. This one gives both.
async fn join_what_may_be_missing(db: &TenantConn<'_>) -> Result<(), Error> {
    let rows = db
        .query::<Vehicle>()
        .left_join(service_records::table)
        .select((Vehicle::as_select(), Option::<ServiceRecord>::as_select()))
        .load::<(Vehicle, Option<ServiceRecord>)>(db)
        .await?;
    let idle = rows.iter().filter(|(_, record)| record.is_none()).count();
    println!("{idle} vehicles were never serviced");
    Ok(())
}

/// A query of the same scope is a subquery. One of another scope, or of plain diesel, is not.
async fn nest(db: &TenantConn<'_>) -> Result<(), Error> {
    let serviced = db.query::<ServiceRecord>().select(service_records::vehicle_id);
    let found = db.query::<Vehicle>().filter(vehicles::id.eq_any(serviced)).load(db).await?;
    println!("{} vehicles were serviced", found.len());
    Ok(())
}

/// The records of a vehicle go with it (`ON DELETE CASCADE`), and only this shop's can.
async fn delete(db: &TenantConn<'_>, id: Uuid) -> Result<(), Error> {
    let deleted = db.delete::<Vehicle>().find(id).execute(db).await?;
    println!("deleted {deleted} vehicle");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crow_testkit::{Error, FromTestDb, Tenant, TestDb};

    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// Two shops, each with one vehicle of its make and a record of it.
    struct Shops {
        honda: Tenant,
        toyota: Tenant,
    }

    impl FromTestDb for Shops {
        async fn from_test_db(db: &TestDb) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
            let shops = Self { honda: db.tenant("honda-shop"), toyota: db.tenant("toyota-shop") };
            for (shop, make) in [(&shops.honda, "Honda"), (&shops.toyota, "Toyota")] {
                let new = (vehicles::make.eq(make), vehicles::year.eq(2020));
                let vehicle = shop.insert::<Vehicle>(new).await?;
                shop.insert::<ServiceRecord>(service_records::vehicle_id.eq(vehicle.id)).await?;
            }
            Ok(shops)
        }
    }

    async fn makes(shop: &Tenant) -> Result<Vec<String>, crow_core::Error> {
        shop.scope(async |db| db.query::<Vehicle>().select(vehicles::make).load(db).await).await
    }

    async fn vehicle(shop: &Tenant) -> Result<Vehicle, crow_core::Error> {
        shop.scope(async |db| db.query::<Vehicle>().first(db).await).await
    }

    #[crow_testkit::test]
    async fn a_shop_lists_only_its_own_vehicles(shops: Shops) -> Outcome {
        assert_eq!(makes(&shops.honda).await?, ["Honda"]);
        assert_eq!(makes(&shops.toyota).await?, ["Toyota"]);
        Ok(())
    }

    #[crow_testkit::test]
    async fn what_a_shop_creates_is_its_own(shops: Shops) -> Outcome {
        shops.honda.scope(async |db| create(db).await).await?;
        shops.honda.scope(async |db| create_many(db).await).await?;
        assert_eq!(makes(&shops.honda).await?.len(), 4);
        assert_eq!(makes(&shops.toyota).await?, ["Toyota"]);
        Ok(())
    }

    #[crow_testkit::test]
    async fn the_vehicle_of_another_shop_is_not_found(shops: Shops) -> Outcome {
        let theirs = vehicle(&shops.toyota).await?.id;
        shops.toyota.scope(async |db| read_one(db, theirs).await).await?;
        let read = shops.honda.scope(async |db| read_one(db, theirs).await).await;
        assert!(matches!(read, Err(crow_core::Error::NotFound)), "{read:?}");
        let changed = shops.honda.scope(async |db| update(db, theirs).await).await;
        assert!(matches!(changed, Err(crow_core::Error::NotFound)), "{changed:?}");
        Ok(())
    }

    #[crow_testkit::test]
    async fn what_a_shop_changes_and_deletes_is_its_own(shops: Shops) -> Outcome {
        let (ours, theirs) = (vehicle(&shops.honda).await?, vehicle(&shops.toyota).await?);
        shops.honda.scope(async |db| update(db, ours.id).await).await?;
        shops.honda.scope(async |db| delete(db, theirs.id).await).await?;
        shops.honda.scope(async |db| delete(db, ours.id).await).await?;
        assert!(makes(&shops.honda).await?.is_empty());
        assert_eq!(vehicle(&shops.toyota).await?, theirs);
        Ok(())
    }

    #[crow_testkit::test]
    async fn work_on_the_vehicle_of_another_shop_is_refused_as_a_whole(shops: Shops) -> Outcome {
        let theirs = vehicle(&shops.toyota).await?.id;
        let refused = shops.honda.scope(async |db| work_as_one(db, theirs).await).await;
        assert!(matches!(refused, Err(crow_core::Error::ForeignKey(_))), "{refused:?}");
        for shop in [&shops.honda, &shops.toyota] {
            let records = shop.scope(async |db| db.query::<ServiceRecord>().count(db).await).await?;
            assert_eq!(records, 1, "{}", shop.name());
        }
        Ok(())
    }

    #[crow_testkit::test]
    async fn a_price_below_zero_is_refused_by_the_table(shop: Tenant) -> Outcome {
        let refused = shop.insert::<ServiceRecord>(service_records::cents.eq(-1)).await;
        assert!(matches!(refused, Err(Error::Fill { .. })), "{refused:?}");
        Ok(())
    }
}
