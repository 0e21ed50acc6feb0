//! Every malformed, missing, doubled, oversized or contradictory way to say who asks and for which tenant has its answer, which
//! is the same whatever tenants there are, and a line in the log that says why. Neither has in it what the request had.

use axum::Router;
use axum::body::Body;
use crow_core::TenantId;
use crow_core::request::{ApiKey, KeyDigest, PathSegment, Peer, TrustedHeader, all, of_principal};
use crow_examples::MIGRATIONS;
use http::{HeaderValue, Method, Request};
use serde_json::{Value, json};

use crate::Outcome;
use crate::issuer::{Signer, claims_but, now};
use crate::recorder::Recorder;
use crate::service::{Shops, Staff, everybody, jwt, send};

const HONDA: &str = "honda.shops.example.com";
const TOYOTA: &str = "toyota.shops.example.com";
const NOBODY: &str = "nobody.shops.example.com";

/// No header can say this in text.
const INVISIBLE: &str = "\u{ff}\u{ff}\u{ff}\u{ff}";

type Headers<'a> = &'a [(&'static str, &'a str)];

/// Headers of a request, the kind of its refusal, and what the log says of it.
type Bad<'a> = (Headers<'a>, &'static str, &'static str);

fn ask(method: Method, target: &str, headers: Headers<'_>) -> Outcome<Request<Body>> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value.as_bytes())?);
    }
    Ok(request.body(Body::empty())?)
}

/// All that a client is told about a refusal of this kind.
fn told(kind: &str) -> Value {
    let (status, title, code, detail) = match kind {
        "unidentified" => (401, "Unauthorized", kind, "Say who you are."),
        "credentials" => (401, "Unauthorized", kind, "What says who you are is not valid, or not any more."),
        "malformed" => (400, "Bad Request", kind, "The request is malformed."),
        "no_tenant" => (400, "Bad Request", kind, "The request says nothing of where it belongs."),
        "misdirected" => (421, "Misdirected Request", kind, "This is another service."),
        _ => (403, "Forbidden", "forbidden", "This is not open to you."),
    };
    json!({ "status": status, "title": title, "code": code, "detail": detail })
}

async fn is_refused(service: &Router, request: Request<Body>, kind: &str, why: &str) -> Outcome {
    let values = request.headers().values().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let values = values.map(|value| value.trim_start_matches("Bearer ").to_owned());
    let said: Vec<_> = values.chain([request.uri().path().to_owned()]).collect();
    let (recorder, _guard) = Recorder::install();
    let answer = send(service, request).await?;
    assert_eq!(serde_json::from_str::<Value>(&answer.body)?, told(kind), "{why}");
    assert_eq!(answer.status().as_u16(), told(kind)["status"], "{why}");

    let lines = recorder.take("request refused");
    let [line] = &lines[..] else { panic!("{kind}: {lines:?}") };
    assert_eq!((line.field("error.type"), line.field("status")), (kind, answer.status().as_str()), "{why}");
    assert!(line.field("reason").contains(why), "no {why} in {}", line.field("reason"));
    let shown = format!("{line:?} {:?}", answer.head.headers());
    for said in said.iter().filter(|said| said.len() > 3) {
        assert!(!shown.contains(said), "{said} in {shown}");
    }
    Ok(())
}

async fn are_refused(service: &Router, table: &[Bad<'_>]) -> Outcome {
    for (headers, kind, why) in table {
        is_refused(service, ask(Method::GET, "/vehicles", headers)?, kind, why).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn tokens(shops: Shops) -> Outcome {
    let bearer = |token: String| format!("Bearer {token}");
    let good = bearer(shops.ada());
    let with = |name: &str, value: Value| bearer(Signer::Hs256.signed(&claims_but("ada", name, value)));
    let (expired, another) = (with("exp", json!(now() - 60)), with("aud", json!("secret-audience")));
    let nowhere = with("shop", json!("secret-shop"));
    let long = bearer("x".repeat(8193));
    are_refused(
        &shops.guarded(),
        &[
            (&[("host", HONDA)], "unidentified", "nothing in the request says who asks"),
            (&[("host", HONDA), ("authorization", "Basic YWRhOmFkYQ==")], "unidentified", "who asks"),
            (&[("host", HONDA), ("authorization", "bearer")], "credentials", "three parts"),
            (&[("host", HONDA), ("authorization", "Bearer a.b")], "credentials", "three parts"),
            (&[("host", HONDA), ("authorization", &expired)], "credentials", "`exp`"),
            (&[("host", HONDA), ("authorization", &another)], "credentials", "`aud`"),
            (&[("host", HONDA), ("authorization", &nowhere)], "credentials", "service::Staff`"),
            (&[("host", HONDA), ("authorization", &long)], "malformed", "longer than 8192 bytes"),
            (&[("host", HONDA), ("authorization", INVISIBLE)], "malformed", "no visible ASCII"),
            (
                &[("host", HONDA), ("authorization", &good), ("authorization", &good)],
                "malformed",
                "more than one `authorization`",
            ),
        ],
    )
    .await
}

#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn hosts(shops: Shops) -> Outcome {
    let good = format!("Bearer {}", shops.ada());
    let (label, long) = (format!("{}.shops.example.com", "x".repeat(64)), "x.".repeat(200));
    let service = shops.guarded();
    for (host, kind, why) in [
        (TOYOTA, "not_a_member", "may not act"),
        (NOBODY, "unknown_tenant", "no tenant has"),
        ("shops.example.com", "no_tenant", "names a tenant"),
        ("evil-shops.example.com", "misdirected", "another host"),
        ("a.honda.shops.example.com", "misdirected", "another host"),
        ("h_nda.shops.example.com", "malformed", "no name of a host"),
        ("honda.shops.example.com:port", "malformed", "the port of its host"),
        (&*label, "malformed", "no name of a host"),
        (&*long, "malformed", "longer than hosts are"),
        (INVISIBLE, "malformed", "no visible ASCII"),
        ("", "malformed", "no name of a host"),
    ] {
        are_refused(&service, &[(&[("host", host), ("authorization", &good)], kind, why)]).await?;
    }
    let doubled =
        ask(Method::GET, "/vehicles", &[("host", HONDA), ("host", TOYOTA), ("authorization", &good)])?;
    is_refused(&service, doubled, "malformed", "more than one `Host`").await?;
    let two = ask(
        Method::GET,
        "http://toyota.shops.example.com/vehicles",
        &[("host", HONDA), ("authorization", &good)],
    )?;
    is_refused(&service, two, "malformed", "another host than that of the target").await?;
    are_refused(&service, &[(&[("authorization", &good)], "no_tenant", "names a tenant")]).await
}

#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn paths(shops: Shops) -> Outcome {
    let good = format!("Bearer {}", shops.ada());
    let service = shops.serve(jwt(), PathSegment::after("/shops/", shops.slugs())?, shops.members());
    let long = "x".repeat(64);
    for (path, kind, why) in [
        ("/vehicles", "no_tenant", "names a tenant"),
        ("/shops", "no_tenant", "names a tenant"),
        ("//shops/honda/vehicles", "no_tenant", "names a tenant"),
        ("/shops/", "malformed", "the segment of the path is no name"),
        ("/shops//honda/vehicles", "malformed", "the segment of the path is no name"),
        ("/shops/Honda/vehicles", "malformed", "the segment of the path is no name"),
        ("/shops/%68onda/vehicles", "malformed", "the segment of the path is no name"),
        ("/shops/honda;toyota/vehicles", "malformed", "the segment of the path is no name"),
        (&*format!("/shops/{long}/vehicles"), "malformed", "the segment of the path is no name"),
        ("/shops/toyota/vehicles", "not_a_member", "may not act"),
        ("/shops/nobody/vehicles", "unknown_tenant", "no tenant has"),
    ] {
        is_refused(&service, ask(Method::GET, path, &[("authorization", &good)])?, kind, why).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn api_keys(shops: Shops) -> Outcome {
    const KEY: &str = "crow_5f0d9c0e3b7a4d12";
    let honda = shops.honda;
    let programs = ApiKey::header("x-api-key", move |digest: KeyDigest| async move {
        Ok((digest == KeyDigest::of(KEY)).then_some(honda))
    })?;
    let shop = all(shops.subdomain(), of_principal(|shop: &TenantId| Some(*shop)));
    let long = "x".repeat(257);
    are_refused(
        &shops.serve(programs, shop, everybody),
        &[
            (&[("host", HONDA)], "unidentified", "nothing in the request says who asks"),
            (&[("host", HONDA), ("x-api-key", "")], "credentials", "20 to 256 characters"),
            (&[("host", HONDA), ("x-api-key", "crow_5f0d")], "credentials", "20 to 256 characters"),
            (&[("host", HONDA), ("x-api-key", &long)], "credentials", "20 to 256 characters"),
            (
                &[("host", HONDA), ("x-api-key", "crow_5f0d9c0e3b7a4d13")],
                "credentials",
                "nobody has this API key",
            ),
            (&[("host", HONDA), ("x-api-key", INVISIBLE)], "malformed", "no visible ASCII"),
            (
                &[("host", HONDA), ("x-api-key", KEY), ("x-api-key", KEY)],
                "malformed",
                "more than one `x-api-key`",
            ),
            (&[("host", TOYOTA), ("x-api-key", KEY)], "disagreement", "different tenants"),
            (&[("host", NOBODY), ("x-api-key", KEY)], "unknown_tenant", "no tenant has"),
        ],
    )
    .await
}

#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn cookies(shops: Shops) -> Outcome {
    let service = shops.serve(jwt().or_cookie("session"), shops.subdomain(), shops.members());
    let (good, long) = (format!("session={}", shops.ada()), format!("session={}", "x".repeat(8193)));
    let (doubled, bearer) = (format!("{good}; {good}"), format!("Bearer {}", shops.ada()));
    are_refused(
        &service,
        &[
            (&[("host", HONDA), ("cookie", "theme=dark; session")], "unidentified", "who asks"),
            (&[("host", HONDA), ("cookie", "session=")], "credentials", "three parts"),
            (&[("host", HONDA), ("cookie", "session=dark")], "credentials", "three parts"),
            (&[("host", HONDA), ("cookie", &long)], "malformed", "longer than 8192 bytes"),
            (&[("host", HONDA), ("cookie", INVISIBLE)], "malformed", "`Cookie` has characters"),
            (&[("host", HONDA), ("cookie", &doubled)], "malformed", "more than one cookie"),
            (&[("host", HONDA), ("cookie", &good), ("cookie", &good)], "malformed", "more than one cookie"),
            (
                &[("host", HONDA), ("cookie", &good), ("authorization", &bearer)],
                "malformed",
                "one in a cookie",
            ),
            (&[("host", TOYOTA), ("cookie", &good)], "not_a_member", "may not act"),
        ],
    )
    .await?;
    for (headers, kind, why) in [
        (&[][..], "cross_site", "neither `Sec-Fetch-Site` nor `Origin`"),
        (&[("sec-fetch-site", "same-site")], "cross_site", "is not `same-origin`"),
        (&[("origin", "https://toyota.shops.example.com")], "cross_site", "`Origin` is another one"),
        (&[("origin", "https://honda.shops.example.com"); 2], "malformed", "more than one `origin`"),
    ] {
        let headers: Vec<_> =
            [("host", HONDA), ("cookie", &*good)].into_iter().chain(headers.iter().copied()).collect();
        is_refused(&service, ask(Method::POST, "/vehicles", &headers)?, kind, why).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn headers_of_a_proxy(shops: Shops) -> Outcome {
    let good = format!("Bearer {}", shops.ada());
    let header = TrustedHeader::new("x-tenant", ["10.0.0.7"], shops.slugs())?;
    let service = shops.serve(jwt(), header, shops.members());
    let long = "x".repeat(64);
    let (proxy, other) = (Some("10.0.0.7:1"), Some("203.0.113.9:1"));
    for (peer, values, kind, why) in [
        (proxy, &[][..], "no_tenant", "names a tenant"),
        (proxy, &[""], "malformed", "the header is no name"),
        (proxy, &["Honda"], "malformed", "the header is no name"),
        (proxy, &["honda, toyota"], "malformed", "the header is no name"),
        (proxy, &[&long], "malformed", "the header is no name"),
        (proxy, &[INVISIBLE], "malformed", "the header is no name"),
        (proxy, &["honda", "honda"], "malformed", "more than one `x-tenant`"),
        (proxy, &["toyota"], "not_a_member", "may not act"),
        (proxy, &["nobody"], "unknown_tenant", "no tenant has"),
        (other, &["honda"], "malformed", "no trusted proxy"),
        (other, &["honda", "toyota"], "malformed", "more than one `x-tenant`"),
        (None, &["honda"], "malformed", "`Peer`"),
    ] {
        let headers: Vec<_> =
            values.iter().map(|value| ("x-tenant", *value)).chain([("authorization", &*good)]).collect();
        let mut request = ask(Method::GET, "/vehicles", &headers)?;
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer.parse()?));
        }
        is_refused(&service, request, kind, why).await?;
    }
    Ok(())
}

/// Each two of the places where a tenant can be named, and each with one that does not exist.
#[crow_testkit::test(migrations = MIGRATIONS, flavor = "current_thread")]
async fn names_that_contradict_each_other(shops: Shops) -> Outcome {
    let everything = all(
        all(shops.subdomain(), PathSegment::after("/shops/", shops.slugs())?),
        all(of_principal(Staff::shop), TrustedHeader::new("x-tenant", ["10.0.0.7"], shops.slugs())?),
    );
    let service = shops.serve(jwt(), everything, everybody);
    let shop = |name: &str| if name == "toyota" { shops.toyota } else { shops.honda };
    for (host, path, token, header, kind) in [
        ("honda", "toyota", "", "", "disagreement"),
        ("honda", "", "toyota", "", "disagreement"),
        ("honda", "", "", "toyota", "disagreement"),
        ("", "honda", "toyota", "", "disagreement"),
        ("", "honda", "", "toyota", "disagreement"),
        ("", "", "honda", "toyota", "disagreement"),
        ("honda", "honda", "honda", "toyota", "disagreement"),
        ("honda", "nobody", "honda", "honda", "unknown_tenant"),
        ("nobody", "honda", "honda", "honda", "unknown_tenant"),
        ("honda", "honda", "honda", "nobody", "unknown_tenant"),
    ] {
        let of = |name: &str, named: String, otherwise: &str| {
            if name.is_empty() { otherwise.to_owned() } else { named }
        };
        let host = of(host, format!("{host}.shops.example.com"), "shops.example.com");
        let path = of(path, format!("/shops/{path}/vehicles"), "/vehicles");
        let token = Signer::Hs256.token("ada", (!token.is_empty()).then(|| shop(token)));
        let token = format!("Bearer {token}");
        let mut headers = vec![("host", &*host), ("authorization", &*token)];
        headers.extend((!header.is_empty()).then_some(("x-tenant", header)));
        let mut request = ask(Method::GET, &path, &headers)?;
        request.extensions_mut().insert(Peer("10.0.0.7:1".parse()?));
        let why = if kind == "disagreement" { "different tenants" } else { "no tenant has" };
        is_refused(&service, request, kind, why).await?;
    }
    Ok(())
}
