//! The shop's vehicles, written by hand on diesel-async: once with a WHERE clause, once with row-level security.
//!
//! Everything around the statements is as in the shop: the rows and the rules of what comes in, the verification of tokens,
//! the layers, the log, as many connections. The tenant is that of the token, and the host is not looked at.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use crow_core::request::{Identify, Jwt, Key, KeySet};
use crow_shop::models::{Vehicle, VehicleInput};
use crow_shop::schema::vehicles;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error;
use diesel::sql_types::{Bool, Text};
use diesel_async::pooled_connection::deadpool::{Pool, PoolError};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::Deserialize;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span, field};
use uuid::Uuid;

use crate::Outcome;
use crate::shops::{ISSUER, SECRET};

/// The default of crow's pools.
const CONNECTIONS: usize = 16;

type Connections = Pool<AsyncPgConnection>;
type Answer<T> = Result<T, Refused>;

pub(crate) fn by_where(url: &str) -> Outcome<Router> {
    let routes = Router::new().route("/api/vehicles", post(create)).route("/api/vehicles/{id}", get(show));
    service(routes, url)
}

pub(crate) fn by_steps(url: &str) -> Outcome<Router> {
    let routes = Router::new()
        .route("/api/vehicles", post(create_in_steps))
        .route("/api/vehicles/{id}", get(show_in_steps));
    service(routes, url)
}

async fn show(
    State(pool): State<Connections>,
    Extension(Shop(shop)): Extension<Shop>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Vehicle>> {
    let mut conn = pool.get().await?;
    Ok(Json(by_key(&mut conn, shop, id).await?))
}

async fn create(
    State(pool): State<Connections>,
    Extension(Shop(shop)): Extension<Shop>,
    Json(input): Json<VehicleInput>,
) -> Answer<(StatusCode, Json<Vehicle>)> {
    input.validate()?;
    let mut conn = pool.get().await?;
    Ok((StatusCode::CREATED, Json(insert(&mut conn, shop, input).await?)))
}

async fn show_in_steps(
    State(pool): State<Connections>,
    Extension(Shop(shop)): Extension<Shop>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Vehicle>> {
    let mut conn = pool.get().await?;
    let shown = conn.transaction(async |conn| {
        enter(conn, shop).await?;
        by_key(conn, shop, id).await
    });
    Ok(Json(shown.await?))
}

async fn create_in_steps(
    State(pool): State<Connections>,
    Extension(Shop(shop)): Extension<Shop>,
    Json(input): Json<VehicleInput>,
) -> Answer<(StatusCode, Json<Vehicle>)> {
    input.validate()?;
    let mut conn = pool.get().await?;
    let created = conn.transaction(async move |conn| {
        enter(conn, shop).await?;
        insert(conn, shop, input).await
    });
    Ok((StatusCode::CREATED, Json(created.await?)))
}

async fn by_key(conn: &mut AsyncPgConnection, shop: Uuid, id: Uuid) -> QueryResult<Vehicle> {
    vehicles::table
        .filter(vehicles::tenant_id.eq(shop))
        .filter(vehicles::id.eq(id))
        .select(Vehicle::as_select())
        .first(conn)
        .await
}

/// Column by column: diesel would prepare an insert of a derived `Insertable` anew each time, for one more round trip.
async fn insert(conn: &mut AsyncPgConnection, shop: Uuid, input: VehicleInput) -> QueryResult<Vehicle> {
    let row = (
        vehicles::tenant_id.eq(shop),
        vehicles::make.eq(input.make),
        vehicles::model.eq(input.model),
        vehicles::year.eq(input.year),
        vehicles::plate.eq(input.plate),
    );
    diesel::insert_into(vehicles::table).values(row).returning(Vehicle::as_returning()).get_result(conn).await
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Can be prepared once, unlike a `sql_query`.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}

async fn enter(conn: &mut AsyncPgConnection, shop: Uuid) -> QueryResult<usize> {
    diesel::select(set_config("app.tenant_id", shop.to_string(), true)).execute(conn).await
}

/// The layers of the shop, and a pool that asks the server nothing when it hands out a connection.
fn service(routes: Router<Connections>, url: &str) -> Outcome<Router> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    let pool = Pool::builder(manager).max_size(CONNECTIONS).build()?;
    let keys = KeySet::new([Key::hs256("demo", SECRET.as_bytes())?])?;
    let tokens = Arc::new(Jwt::<Staff>::new(keys, ISSUER, "shops"));
    Ok(routes
        .with_state(pool)
        .layer(from_fn_with_state(tokens, identify))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(10)))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        ))
}

fn request_span(request: &Request) -> Span {
    let (method, path) = (request.method(), request.uri().path());
    tracing::info_span!("request", %method, path, tenant = field::Empty, staff = field::Empty)
}

#[derive(Deserialize)]
struct Staff {
    sub: String,
    shop: Uuid,
}

/// Whose request it is.
#[derive(Clone, Copy)]
struct Shop(Uuid);

async fn identify(State(tokens): State<Arc<Jwt<Staff>>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(Some(staff)) = tokens.identify(&parts).await else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    Span::current().record("tenant", field::display(staff.shop)).record("staff", &*staff.sub);
    parts.extensions.insert(Shop(staff.shop));
    next.run(Request::from_parts(parts, body)).await
}

struct Refused(StatusCode);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::DatabaseError(UniqueViolation, _) => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        })
    }
}

impl From<PoolError> for Refused {
    fn from(_: PoolError) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE)
    }
}

impl From<garde::Report> for Refused {
    fn from(_: garde::Report) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
