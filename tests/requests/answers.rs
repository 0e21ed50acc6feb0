//! What clients are told, and what operators are.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use crow_core::request::{Problem, Refusal, TenantLayer};
use crow_core::{Error, InvalidTenantId, TenantPool, TenantScope};
use crow_examples::MIGRATIONS;
use crow_examples::models::{NewVehicle, ServiceRecord, Vehicle, VehicleChanges};
use crow_examples::schema::vehicles;
use crow_testkit::TestDb;
use diesel::prelude::*;
use diesel::sql_query;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::Outcome;
use crate::recorder::Recorder;
use crate::service::{Shops, get_from, jwt, send};

const HONDA: &str = "honda.shops.example.com";

fn body(response: Response<String>) -> Value {
    serde_json::from_str(response.body()).expect("it is JSON")
}

#[test]
fn each_error_has_its_status_and_tells_nothing_of_the_inside() {
    let secret = || "host db.internal, table salaries, 6f1c2a9e".to_owned();
    let name = || Some("salaries_pkey".to_owned());
    for (error, status, code, retry) in [
        (Error::TenantId(InvalidTenantId::Nil), 400, "tenant_id", false),
        (Error::NoTenant, 500, "internal", false),
        (Error::Refused(secret()), 404, "not_found", false),
        (Error::NotFound, 404, "not_found", false),
        (Error::Unique(name()), 409, "conflict", false),
        (Error::ForeignKey(name()), 422, "reference", false),
        (Error::Check(name()), 422, "rule", false),
        (Error::Value(secret()), 422, "rule", false),
        (Error::ReadOnly, 500, "internal", false),
        (Error::RolledBack, 500, "internal", false),
        (Error::CommitUnknown(secret()), 504, "outcome_unknown", false),
        (Error::PoolTimeout, 503, "busy", true),
        (Error::PoolClosed, 503, "busy", true),
        (Error::Deadline(Duration::from_secs(30)), 504, "timeout", false),
        (Error::Cancelled(secret()), 504, "timeout", false),
        (Error::Unsafe(Vec::new()), 500, "internal", false),
        (Error::Connection(secret()), 503, "busy", true),
        (Error::Invalid(secret()), 500, "internal", false),
        (Error::AccessExpired, 403, "expired", false),
        (Error::Other(secret()), 500, "internal", false),
    ] {
        let shown = format!("{error:?}");
        let response = Problem::from(error).into_response::<String>();
        assert_eq!(response.status().as_u16(), status, "{shown}");
        assert_eq!(response.headers().contains_key("retry-after"), retry, "{shown}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{shown}");
        assert!(!response.body().contains("salaries") && !response.body().contains("internal,"), "{shown}");
        let body = body(response);
        assert_eq!((&body["status"], &body["code"]), (&json!(status), &json!(code)), "{shown}");
        assert!(body["title"].is_string() && body["detail"].is_string(), "{shown}");
    }
}

#[test]
fn each_refusal_has_its_status() {
    for (refusal, status) in [
        (Refusal::Unidentified, 401),
        (Refusal::Credentials("expired".into()), 401),
        (Refusal::Malformed("two".into()), 400),
        (Refusal::NoTenant, 400),
        (Refusal::Misdirected, 421),
        (Refusal::CrossSite("origin".into()), 403),
        (Refusal::UnknownTenant, 403),
        (Refusal::Disagreement, 403),
        (Refusal::NotAMember, 403),
        (Refusal::Failed(Error::PoolTimeout), 503),
    ] {
        assert_eq!(Problem::from(&refusal).status().as_u16(), status, "{refusal}");
    }
}

#[test]
fn an_application_adds_what_it_knows() {
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "form")
        .detail("Two fields are wrong.")
        .with("fields", json!(["plate", "year"]))
        .with("status", 200)
        .retry_after(Duration::from_millis(300))
        .challenge(HeaderValue::from_static("Bearer"));
    let response = problem.into_response::<String>();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(
        body(response),
        json!({
            "title": "Unprocessable Entity", "status": 422, "code": "form", "detail": "Two fields are wrong.",
            "fields": ["plate", "year"],
        })
    );
}

fn layered(pool: TenantPool, shops: &Shops, router: Router) -> Router {
    router.layer(TenantLayer::new(pool, jwt(), shops.host_and_token(), shops.members()))
}

async fn status_of(service: &Router, shops: &Shops, path: &str) -> Outcome<(StatusCode, String)> {
    let mut request = get_from(HONDA, &shops.ada());
    *request.uri_mut() = path.parse()?;
    let answer = send(service, request).await?;
    for inside in ["vehicles", "tenant_id", "plate", "crow", "constraint"] {
        assert!(!answer.body.contains(inside), "{}", answer.body);
    }
    Ok((answer.status(), answer.header("retry-after").unwrap_or_default().to_owned()))
}

/// As a real server words what is wrong.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn what_the_database_refuses(db: &TestDb, shops: Shops) -> Outcome {
    let vehicle = |plate: &'static str| NewVehicle { make: "Honda", model: "Jazz", year: 2019, plate };
    let taken = async move |shop: TenantScope| {
        shop.run(async |db| db.insert_into::<Vehicle>().values(vehicle("ABC 1")).execute(db).await.map(drop))
            .await
    };
    let before_cars = async move |shop: TenantScope| {
        let new = NewVehicle { year: 1, ..vehicle("NEW 1") };
        shop.run(async |db| db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)).await
    };
    let no_such_make = async move |shop: TenantScope| {
        let new = NewVehicle { make: "Hund", ..vehicle("NEW 1") };
        shop.run(async |db| db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)).await
    };
    let theirs: Vehicle = shops.pool.scope(shops.toyota, async |db| db.query().first(db).await).await?;
    let id = theirs.id;
    let changed = async move |shop: TenantScope| {
        let changes = VehicleChanges { year: Some(2021), ..VehicleChanges::default() };
        shop.run(async |db| {
            db.update::<Vehicle>().find(id).set(changes).get_result::<Vehicle>(db).await.map(drop)
        })
        .await
    };
    let no_vehicle = async move |shop: TenantScope| {
        let record = crow_examples::models::NewServiceRecord {
            vehicle_id: id,
            work: "oil",
            cents: 100,
            done_on: chrono::NaiveDate::from_ymd_opt(2026, 1, 12).expect("a day"),
        };
        shop.run(async |db| db.insert_into::<ServiceRecord>().values(record).execute(db).await.map(drop))
            .await
    };
    let slow = async |shop: TenantScope| {
        let impatient = shop.with_deadline(Duration::from_millis(200));
        impatient
            .run(async |db| db.rls_only(sql_query("SELECT pg_sleep(5)")).execute(db).await.map(drop))
            .await
    };
    let stopped = async |shop: TenantScope| {
        shop.transaction(async |tx| {
            tx.rls_only(sql_query("SET LOCAL statement_timeout = 50")).execute(tx).await?;
            tx.rls_only(sql_query("SELECT pg_sleep(5)")).execute(tx).await.map(drop)
        })
        .await
    };
    let nul = async |shop: TenantScope| {
        shop.run(async |db| db.query::<Vehicle>().filter(vehicles::model.eq("\0")).count(db).await.map(drop))
            .await
    };
    let too_long_for_its_index = async |shop: TenantScope| {
        // Random, since PostgreSQL compresses what repeats itself.
        let plate: String = (0..1_000).map(|_| Uuid::new_v4().to_string()).collect();
        let new = NewVehicle { make: "Honda", model: "Jazz", year: 2019, plate: &plate };
        shop.run(async |db| db.insert_into::<Vehicle>().values(new).execute(db).await.map(drop)).await
    };
    let too_large = async |shop: TenantScope| {
        let sum = vehicles::year + i32::MAX;
        shop.run(async |db| db.query::<Vehicle>().filter(sum.gt(0)).count(db).await.map(drop)).await
    };
    let router = Router::new()
        .route("/nul", get(nul))
        .route("/too-long", get(too_long_for_its_index))
        .route("/too-large", get(too_large))
        .route("/taken", get(taken))
        .route("/before-cars", get(before_cars))
        .route("/no-such-make", get(no_such_make))
        .route("/theirs", get(changed))
        .route("/no-vehicle", get(no_vehicle))
        .route("/slow", get(slow))
        .route("/stopped", get(stopped));
    let service = layered(db.tenant_pool().await?, &shops, router);
    for (path, status) in [
        ("/nul", StatusCode::UNPROCESSABLE_ENTITY),
        ("/too-long", StatusCode::UNPROCESSABLE_ENTITY),
        ("/too-large", StatusCode::UNPROCESSABLE_ENTITY),
        ("/taken", StatusCode::CONFLICT),
        ("/before-cars", StatusCode::UNPROCESSABLE_ENTITY),
        ("/no-such-make", StatusCode::UNPROCESSABLE_ENTITY),
        ("/theirs", StatusCode::NOT_FOUND),
        // The vehicle is there, and not this shop's.
        ("/no-vehicle", StatusCode::UNPROCESSABLE_ENTITY),
        // SQL of its own could have written.
        ("/slow", StatusCode::GATEWAY_TIMEOUT),
        ("/stopped", StatusCode::GATEWAY_TIMEOUT),
    ] {
        assert_eq!(status_of(&service, &shops, path).await?.0, status, "{path}");
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_pool_without_a_free_connection(db: &TestDb, shops: Shops) -> Outcome {
    let full =
        TenantPool::builder(db.tenant_url()).max_size(1).wait_timeout(Duration::ZERO).connect().await?;
    let count = async |shop: TenantScope| {
        shop.run(async |db| db.query::<Vehicle>().count(db).await.map(|count| count.to_string())).await
    };
    let service = layered(full.clone(), &shops, Router::new().route("/count", get(count)));
    assert_eq!(status_of(&service, &shops, "/count").await?.0, StatusCode::OK);

    let ((held, holding), (done, over)) = (oneshot::channel::<()>(), oneshot::channel::<()>());
    let honda = shops.honda;
    let holder = {
        let full = full.clone();
        tokio::spawn(async move {
            full.scope(honda, async move |_| {
                let _ = held.send(());
                let _ = over.await;
                Ok::<_, Error>(())
            })
            .await
        })
    };
    holding.await?;
    let answer = status_of(&service, &shops, "/count").await?;
    assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, "1".to_owned()));
    let _ = done.send(());
    holder.await??;

    full.close(Duration::from_secs(1)).await;
    assert_eq!(status_of(&service, &shops, "/count").await?.0, StatusCode::SERVICE_UNAVAILABLE);
    Ok(())
}

/// A fault of the service is told to the operator in full.
#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn a_fault_is_told_to_the_operator(shops: Shops) -> Outcome {
    let broken = async |shop: TenantScope| {
        shop.run(async |db| db.rls_only(sql_query("SELECT * FROM salaries")).execute(db).await.map(drop))
            .await
    };
    let service = layered(shops.pool.clone(), &shops, Router::new().route("/vehicles", get(broken)));
    let (recorder, _guard) = Recorder::install();
    let answer = send(&service, get_from(HONDA, &shops.ada())).await?;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.body.contains("salaries"), "{}", answer.body);
    let told = recorder.take("request failed");
    assert!(told.len() == 1 && told[0].field("error").contains("salaries"), "{told:?}");
    Ok(())
}

/// What a client may mend is no fault, and has its cause in the log all the same.
#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn what_broke_a_rule_is_told_to_the_operator(shops: Shops) -> Outcome {
    let taken = async || Err::<(), _>(Error::Unique(Some("vehicles_tenant_id_plate_key".into())));
    let service = layered(shops.pool.clone(), &shops, Router::new().route("/vehicles", get(taken)));
    let (recorder, _guard) = Recorder::install();
    let answer = send(&service, get_from(HONDA, &shops.ada())).await?;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(!answer.body.contains("vehicles_tenant_id_plate_key"), "{}", answer.body);
    let [told] = &recorder.take("request failed")[..] else { panic!("not told once") };
    assert_eq!((told.field("error.type"), told.field("status")), ("unique", "409"));
    assert!(told.field("error").contains("vehicles_tenant_id_plate_key"), "{told:?}");
    Ok(())
}
