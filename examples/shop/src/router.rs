//! How everything hangs together.

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, map_response};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use crow_core::request::{
    AdminLayer, Directory, Jwt, Operators, Resolver, Subdomain, TenantLayer, all, of_principal, required,
};
use crow_core::{AdminPool, Error, Membership, Principal, TenantPool, VerifiedTenant};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span, field};
use utoipa_axum::router::OpenApiRouter;

use crate::config::Config;
use crate::directory::Shops;
use crate::error::{ShopError, as_problem};
use crate::identity::{Operator, Staff};
use crate::nightly::Nightly;
use crate::trouble::for_people;
use crate::{admin, document, health, openapi, page, records, reminders, statistics, vehicles};

/// The longest body that is read.
const LONGEST: usize = 64 * 1024;

pub(crate) async fn router(config: &Config, pool: TenantPool, nightly: Nightly) -> Result<Router, Error> {
    let (api, described) = OpenApiRouter::with_openapi(openapi::blank())
        .merge(vehicles::routes())
        .merge(records::routes())
        .merge(reminders::routes())
        .merge(statistics::routes())
        .split_for_parts();
    let openapi = Json(openapi::with_problems(described));

    let of_a_shop =
        api.merge(page::routes()).layer(from_fn(note_shop)).layer(shops(config, pool.clone()).await?);
    let of_all = admin::routes(nightly.clone()).layer(operators(config, nightly.admin));
    let of_nobody =
        health::routes(pool).merge(page::entrance()).route("/openapi.json", get(async || openapi));

    Ok(of_nobody
        .merge(of_a_shop)
        .merge(of_all)
        .fallback(async || ShopError::Crow(Error::NotFound))
        .layer(DefaultBodyLimit::max(LONGEST))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, config.answer_within))
        .layer(map_response(as_problem))
        .layer(from_fn(for_people))
        .layer(document::policy())
        .layer(document::kept_nowhere())
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        ))
}

/// A request is for the shop in its host, if the token is for the same one.
async fn shops(
    config: &Config,
    pool: TenantPool,
) -> Result<TenantLayer<Jwt<Staff>, impl Resolver<Staff>, impl Membership<Staff> + 'static>, Error> {
    let shops = Shops::connect(&config.open_url).await?;
    let directory = Directory::new(move |slug: String| {
        let shops = shops.clone();
        async move { shops.by_slug(&slug).await }
    });
    let shop = all(
        required(Subdomain::of(&config.domain, directory)?),
        of_principal(|staff: &Staff| Some(staff.shop)),
    );
    Ok(TenantLayer::new(
        pool,
        Staff::by_token(config.token_keys.clone(), &config.issuer),
        shop,
        Staff::works_there,
    ))
}

fn operators(config: &Config, admin: AdminPool) -> AdminLayer<Jwt<Operator>, impl Operators<Operator>> {
    AdminLayer::new(admin, Operator::by_token(config.token_keys.clone(), &config.issuer), Operator::name)
}

/// Without the query, in which the link of a page has its token.
fn request_span(request: &Request) -> Span {
    let (method, path) = (request.method(), request.uri().path());
    tracing::info_span!("request", %method, path, tenant = field::Empty, staff = field::Empty)
}

/// Has the log say for whom each request is, once that is proved.
async fn note_shop(shop: VerifiedTenant, staff: Principal<Staff>, request: Request, next: Next) -> Response {
    Span::current().record("tenant", field::display(shop)).record("staff", &*staff.sub);
    next.run(request).await
}
