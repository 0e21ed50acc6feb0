//! The SQL that leaves: every table of every statement carries its own tenant.

use crow_core::{Error, TenantConn, TenantPool, any_of};
use crow_examples::models::{Make, NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
use crow_examples::schema::{makes, service_records, vehicles};
use crow_tests::job::{Job, JobChanges, NewJob, State, jobs};
use diesel::dsl::not;
use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use crate::shop::{Outcome, Shops, texts, vehicle};

const VEHICLE: &str =
    r#""vehicles"."id", "vehicles"."make", "vehicles"."model", "vehicles"."year", "vehicles"."plate""#;

/// The SQL that the closure makes, which sends nothing.
macro_rules! sql {
    (|$db:ident| $statement:expr) => {{
        let shops = Shops::open().await?;
        shops.pool.scope(shops.ours, async |$db| Ok::<_, Error>(format!("{:?}", $statement))).await?
    }};
}

#[tokio::test]
async fn a_query_begins_with_the_tenant() -> Outcome {
    let sql = sql!(|db| db.query::<Vehicle>());
    assert_eq!(
        sql,
        format!(r#"SELECT {VEHICLE} FROM "vehicles" WHERE ("vehicles"."tenant_id" = $1::crow.tenant)"#)
    );
    Ok(())
}

#[tokio::test]
async fn an_or_in_a_filter_stays_in_its_parentheses() -> Outcome {
    let sql = sql!(|db| db
        .query::<Vehicle>()
        .filter(vehicles::make.eq("Honda").or(vehicles::year.gt(0)))
        .filter(vehicles::model.eq("a").or(vehicles::model.eq("b")))
        .select(vehicles::id));
    assert_eq!(
        sql,
        r#"SELECT "vehicles"."id" FROM "vehicles" WHERE ("vehicles"."tenant_id" = $1::crow.tenant)"#
            .to_owned()
            + r#" AND ((("vehicles"."make" = $2) OR ("vehicles"."year" > $3)))"#
            + r#" AND ((("vehicles"."model" = $4) OR ("vehicles"."model" = $5)))"#
    );
    Ok(())
}

#[tokio::test]
async fn each_joined_table_carries_the_tenant_in_its_on() -> Outcome {
    let inner = sql!(|db| db.query::<Vehicle>().inner_join(service_records::table).select(vehicles::id));
    let link = r#""service_records"."vehicle_id" = "vehicles"."id" AND "service_records"."tenant_id" = "vehicles"."tenant_id""#;
    assert_eq!(
        inner,
        format!(
            r#"SELECT "vehicles"."id" FROM "vehicles" INNER JOIN "service_records" ON "service_records"."tenant_id" = $1 AND ({link}) WHERE ("vehicles"."tenant_id" = $2::crow.tenant)"#
        )
    );
    let left = sql!(|db| db
        .query::<Vehicle>()
        .left_join(
            service_records::table.on(service_records::work.eq("x").or(service_records::cents.is_null()))
        )
        .select(vehicles::id));
    assert_eq!(
        left,
        r#"SELECT "vehicles"."id" FROM "vehicles" LEFT OUTER JOIN "service_records" ON "service_records"."tenant_id" = $1"#.to_owned()
            + r#" AND ((("service_records"."work" = $2) OR ("service_records"."cents" IS NULL))) WHERE ("vehicles"."tenant_id" = $3::crow.tenant)"#
    );
    Ok(())
}

#[tokio::test]
async fn a_subquery_carries_the_tenant_as_the_query_around_it_does() -> Outcome {
    let sql = sql!(|db| db
        .query::<Vehicle>()
        .filter(vehicles::id.eq_any(db.query::<ServiceRecord>().select(service_records::vehicle_id)))
        .filter(not(vehicles::make.eq_any(db.query::<Make>().select(makes::name))))
        .select(vehicles::id));
    assert_eq!(
        sql,
        r#"SELECT "vehicles"."id" FROM "vehicles" WHERE ("vehicles"."tenant_id" = $1::crow.tenant)"#
            .to_owned()
            + r#" AND (("vehicles"."id" = ANY(SELECT "service_records"."vehicle_id" FROM "service_records" WHERE ("service_records"."tenant_id" = $2::crow.tenant))))"#
            + r#" AND ( NOT (("vehicles"."make" = ANY(SELECT "makes"."name" FROM "makes"))))"#
    );
    Ok(())
}

#[tokio::test]
async fn shared_tables_have_no_tenant_and_the_tables_joined_to_them_do() -> Outcome {
    let sql = sql!(|db| db
        .query::<Make>()
        .inner_join(vehicles::table.on(vehicles::make.eq(makes::name)))
        .select(makes::name));
    assert_eq!(
        sql,
        r#"SELECT "makes"."name" FROM "makes" INNER JOIN "vehicles" ON "vehicles"."tenant_id" = $1::crow.tenant AND (("vehicles"."make" = "makes"."name"))"#
    );
    Ok(())
}

#[tokio::test]
async fn inserts_fill_in_the_tenant_of_each_row() -> Outcome {
    let one = sql!(|db| db.insert_into::<Vehicle>().values(vehicle("a", "b")));
    let columns = r#"INSERT INTO "vehicles" ("tenant_id", "make", "model", "year", "plate") VALUES "#;
    assert_eq!(one, format!("{columns}($1::crow.tenant, $2, $3, $4, $5) RETURNING {VEHICLE}"));
    let two = sql!(|db| db.insert_into::<Vehicle>().values([vehicle("a", "b"), vehicle("c", "d")]));
    assert_eq!(
        two,
        format!("{columns}($1::crow.tenant, $2, $3, $4, $5), ($6, $7, $8, $9, $10) RETURNING {VEHICLE}")
    );
    let defaults = sql!(|db| db.insert_into::<Job>().values(NewJob::default()).returning(jobs::id));
    assert_eq!(
        defaults,
        r#"INSERT INTO "jobs" ("tenant_id", "vehicle_id", "state", "note") VALUES ($1::crow.tenant, DEFAULT, DEFAULT, DEFAULT) RETURNING "jobs"."id""#
    );
    Ok(())
}

#[tokio::test]
async fn updates_keep_the_tenant_before_every_filter() -> Outcome {
    let sql = sql!(|db| db
        .update::<Vehicle>()
        .filter(vehicles::year.lt(2000).or(vehicles::year.gt(2020)))
        .set((vehicles::make.eq("x"), vehicles::year.eq(vehicles::year + 1)))
        .returning(vehicles::id));
    assert_eq!(
        sql,
        r#"UPDATE "vehicles" SET "make" = $1, "year" = ("vehicles"."year" + $2) WHERE ("vehicles"."tenant_id" = $3::crow.tenant)"#.to_owned()
            + r#" AND ((("vehicles"."year" < $4) OR ("vehicles"."year" > $5))) RETURNING "vehicles"."id""#
    );
    Ok(())
}

#[tokio::test]
async fn deletes_keep_the_tenant_before_every_filter() -> Outcome {
    let sql = sql!(|db| db.delete::<Vehicle>().find(Uuid::nil()).returning(vehicles::id));
    assert_eq!(
        sql,
        r#"DELETE FROM "vehicles" WHERE ("vehicles"."tenant_id" = $1::crow.tenant) AND (("vehicles"."id" = $2)) RETURNING "vehicles"."id""#
    );
    Ok(())
}

#[tokio::test]
async fn debug_shows_no_value_and_the_bound_tenant_is_that_of_the_scope() -> Outcome {
    let shops = Shops::open().await?;
    let (plain, bound) = shops
        .pool
        .scope(shops.ours, async |db| {
            let query = db.query::<Vehicle>().filter(vehicles::plate.eq("secret plate"));
            Ok::<_, Error>((format!("{query:?}"), diesel::debug_query::<Pg, _>(&query).to_string()))
        })
        .await?;
    assert!(!plain.contains("secret") && bound.contains("secret plate"), "{plain} {bound}");
    assert!(!plain.contains(&shops.ours.to_string()) && bound.contains(&shops.ours.to_string()));
    Ok(())
}

#[tokio::test]
async fn limit_offset_and_order_reach_count_and_exists_too() -> Outcome {
    let shops = Shops::open().await?;
    shops
        .pool
        .scope(shops.ours, async |db| {
            assert_eq!(db.query::<Vehicle>().limit(2).count(db).await?, 2);
            assert_eq!(db.query::<Vehicle>().offset(1).limit(5).count(db).await?, 2);
            assert!(db.query::<Vehicle>().offset(2).exists(db).await?);
            assert!(!db.query::<Vehicle>().offset(3).exists(db).await?);
            assert!(!db.query::<Vehicle>().limit(0).exists(db).await?);
            let newest = db.query::<Vehicle>().order(vehicles::year.desc()).order(vehicles::model.desc());
            assert_eq!(newest.select(vehicles::model).load::<String>(db).await?, ["Yaris", "Jazz", "Civic"]);
            let by_two = db.query::<Vehicle>().order(vehicles::make.desc()).then_order_by(vehicles::model);
            assert_eq!(by_two.select(vehicles::model).load::<String>(db).await?, ["Yaris", "Civic", "Jazz"]);
            let tuple = db.query::<Vehicle>().order((vehicles::make, vehicles::model.desc())).limit(1);
            assert_eq!(tuple.select(vehicles::model).load::<String>(db).await?, ["Jazz"]);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_left_join_keeps_rows_without_a_match() -> Outcome {
    let shops = Shops::open().await?;
    let rows = shops
        .pool
        .scope(shops.ours, async |db| {
            db.query::<Vehicle>()
                .left_join(service_records::table)
                .order(vehicles::model)
                .select((vehicles::model, service_records::cents.nullable()))
                .load::<(String, Option<i64>)>(db)
                .await
        })
        .await?;
    assert_eq!(rows, [("Civic".into(), Some(100)), ("Jazz".into(), None), ("Yaris".into(), None)]);
    Ok(())
}

#[tokio::test]
async fn rows_are_inserted_in_every_form_that_diesel_has() -> Outcome {
    let shops = Shops::open().await?;
    let (a, b) = (vehicle("Honda", "a"), vehicle("Honda", "b"));
    let slice: &[NewVehicle<'_>] = &[vehicle("Honda", "c"), vehicle("Honda", "d")];
    shops
        .pool
        .scope(shops.ours, async |db| {
            let insert = || db.insert_into::<Vehicle>();
            assert_eq!(insert().values(&a).execute(db).await?, 1);
            assert_eq!(insert().values(vec![b.clone()]).execute(db).await?, 1);
            assert_eq!(insert().values(slice).execute(db).await?, 2);
            assert_eq!(insert().values([vehicle("Honda", "e"), vehicle("Honda", "f")]).execute(db).await?, 2);
            let columns = (
                vehicles::make.eq("Honda"),
                vehicles::model.eq("g"),
                vehicles::year.eq(2020),
                vehicles::plate.eq("g"),
            );
            let made: Vehicle = insert().values(columns).get_result(db).await?;
            assert_eq!(made.model, "g");
            let none: Vec<NewVehicle<'_>> = Vec::new();
            assert_eq!(insert().values(none.clone()).execute(db).await?, 0);
            assert_eq!(insert().values(none.clone()).get_results::<Vehicle>(db).await?, []);
            let no_row = insert().values(none).get_result::<Vehicle>(db).await;
            assert!(matches!(no_row, Err(Error::NotFound)));

            let new = NewJob { note: None, state: Some(State::Done), vehicle_id: None };
            let job: Job = db.insert_into::<Job>().values(new).get_result(db).await?;
            assert_eq!(job.note.as_deref(), Some("by default"), "None leaves the column to its default");
            Ok::<_, Error>(())
        })
        .await?;
    assert_eq!(shops.models_of(shops.ours).await?.len(), 10);
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    Ok(())
}

#[tokio::test]
async fn rows_are_changed_in_every_form_that_diesel_has() -> Outcome {
    let shops = Shops::open().await?;
    shops
        .pool
        .scope(shops.ours, async |db| {
            let update = || db.update::<Vehicle>().filter(vehicles::make.eq("Honda"));
            assert_eq!(update().set(vehicles::year.eq(1999)).execute(db).await?, 2);
            assert_eq!(update().set((vehicles::year.eq(vehicles::year + 1),)).execute(db).await?, 2);
            let changes = VehicleChanges { year: Some(2001), ..Default::default() };
            let years = update().set(&changes).returning(vehicles::year).get_results::<i32>(db).await?;
            assert_eq!(years, [2001, 2001]);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

/// So that a PATCH without a field answers with the row, and with "not found" where there is none.
#[tokio::test]
async fn without_changes_rows_are_counted_and_given_as_they_are() -> Outcome {
    let shops = Shops::open().await?;
    let versions = "SELECT xmin::text || ctid::text AS text FROM vehicles ORDER BY id";
    let before = texts(&mut shops.superuser().await?, versions).await?;
    shops
        .pool
        .scope(shops.ours, async |db| {
            let hondas = db.query::<Vehicle>().filter(vehicles::make.eq("Honda")).load::<Vehicle>(db).await?;
            let update = || db.update::<Vehicle>().filter(vehicles::make.eq("Honda"));
            assert_eq!(update().set(VehicleChanges::default()).execute(db).await?, hondas.len());
            let mut rows = update().set(VehicleChanges::default()).get_results::<Vehicle>(db).await?;
            rows.sort_by_key(|row| hondas.iter().position(|honda| honda.id == row.id));
            assert_eq!(rows, hondas);
            let one = db.update::<Vehicle>().find(hondas[0].id).set(VehicleChanges::default());
            assert_eq!(one.returning(vehicles::id).get_result::<Uuid>(db).await?, hondas[0].id);
            let nobodys = db.update::<Vehicle>().find(Uuid::new_v4()).set(VehicleChanges::default());
            assert_eq!(nobodys.get_result::<Vehicle>(db).await, Err(Error::NotFound));
            let all = db.update::<Vehicle>().set(VehicleChanges::default());
            assert_eq!(all.execute(db).await?, 3, "of this shop, and of no other");
            let job = db.update::<Job>().set(JobChanges::default()).get_result::<Job>(db).await;
            assert!(matches!(job, Err(Error::NotFound)));
            Ok::<_, Error>(())
        })
        .await?;
    assert_eq!(texts(&mut shops.superuser().await?, versions).await?, before);
    Ok(())
}

#[tokio::test]
async fn any_of_takes_no_values_and_a_hundred_thousand() -> Outcome {
    let shops = Shops::open().await?;
    shops
        .pool
        .scope(shops.ours, async |db| {
            let none: [&str; 0] = [];
            assert_eq!(
                db.query::<Vehicle>().filter(vehicles::model.eq_any(any_of(none))).count(db).await?,
                0
            );
            let others = db.query::<Vehicle>().filter(vehicles::model.ne_all(any_of(none)));
            assert_eq!(others.count(db).await?, 3);
            let many = (0..100_000).map(|n| n.to_string()).chain(["Civic".into()]);
            assert_eq!(
                db.query::<Vehicle>().filter(vehicles::model.eq_any(any_of(many))).count(db).await?,
                1
            );
            let ids = db.query::<Vehicle>().select(vehicles::id).load::<Uuid>(db).await?;
            assert_eq!(db.delete::<Vehicle>().filter(vehicles::id.eq_any(any_of(ids))).execute(db).await?, 3);
            Ok::<_, Error>(())
        })
        .await?;
    assert_eq!(shops.models_of(shops.theirs).await?, ["Corolla"]);
    Ok(())
}

/// crow's own layer is whole: it needs no help of the database.
#[tokio::test]
async fn without_row_level_security_every_statement_still_keeps_to_its_shop() -> Outcome {
    use diesel_async::SimpleAsyncConnection;
    let shops = Shops::open().await?;
    let tables = ["vehicles", "service_records", "jobs"];
    let off: String = tables.map(|table| format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;")).concat();
    shops.superuser().await?.batch_execute(&off).await?;
    let target = shops.pool.scope(shops.theirs, async |db| db.query::<Vehicle>().first(db).await).await?;
    let theirs = shops.pool.scope(shops.theirs, async |db| all(db).await).await?;
    let everybody = shops
        .pool
        .scope(shops.ours, async |db| {
            let sql = diesel::sql_query("SELECT * FROM vehicles");
            db.rls_only(sql).execute(db).await
        })
        .await?;
    assert_eq!(everybody, 4, "the database must not help here");
    attempt_everything(&shops.pool, shops.ours, target.id).await?;
    assert_eq!(shops.pool.scope(shops.theirs, async |db| all(db).await).await?, theirs);
    Ok(())
}

async fn all(db: &mut TenantConn<'_>) -> Result<(Vec<Vehicle>, Vec<ServiceRecord>), Error> {
    Ok((db.query::<Vehicle>().load(db).await?, db.query::<ServiceRecord>().load(db).await?))
}

async fn attempt_everything(pool: &TenantPool, shop: crow_core::TenantId, theirs: Uuid) -> Outcome {
    pool.scope(shop, async |db| {
        let always = || vehicles::year.gt(0).or(vehicles::year.le(0));
        assert_eq!(db.query::<Vehicle>().filter(always()).count(db).await?, 3);
        assert_eq!(db.query::<Vehicle>().find(theirs).load::<Vehicle>(db).await?, []);
        assert!(!db.query::<Vehicle>().filter(vehicles::id.eq(theirs)).exists(db).await?);
        let crossed =
            db.query::<Vehicle>().inner_join(service_records::table.on(service_records::cents.gt(0)));
        assert_eq!(crossed.count(db).await?, 3, "3 vehicles of ours, each with our one record");
        let kept = db.query::<Vehicle>().left_join(service_records::table.on(service_records::cents.gt(0)));
        assert_eq!(kept.count(db).await?, 3);
        let shared = db.query::<Make>().inner_join(vehicles::table.on(vehicles::make.eq(makes::name)));
        assert_eq!(shared.count(db).await?, 3);
        let records = db.query::<ServiceRecord>().select(service_records::vehicle_id);
        assert_eq!(db.query::<Vehicle>().filter(vehicles::id.eq_any(records)).count(db).await?, 1);
        let sum: Option<i64> =
            db.query::<Vehicle>().select(diesel::dsl::sum(vehicles::year)).get_result(db).await?;
        assert_eq!(sum, Some(3 * 2020));
        assert_eq!(db.update::<Vehicle>().find(theirs).set(vehicles::year.eq(1990)).execute(db).await?, 0);
        assert_eq!(db.delete::<Vehicle>().find(theirs).execute(db).await?, 0);
        assert_eq!(
            db.update::<Vehicle>().filter(always()).set(vehicles::year.eq(1990)).execute(db).await?,
            3
        );
        let linked =
            db.insert_into::<ServiceRecord>().values(crate::shop::record(theirs, 1)).execute(db).await;
        assert!(matches!(linked, Err(Error::ForeignKey(_))), "{linked:?}");
        assert_eq!(db.insert_into::<Vehicle>().values(vehicle("Toyota", "Corolla")).execute(db).await?, 1);
        assert_eq!(db.delete::<Vehicle>().execute(db).await?, 4);
        Ok::<_, Error>(())
    })
    .await?;
    Ok(())
}
