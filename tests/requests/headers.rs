//! Attacks on a header that a proxy sets.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use crow_core::request::{ByUuid, Peer, TrustedHeader};
use crow_examples::MIGRATIONS;
use http::{HeaderValue, Request, StatusCode};

use crate::Outcome;
use crate::naive::{Naive, last};
use crate::service::{Shops, Staff, attack, everybody, jwt, request, send};

fn behind(shops: &Shops, proxies: &[&str]) -> Router {
    let header = TrustedHeader::new("x-tenant", proxies.iter().copied(), ByUuid).expect("they are addresses");
    shops.serve(jwt(), header, everybody)
}

fn from(peer: &str, shops: &Shops, headers: &[(&str, &str)]) -> Request<Body> {
    let token = format!("Bearer {}", shops.ada());
    let headers: Vec<_> = headers.iter().copied().chain([("authorization", &*token)]).collect();
    let mut request = request(&headers);
    if let Ok(peer) = peer.parse::<SocketAddr>() {
        request.extensions_mut().insert(Peer(peer));
    }
    request
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_proxy_that_is_trusted_names_the_tenant(shops: Shops) -> Outcome {
    let service = behind(&shops, &["10.0.0.7", "192.168.1.0/24", "fd00::/8"]);
    let honda = shops.honda.to_string();
    for peer in ["10.0.0.7:1", "192.168.1.200:1", "[fd00::1]:1", "[::ffff:10.0.0.7]:1"] {
        let answer = send(&service, from(peer, &shops, &[("x-tenant", &honda)])).await?;
        assert_eq!((answer.status(), &*answer.body), (StatusCode::OK, "Honda"), "{peer}");
    }
    // As axum's server tells it.
    let mut request = from("", &shops, &[("x-tenant", &honda)]);
    request.extensions_mut().insert(ConnectInfo("10.0.0.7:1".parse::<SocketAddr>()?));
    assert_eq!(send(&service, request).await?.status(), StatusCode::OK);
    let without = send(&service, from("10.0.0.7:1", &shops, &[])).await?;
    assert_eq!(without.status(), StatusCode::BAD_REQUEST);
    assert!(without.body.contains("no_tenant"), "{}", without.body);
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_header_from_a_peer_that_is_not_trusted(shops: Shops) -> Outcome {
    let toyota = shops.toyota.to_string();
    for peer in ["203.0.113.9:1", "10.0.0.8:1", "[::1]:1", "[::ffff:203.0.113.9]:1"] {
        let spoofed = || {
            // The client writes what proxies write about it, too.
            let headers =
                [("x-tenant", &*toyota), ("x-forwarded-for", "10.0.0.7"), ("forwarded", "for=10.0.0.7")];
            from(peer, &shops, &headers)
        };
        let everybody_is_trusted = behind(&shops, &["0.0.0.0/0", "::/0"]);
        let status = StatusCode::BAD_REQUEST;
        attack(&shops, spoofed, behind(&shops, &["10.0.0.7"]), status, everybody_is_trusted).await?;
    }
    Ok(())
}

/// The server was not told to say who is at the other end.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_header_from_nobody_knows_where(shops: Shops) -> Outcome {
    let toyota = shops.toyota.to_string();
    let spoofed = || from("", &shops, &[("x-tenant", &toyota)]);
    let unguarded = unguarded(&shops);
    attack(&shops, spoofed, behind(&shops, &["0.0.0.0/0", "::/0"]), StatusCode::BAD_REQUEST, unguarded).await
}

/// A proxy that adds its header behind the client's.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn two_headers_at_once(shops: Shops) -> Outcome {
    let (honda, toyota) = (shops.honda.to_string(), shops.toyota.to_string());
    let doubled = || from("10.0.0.7:1", &shops, &[("x-tenant", &honda), ("x-tenant", &toyota)]);
    attack(&shops, doubled, behind(&shops, &["10.0.0.7"]), StatusCode::BAD_REQUEST, unguarded(&shops)).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn what_is_no_id_of_a_tenant(shops: Shops) -> Outcome {
    let service = behind(&shops, &["10.0.0.7"]);
    let honda = shops.honda.to_string();
    let long = "a".repeat(10 << 20);
    for (value, status) in [
        ("", StatusCode::BAD_REQUEST),
        (" ", StatusCode::BAD_REQUEST),
        (&*format!("{{{honda}}}"), StatusCode::BAD_REQUEST),
        (&*format!("urn:uuid:{honda}"), StatusCode::BAD_REQUEST),
        (&*format!("{honda},{honda}"), StatusCode::BAD_REQUEST),
        (&*honda.to_uppercase(), StatusCode::BAD_REQUEST),
        (&*honda.replace('-', ""), StatusCode::FORBIDDEN),
        ("00000000-0000-0000-0000-000000000000", StatusCode::FORBIDDEN),
        ("honda", StatusCode::FORBIDDEN),
        (&*long, StatusCode::BAD_REQUEST),
    ] {
        let answer = send(&service, from("10.0.0.7:1", &shops, &[("x-tenant", value)])).await?;
        assert_eq!(answer.status(), status, "{}", &value[..value.len().min(80)]);
    }
    let mut unseen = from("10.0.0.7:1", &shops, &[]);
    unseen.headers_mut().insert("x-tenant", HeaderValue::from_bytes(b"\xff\xfe")?);
    assert_eq!(send(&service, unseen).await?.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn what_is_no_proxy(shops: Shops) -> Outcome {
    for proxies in [&[][..], &["proxy.internal"], &["10.0.0.7:80"], &["10.0.0.0/33"], &["10.0.0.7", ""]] {
        assert!(
            TrustedHeader::new("x-tenant", proxies.iter().copied(), shops.slugs()).is_err(),
            "{proxies:?}"
        );
    }
    assert!(TrustedHeader::new("x tenant", ["10.0.0.7"], shops.slugs()).is_err());
    Ok(())
}

fn unguarded(shops: &Shops) -> Router {
    let last_one = |parts: &http::request::Parts| last(&parts.headers, "x-tenant")?.parse().ok();
    shops.serve(jwt(), Naive::<Staff, _>::new(last_one), everybody)
}
