//! The page of a shop: its vehicles, what was done on them, and a form to add one.

use axum::Router;
use axum::extract::{Form, Query};
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use crow_core::{Error, Principal, TenantScope};
use diesel::prelude::*;
use garde::Validate;
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::error::{Answer, ShopError};
use crate::identity::{COOKIE, Staff};
use crate::models::{ServiceRecord, Vehicle, VehicleInput};
use crate::schema::{service_records, vehicles};
use crate::vehicles::add;

/// The page itself, for staff.
pub(crate) fn routes() -> Router {
    // Nothing that a customer's name could smuggle in would run, or be sent anywhere.
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    Router::new()
        .route("/", get(show))
        .route("/vehicles", post(take_in))
        .layer(SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, policy))
}

/// The way in, for those who have a link with a token.
pub(crate) fn entrance() -> Router {
    Router::new().route("/enter", get(enter))
}

#[derive(Deserialize)]
struct Link {
    token: String,
}

/// Keeps the token of a link in a cookie, where the next request is judged by it. Says nothing about the token itself.
///
/// `Lax`, since a link in a letter comes from another site. That site cannot make use of the cookie: requests that change
/// something have to come from a page of the shop's own.
async fn enter(Query(link): Query<Link>) -> Answer<Response> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let whole = !link.token.is_empty() && link.token.bytes().all(plain);
    let cookie = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", link.token);
    let cookie = HeaderValue::try_from(cookie).ok().filter(|_| whole);
    let cookie = cookie.ok_or_else(|| ShopError::Unreadable {
        status: StatusCode::BAD_REQUEST,
        text: "This link has no token in it.".into(),
    })?;
    Ok((
        [(SET_COOKIE, cookie), (REFERRER_POLICY, HeaderValue::from_static("no-referrer"))],
        Redirect::to("/"),
    )
        .into_response())
}

/// What stands in the form. Text of any kind, so that it can be shown again with what is wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VehicleForm {
    make: String,
    model: String,
    year: String,
    plate: String,
}

async fn show(shop: TenantScope, staff: Principal<Staff>, headers: HeaderMap) -> Answer<Markup> {
    Ok(page(&shop, &staff, &headers, &VehicleForm::default(), &[]).await?)
}

async fn take_in(
    shop: TenantScope,
    staff: Principal<Staff>,
    headers: HeaderMap,
    Form(form): Form<VehicleForm>,
) -> Answer<Response> {
    let faults = match form.input() {
        Err(faults) => faults,
        Ok(input) => match add(&shop, input).await {
            Ok(_) => return Ok(Redirect::to("/").into_response()),
            Err(Error::Unique(_)) => vec!["plate: another vehicle has this one".into()],
            Err(error) => return Err(error.into()),
        },
    };
    let page = page(&shop, &staff, &headers, &form, &faults).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

impl VehicleForm {
    fn input(&self) -> Result<VehicleInput, Vec<String>> {
        let Self { make, model, year, plate } = self;
        let year = year.trim().parse().map_err(|_| vec!["year: is no number".to_owned()])?;
        let input = VehicleInput { make: make.clone(), model: model.clone(), year, plate: plate.clone() };
        match input.validate() {
            Ok(()) => Ok(input),
            Err(report) => Err(report.iter().map(|(field, fault)| format!("{field}: {fault}")).collect()),
        }
    }
}

async fn page(
    shop: &TenantScope,
    staff: &Staff,
    headers: &HeaderMap,
    form: &VehicleForm,
    faults: &[String],
) -> Result<Markup, Error> {
    let vehicles = shop
        .run(async |db| {
            let vehicles: Vec<Vehicle> =
                db.query::<Vehicle>().order(vehicles::plate).limit(100).load(db).await?;
            let records: Vec<ServiceRecord> = db
                .query::<ServiceRecord>()
                .belonging_to(&vehicles)
                .order(service_records::done_on.desc())
                .load(db)
                .await?;
            let records = records.grouped_by(&vehicles);
            Ok::<_, Error>(vehicles.into_iter().zip(records).collect::<Vec<_>>())
        })
        .await?;
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (name(headers)) ": vehicles" }
                style { (STYLE) }
            }
            body {
                h1 { (name(headers)) }
                p { "Signed in as " (staff.sub) ". What is here is this shop's alone." }
                @for (vehicle, records) in &vehicles { (entry(vehicle, records)) }
                @if vehicles.is_empty() { p { "No vehicles yet." } }
                h2 { "A new vehicle" }
                @if !faults.is_empty() {
                    ul role="alert" { @for fault in faults { li { (fault) } } }
                }
                form method="post" action="/vehicles" {
                    label { "Make " input name="make" value=(form.make) required; }
                    label { "Model " input name="model" value=(form.model) required; }
                    label { "Year " input name="year" value=(form.year) inputmode="numeric" required; }
                    label { "Plate " input name="plate" value=(form.plate) required; }
                    button { "Add" }
                }
            }
        }
    })
}

fn entry(vehicle: &Vehicle, records: &[ServiceRecord]) -> Markup {
    html! {
        section id=(vehicle.id) {
            h2 { (vehicle.plate) " " small { (vehicle.make) " " (vehicle.model) ", " (vehicle.year) } }
            table {
                @for record in records {
                    tr {
                        td { (record.done_on) }
                        td { (record.work) }
                        td.sum { (format!("{}.{:02}", record.cents / 100, record.cents % 100)) }
                    }
                }
            }
            @if records.is_empty() { p { "Never serviced." } }
        }
    }
}

/// The shop's subdomain, by which the request was let in.
fn name(headers: &HeaderMap) -> &str {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.split('.').next().unwrap_or_default()
}

const STYLE: &str = "body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
    h1 { text-transform: capitalize } small { font-weight: normal } td { padding-right: 2rem } .sum { text-align: right }
    label { display: block; margin: .5rem 0 } [role=alert] { color: #a00 }";
