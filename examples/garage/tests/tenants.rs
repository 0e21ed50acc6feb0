//! No shop reaches another's vehicles.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use crow_core::audit::Severity;
use crow_core::request::{Key, KeySet};
use crow_core::{TenantId, TenantPool};
use crow_testkit::{Issuer, TestDb};
use garage::schema::tables;
use garage::vehicles::Vehicle;
use serde_json::{Value, json};
use tower::ServiceExt;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[crow_testkit::test(migrations = tables())]
async fn a_shop_sees_its_own_vehicles_alone(pool: TenantPool, shops: [TenantId; 2]) -> Outcome {
    let issuer = Issuer::new(garage::ISSUER, garage::AUDIENCE);
    let service = service(pool, &issuer)?;
    let [honda, toyota] = shops.map(|shop| issuer.token(json!({ "shop": shop.as_uuid() })));

    // The same plate in both, and once in each.
    let civic = json!({ "make": "Honda", "plate": "HH-CI 1" });
    let (status, civic_made) = send(&service, post(&honda, &civic)?).await?;
    assert_eq!(status, StatusCode::CREATED);
    let (status, _) = send(&service, post(&honda, &civic)?).await?;
    assert_eq!(status, StatusCode::CONFLICT);
    let yaris = json!({ "make": "Toyota", "plate": "HH-CI 1" });
    let (status, yaris_made) = send(&service, post(&toyota, &yaris)?).await?;
    assert_eq!(status, StatusCode::CREATED);

    assert_eq!(send(&service, list(&honda)?).await?, (StatusCode::OK, json!([civic_made])));
    assert_eq!(send(&service, list(&toyota)?).await?, (StatusCode::OK, json!([yaris_made])));
    Ok(())
}

#[crow_testkit::test(migrations = tables())]
async fn a_token_that_somebody_else_signed_opens_nothing(pool: TenantPool, shop: TenantId) -> Outcome {
    let [issuer, forger] = [(); 2].map(|()| Issuer::new(garage::ISSUER, garage::AUDIENCE));
    let service = service(pool, &issuer)?;
    let claims = json!({ "shop": shop.as_uuid() });
    let (status, _) = send(&service, list(&issuer.token(&claims))?).await?;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = send(&service, list(&forger.token(&claims))?).await?;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    Ok(())
}

#[crow_testkit::test(migrations = tables())]
async fn the_schema_keeps_tenants_apart(db: TestDb) -> Outcome {
    let report = db.audit().await?;
    assert!(report.worst() < Some(Severity::Medium), "{report}");
    Ok(())
}

crow_testkit::isolation!(migrations = tables(); Vehicle);

fn service(pool: TenantPool, issuer: &Issuer) -> Outcome<Router> {
    Ok(garage::router(pool, KeySet::new([Key::hs256("test", issuer.secret())?])?))
}

fn list(token: &str) -> Outcome<Request<Body>> {
    Ok(Request::get("/vehicles").header("authorization", format!("Bearer {token}")).body(Body::empty())?)
}

fn post(token: &str, vehicle: &Value) -> Outcome<Request<Body>> {
    let request = Request::post("/vehicles")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    Ok(request.body(vehicle.to_string().into())?)
}

async fn send(service: &Router, request: Request<Body>) -> Outcome<(StatusCode, Value)> {
    let (head, body) = service.clone().oneshot(request).await?.into_parts();
    Ok((head.status, serde_json::from_slice(&to_bytes(body, usize::MAX).await?)?))
}
