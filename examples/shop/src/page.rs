//! The page of a shop: its vehicles, what was done on them, and a form to add one.

use std::fmt::Display;

use axum::Router;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query};
use axum::http::header::{HOST, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use crow_core::{Error, Principal, TenantScope};
use diesel::prelude::*;
use garde::Validate;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use crate::document::document;
use crate::error::{Answer, ShopError};
use crate::identity::{COOKIE, Staff};
use crate::input::Params;
use crate::models::{ServiceRecord, Vehicle, VehicleInput};
use crate::schema::{service_records, vehicles};
use crate::vehicles::add;

/// How many vehicles are shown at once.
const PAGE: i64 = 100;

/// The page itself, for staff.
pub(crate) fn routes() -> Router {
    // One address for both, so that a form that is shown again can be reloaded and linked to as the page itself.
    Router::new().route("/", get(show).post(take_in))
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
async fn enter(link: Result<Query<Link>, QueryRejection>) -> Answer<Response> {
    let token = link.map(|Query(link)| link.token).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let whole = !token.is_empty() && token.bytes().all(plain);
    let cookie = format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax");
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

/// Where the list begins.
#[derive(Deserialize, Validate)]
struct Start {
    #[garde(skip)]
    from: Option<Uuid>,
}

async fn show(
    shop: TenantScope,
    staff: Principal<Staff>,
    headers: HeaderMap,
    Params(start): Params<Start>,
) -> Answer<Markup> {
    Ok(page(&shop, &staff, &headers, start.from, &VehicleForm::default(), &[]).await?)
}

async fn take_in(
    shop: TenantScope,
    staff: Principal<Staff>,
    headers: HeaderMap,
    form: Result<Form<VehicleForm>, FormRejection>,
) -> Answer<Response> {
    let Form(form) = form?;
    let (status, faults) = match form.input() {
        Err(faults) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Ok(input) => match add(&shop, input).await {
            // A browser asks for another page then, so that reloading it does not add the vehicle again.
            Ok(added) => return Ok(Redirect::to(&place(&shop, &added).await?).into_response()),
            Err(Error::Unique(_)) => {
                (StatusCode::CONFLICT, vec![Fault::new("plate", "another vehicle has this one")])
            }
            Err(error) => return Err(error.into()),
        },
    };
    let page = page(&shop, &staff, &headers, None, &form, &faults).await?;
    Ok((status, page).into_response())
}

/// The address at which a vehicle is shown: on the first page, or on one that begins with it.
async fn place(shop: &TenantScope, vehicle: &Vehicle) -> Result<String, Error> {
    let Vehicle { id, plate, .. } = vehicle;
    let before: i64 =
        shop.run(async |db| db.query::<Vehicle>().filter(vehicles::plate.lt(plate)).count(db).await).await?;
    Ok(if before < PAGE { format!("/#{id}") } else { format!("/?from={id}#{id}") })
}

/// What is wrong in a field.
struct Fault {
    field: String,
    text: String,
}

impl Fault {
    fn new(field: impl Display, text: impl Display) -> Self {
        Self { field: field.to_string(), text: text.to_string() }
    }
}

impl VehicleForm {
    fn input(&self) -> Result<VehicleInput, Vec<Fault>> {
        let Self { make, model, year, plate } = self;
        let year = year.trim().parse().map_err(|_| vec![Fault::new("year", "no number")])?;
        let input = VehicleInput { make: make.clone(), model: model.clone(), year, plate: plate.clone() };
        match input.validate() {
            Ok(()) => Ok(input),
            Err(report) => Err(report.iter().map(|(field, fault)| Fault::new(field, fault)).collect()),
        }
    }
}

async fn page(
    shop: &TenantScope,
    staff: &Staff,
    headers: &HeaderMap,
    from: Option<Uuid>,
    form: &VehicleForm,
    faults: &[Fault],
) -> Result<Markup, Error> {
    let (vehicles, next) = shop
        .run(async |db| {
            let mut query = db.query::<Vehicle>().order(vehicles::plate);
            if let Some(from) = from {
                let first: Vehicle = db.query().find(from).first(db).await?;
                query = query.filter(vehicles::plate.ge(first.plate));
            }
            let mut vehicles: Vec<Vehicle> = query.limit(PAGE + 1).load(db).await?;
            let next = if vehicles.len() as i64 > PAGE { vehicles.pop() } else { None };
            let records: Vec<ServiceRecord> = db
                .query::<ServiceRecord>()
                .belonging_to(&vehicles)
                .order(service_records::done_on.desc())
                .load(db)
                .await?;
            let records = records.grouped_by(&vehicles);
            Ok::<_, Error>((vehicles.into_iter().zip(records).collect::<Vec<_>>(), next))
        })
        .await?;
    let wrong = if faults.is_empty() { "" } else { "Not added: " };
    Ok(document(
        &format!("{wrong}{}: vehicles", name(headers)),
        html! {
            p.quiet { "Repair shop" }
            h1.shop { (name(headers)) }
            p.quiet { "You are signed in as " bdi { (staff.sub) } "." }
            h2 { "Vehicles" }
            @for (vehicle, records) in &vehicles { (entry(vehicle, records)) }
            @if vehicles.is_empty() { p { "No vehicles yet. The first one is added below." } }
            @if let Some(next) = &next {
                p { a href={ "/?from=" (next.id) } { "More vehicles, from " bdi { (next.plate) } " on" } }
            }
            @if from.is_some() { p { a href="/" { "All vehicles from the first on" } } }
            h2 { "Add a vehicle" }
            (vehicle_form(form, faults))
            h2 { "What you see here" }
            p {
                "All shops' vehicles are in the same tables of one database. Your link proves for which shop you work, and crow "
                "has the database give and take this shop's rows only: no address, form or mistake in a query of this page "
                "reaches another's."
            }
        },
    ))
}

fn entry(vehicle: &Vehicle, records: &[ServiceRecord]) -> Markup {
    html! {
        section.card id=(vehicle.id) {
            // What somebody typed has a direction of its own, and cannot turn round what stands beside it.
            h3 { bdi { (vehicle.plate) } }
            p.quiet { bdi { (vehicle.make) } " " bdi { (vehicle.model) } ", " (vehicle.year) }
            @if records.is_empty() {
                p.quiet { "Never serviced." }
            } @else {
                table {
                    thead { tr { th scope="col" { "Date" } th scope="col" { "Work" } th scope="col" { "Price" } } }
                    tbody {
                        @for record in records {
                            tr {
                                td { (record.done_on) }
                                td { bdi { (record.work) } }
                                td { (format!("{}.{:02}", record.cents / 100, record.cents % 100)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn vehicle_form(form: &VehicleForm, faults: &[Fault]) -> Markup {
    html! {
        @if !faults.is_empty() {
            p role="alert" { "The vehicle was not added. What is wrong is marked below." }
        }
        form method="post" action="/" {
            (input("make", "Make", &form.make, faults))
            (input("model", "Model", &form.model, faults))
            (input("year", "Year it was built", &form.year, faults))
            (input("plate", "Plate", &form.plate, faults))
            button { "Add vehicle" }
        }
    }
}

/// A field, and below it what is wrong with what was typed.
fn input(name: &str, label: &str, typed: &str, faults: &[Fault]) -> Markup {
    let fault = faults.iter().find(|fault| fault.field == name);
    let first = faults.first().is_some_and(|fault| fault.field == name);
    let described = fault.map(|_| format!("{name}-fault"));
    html! {
        label for=(name) { (label) }
        input id=(name) name=(name) value=(typed) dir="auto" autocomplete="off" required autofocus[first]
            aria-invalid=[fault.map(|_| "true")] aria-describedby=[&described];
        @if let Some(fault) = fault { p.wrong id=[&described] { (label) ": " (fault.text) } }
    }
}

/// The shop's subdomain, by which the request was let in.
fn name(headers: &HeaderMap) -> &str {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.split('.').next().unwrap_or_default()
}
