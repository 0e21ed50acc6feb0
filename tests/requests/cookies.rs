//! Attacks on a token that the browser sends by itself.

use axum::Router;
use axum::body::Body;
use crow_examples::MIGRATIONS;
use http::{Request, StatusCode};

use crate::Outcome;
use crate::issuer::Signer;
use crate::naive::NaiveTokens;
use crate::service::{Shops, attack, everybody, jwt, send, with_headers};

const HOST: &str = "toyota.shops.example.com";

fn pages(shops: &Shops) -> Router {
    shops.serve(jwt().or_cookie("session"), shops.subdomain(), shops.members())
}

fn naive(shops: &Shops) -> Router {
    shops.serve(NaiveTokens::COOKIE, shops.subdomain(), everybody)
}

/// What Bob's browser sends, logged in at his shop.
fn from_bobs_browser(request: http::request::Builder, headers: &[(&str, &str)]) -> Request<Body> {
    let cookie = format!("theme=dark; session={}", Signer::Es256.token("bob", None));
    let headers: Vec<_> = headers.iter().copied().chain([("host", HOST), ("cookie", &*cookie)]).collect();
    with_headers(request, &headers)
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_page_is_read_and_its_form_is_sent(shops: Shops) -> Outcome {
    let service = pages(&shops);
    for (request, headers) in [
        (Request::get("/vehicles"), &[][..]),
        (Request::get("/vehicles"), &[("sec-fetch-site", "cross-site")]),
        (Request::head("/vehicles"), &[]),
        (Request::post("/vehicles"), &[("sec-fetch-site", "same-origin")]),
        (Request::post("/vehicles"), &[("origin", "https://toyota.shops.example.com")]),
    ] {
        let answer = send(&service, from_bobs_browser(request, headers)).await?;
        assert_eq!(answer.status(), StatusCode::OK, "{headers:?}");
    }
    Ok(())
}

/// The page of another shop, which is of the same site, posts to this one.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_form_of_another_origin(shops: Shops) -> Outcome {
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "")],
        &[("origin", "https://honda.shops.example.com")],
        &[("origin", "https://attacker.example.org")],
        &[("origin", "null")],
        &[("origin", "https://toyota.shops.example.com:8443")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://toyota.shops.example.com")],
    ] {
        let forged = || from_bobs_browser(Request::post("/vehicles"), headers);
        attack(&shops, forged, pages(&shops), StatusCode::FORBIDDEN, naive(&shops))
            .await
            .map_err(|error| format!("{headers:?}: {error}"))?;
    }
    let doubled = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")];
    let forged = || from_bobs_browser(Request::post("/vehicles"), &doubled);
    attack(&shops, forged, pages(&shops), StatusCode::BAD_REQUEST, naive(&shops)).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_websocket_of_another_origin(shops: Shops) -> Outcome {
    let headers = [("upgrade", "websocket"), ("origin", "https://honda.shops.example.com")];
    let forged = || from_bobs_browser(Request::get("/vehicles"), &headers);
    attack(&shops, forged, pages(&shops), StatusCode::FORBIDDEN, naive(&shops)).await
}

/// Another shop's page has set a cookie of the same name for the whole domain.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn two_cookies_of_one_name(shops: Shops) -> Outcome {
    let (ada, bob) = (shops.ada(), Signer::Es256.token("bob", None));
    for cookies in [
        vec![("cookie", format!("session={ada}; session={bob}"))],
        vec![("cookie", format!("session={ada}")), ("cookie", format!("session={bob}"))],
    ] {
        let headers: Vec<_> =
            cookies.iter().map(|(name, value)| (*name, &**value)).chain([("host", HOST)]).collect();
        let tossed = || with_headers(Request::get("/vehicles"), &headers);
        attack(&shops, tossed, pages(&shops), StatusCode::BAD_REQUEST, naive(&shops)).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_cookie_beside_a_header(shops: Shops) -> Outcome {
    let ada = format!("Bearer {}", shops.ada());
    let both = || from_bobs_browser(Request::get("/vehicles"), &[("authorization", &ada)]);
    attack(&shops, both, pages(&shops), StatusCode::BAD_REQUEST, naive(&shops)).await
}

/// Cookies are not looked at unless that is asked for.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_cookie_where_none_is_expected(shops: Shops) -> Outcome {
    let sent = || from_bobs_browser(Request::get("/vehicles"), &[]);
    attack(&shops, sent, shops.guarded(), StatusCode::UNAUTHORIZED, pages(&shops)).await
}
