//! The router across tenants.

use axum::Router;
use axum::routing::get;
use crow_core::request::{AdminDoor, AdminLayer, Identify, Jwt, Operators};
use crow_core::{AdminPool, Error, Principal, TenantId, TenantPool};
use crow_examples::MIGRATIONS;
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use crow_testkit::TestDb;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::Outcome;
use crate::issuer::{ISSUER, Signer, claims_but};
use crate::naive::NaiveTokens;
use crate::service::{Shops, Staff, get_from, keys, send};

const HOST: &str = "operations.example.com";

/// The claims of a token for operations, which is another audience.
#[derive(Debug, Deserialize)]
struct Operator {
    sub: String,
}

fn operators() -> impl Operators<Operator> {
    async |who: Principal<Operator>| Ok((who.sub == "olga").then(|| format!("{}@example.com", who.sub)))
}

fn service<I: Identify, O: Operators<I::Principal>>(
    (admin, pool, honda): (AdminPool, TenantPool, TenantId),
    identify: I,
    operators: O,
) -> Router {
    let all = async |door: AdminDoor| {
        let mut conn = door.read("fleet statistics").await?;
        let makes =
            vehicles::table.select(vehicles::make).order(vehicles::make).load::<String>(&mut conn).await?;
        Ok::<_, Error>(makes.join(", "))
    };
    let one = async move |door: AdminDoor| {
        let door = door.for_up_to(std::time::Duration::from_secs(60));
        door.as_tenant(&pool, honda, "ticket 4711", async |db| {
            let vehicles: Vec<Vehicle> = db.query().load(db).await?;
            Ok::<_, Error>(vehicles[0].make.clone())
        })
        .await
    };
    let write = async |door: AdminDoor| {
        let mut conn = door.write("ticket 4712").await?;
        let changed = diesel::update(vehicles::table).set(vehicles::year.eq(2021)).execute(&mut conn).await?;
        Ok::<_, Error>(changed.to_string())
    };
    Router::new()
        .route("/vehicles", get(all))
        .route("/one", get(one))
        .route("/write", get(write))
        .layer(AdminLayer::new(admin, identify, operators))
}

fn tokens() -> Jwt<Operator> {
    Jwt::new(keys(), ISSUER, "operations")
}

#[derive(Debug, QueryableByName, PartialEq)]
struct Recorded {
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Text)]
    mode: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    tenant: Option<Uuid>,
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn an_operator_crosses_tenants_under_the_name_of_the_token(
    db: &TestDb,
    shops: Shops,
    admin: AdminPool,
) -> Outcome {
    let service = service((admin, shops.pool.clone(), shops.honda), tokens(), operators());
    let token = Signer::EdDsa.signed(&claims_but("olga", "aud", "operations"));
    for (path, body) in [("/vehicles", "Honda, Toyota"), ("/one", "Honda"), ("/write", "2")] {
        let mut request = get_from(HOST, &token);
        *request.uri_mut() = path.parse()?;
        assert_eq!(send(&service, request).await?.body, body);
    }
    let mut superuser = AsyncPgConnection::establish(&db.database().superuser_url()).await?;
    let log = sql_query("SELECT actor, reason, mode, tenant FROM crow.access_log ORDER BY id");
    let expected = [
        ("fleet statistics", "read", None),
        ("ticket 4711", "read", Some(shops.honda)),
        ("ticket 4712", "write", None),
    ]
    .map(|(reason, mode, tenant)| Recorded {
        actor: "olga@example.com".into(),
        reason: reason.into(),
        mode: mode.into(),
        tenant: tenant.map(|tenant| tenant.as_uuid()),
    });
    assert_eq!(log.load::<Recorded>(&mut superuser).await?, expected);
    Ok(())
}

/// Staff of a shop, with a token of theirs or one that they made; and somebody who is no operator.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn those_who_are_no_operators(shops: Shops, admin: AdminPool) -> Outcome {
    let parts = || (admin.clone(), shops.pool.clone(), shops.honda);
    let guarded = service(parts(), tokens(), operators());
    let for_shops = Signer::Hs256.token("olga", None);
    let of_bob = Signer::EdDsa.signed(&claims_but("bob", "aud", "operations"));
    for (token, status) in [
        (&for_shops, StatusCode::UNAUTHORIZED),
        (&of_bob, StatusCode::FORBIDDEN),
        (&String::new(), StatusCode::UNAUTHORIZED),
    ] {
        let answer = send(&guarded, get_from(HOST, token)).await?;
        assert_eq!(answer.status(), status);
        assert!(!answer.body.contains("oyota"), "{}", answer.body);
    }
    let everybody = async |who: Principal<Operator>| Ok(Some(who.sub.clone()));
    let forgotten = service(parts(), tokens(), everybody);
    assert_eq!(send(&forgotten, get_from(HOST, &of_bob)).await?.body, "Honda, Toyota");
    let any_audience = async |who: Principal<Staff>| Ok(Some(who.sub.clone()));
    let unverified = service(parts(), NaiveTokens::UNVERIFIED, any_audience);
    assert_eq!(send(&unverified, get_from(HOST, &for_shops)).await?.body, "Honda, Toyota");
    Ok(())
}

/// A door is there behind its layer alone.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_tenants_router_has_no_door(shops: Shops) -> Outcome {
    use crow_core::request::TenantLayer;
    let actor = async |door: AdminDoor| door.actor().to_owned();
    let tenants =
        TenantLayer::new(shops.pool.clone(), crate::service::jwt(), shops.host_and_token(), shops.members());
    let service = Router::new().route("/vehicles", get(actor)).layer(tenants);
    let answer = send(&service, get_from("honda.shops.example.com", &shops.ada())).await?;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    Ok(())
}
