//! What handlers find behind the layer, and how they use it.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRef, Path, State};
use axum::routing::get;
use crow_core::request::{Problem, TenantLayer};
use crow_core::{Error, Principal, TenantScope, VerifiedTenant};
use crow_examples::MIGRATIONS;
use crow_examples::models::Vehicle;
use futures_util::future::try_join_all;
use futures_util::stream;
use http::StatusCode;
use uuid::Uuid;

use crate::Outcome;
use crate::recorder::Recorder;
use crate::service::{Shops, Staff, get_from, jwt, send};

const HONDA: &str = "honda.shops.example.com";
const TOYOTA: &str = "toyota.shops.example.com";

fn layered<S: Clone + Send + Sync + 'static>(shops: &Shops, router: Router<S>) -> Router<S> {
    router.layer(TenantLayer::new(shops.pool.clone(), jwt(), shops.host_and_token(), shops.members()))
}

#[derive(Clone)]
struct App {
    greeting: &'static str,
}

#[derive(Clone)]
struct Greeting(&'static str);

impl FromRef<App> for Greeting {
    fn from_ref(app: &App) -> Self {
        Self(app.greeting)
    }
}

async fn greet(
    State(Greeting(greeting)): State<Greeting>,
    who: Principal<Staff>,
    shop: VerifiedTenant,
) -> String {
    format!("{greeting} {} of {shop}", who.sub)
}

async fn one(shop: TenantScope, Path(id): Path<Uuid>) -> Result<String, Error> {
    shop.run(async |db| Ok(db.query::<Vehicle>().find(id).first::<Vehicle>(db).await?.make)).await
}

/// As an application answers that says `Problem` itself.
async fn count(shop: TenantScope) -> Result<String, Problem> {
    let count = shop.transaction(async |tx| tx.query::<Vehicle>().count(tx).await).await?;
    Ok(count.to_string())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn who_and_where_are_found_beside_state_and_in_nested_routers(shops: Shops) -> Outcome {
    let inner = Router::new().route("/greeting", get(greet)).route("/count", get(count));
    let router = Router::new().nest("/api", Router::new().nest("/v1", inner));
    let service = layered(&shops, router).with_state(App { greeting: "Hello" });
    let get = |path: &str| {
        let mut request = get_from(HONDA, &shops.ada());
        *request.uri_mut() = path.parse().expect("it is a path");
        request
    };
    let greeting = send(&service, get("/api/v1/greeting")).await?;
    assert_eq!(greeting.body, format!("Hello ada of {}", shops.honda));
    assert_eq!(send(&service, get("/api/v1/count")).await?.body, "1");
    Ok(())
}

/// The answer is that for a row which does not exist.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_row_of_another_shop_is_not_there(shops: Shops) -> Outcome {
    let service = layered(&shops, Router::new().route("/vehicles/{id}", get(one)));
    let theirs: Vehicle = shops.pool.scope(shops.toyota, async |db| db.query().first(db).await).await?;
    let ours: Vehicle = shops.pool.scope(shops.honda, async |db| db.query().first(db).await).await?;
    let mut answers = Vec::new();
    for id in [theirs.id, Uuid::new_v4()] {
        let mut request = get_from(HONDA, &shops.ada());
        *request.uri_mut() = format!("/vehicles/{id}").parse()?;
        let answer = send(&service, request).await?;
        answers.push((answer.status(), format!("{:?}", answer.head.headers()), answer.body));
    }
    assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
    assert_eq!(answers[0], answers[1]);
    let mut request = get_from(HONDA, &shops.ada());
    *request.uri_mut() = format!("/vehicles/{}", ours.id).parse()?;
    assert_eq!(send(&service, request).await?.body, "Honda");
    Ok(())
}

/// A body that is made while it is sent, by a task that took the scope along.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_stream_and_a_task_take_the_tenant_by_value(shops: Shops) -> Outcome {
    async fn three_times(shop: TenantScope) -> Body {
        Body::from_stream(stream::unfold((shop, 0), |(shop, n)| async move {
            if n == 3 {
                return None;
            }
            let task = shop.clone();
            let makes = tokio::spawn(async move {
                task.run(async |db| db.query::<Vehicle>().load::<Vehicle>(db).await).await
            });
            let makes = makes.await.expect("it does not panic").map(|all| Bytes::from(all[0].make.clone()));
            Some((makes, (shop, n + 1)))
        }))
    }
    let service = layered(&shops, Router::new().route("/vehicles", get(three_times)));
    assert_eq!(send(&service, get_from(HONDA, &shops.ada())).await?.body, "HondaHondaHonda");
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn requests_of_two_shops_at_once_do_not_mix(shops: Shops) -> Outcome {
    use crate::issuer::Signer;
    let service = shops.guarded();
    let (ada, bob) = (Signer::Hs256.token("ada", None), Signer::Es256.token("bob", None));
    let all = (0..300).map(|n| {
        let (service, ada, bob) = (&service, &ada, &bob);
        async move {
            let (host, token, expected) = match n % 4 {
                0 | 1 => (HONDA, ada, (StatusCode::OK, Some("Honda"))),
                2 => (TOYOTA, bob, (StatusCode::OK, Some("Toyota"))),
                _ => (TOYOTA, ada, (StatusCode::FORBIDDEN, None)),
            };
            let answer = send(service, get_from(host, token)).await?;
            assert_eq!(answer.status(), expected.0);
            assert!(expected.1.is_none_or(|make| make == answer.body), "{}", answer.body);
            Outcome::Ok(())
        }
    });
    try_join_all(all).await.map(drop)
}

/// A handler outside the layer has nothing to open a scope with, and the operator is told.
#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn a_handler_that_is_not_behind_the_layer(shops: Shops) -> Outcome {
    let (recorder, _guard) = Recorder::install();
    let inside = layered(&shops, Router::new().route("/inside", get(count)));
    let service = inside.route("/vehicles", get(count));
    let answer = send(&service, get_from(HONDA, &shops.ada())).await?;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.body.contains("Layer"), "{}", answer.body);
    let told = recorder.take("a handler is not behind the layer that it needs");
    assert_eq!(told.iter().map(|seen| seen.field("layer")).collect::<Vec<_>>(), ["TenantLayer"]);
    Ok(())
}

/// Principals of one kind are not taken for those of another.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_principal_of_another_kind(shops: Shops) -> Outcome {
    struct Operator;
    async fn operators_only(_: Principal<Operator>) {}
    let service = layered(&shops, Router::new().route("/vehicles", get(operators_only)));
    let answer = send(&service, get_from(HONDA, &shops.ada())).await?;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    Ok(())
}
