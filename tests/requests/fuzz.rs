//! Whatever is sent, it is answered, and never with another shop's rows.

use std::collections::BTreeSet;

use axum::body::Body;
use crow_core::request::{ByUuid, PathSegment, TrustedHeader, all, of_principal};
use crow_examples::MIGRATIONS;
use crow_testkit::TestDb;
use http::{HeaderValue, Request, StatusCode};

use crate::Outcome;
use crate::issuer::Signer;
use crate::service::{Shops, Staff, jwt, send};

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn requests_made_of_pieces(db: &TestDb, shops: Shops) -> Outcome {
    let resolver = all(
        all(shops.subdomain(), PathSegment::after("/shops/", shops.slugs())?),
        all(of_principal(Staff::shop), TrustedHeader::new("x-tenant", ["0.0.0.0/0"], ByUuid)?),
    );
    let service = shops.serve(jwt().or_cookie("session"), resolver, shops.members());
    let (honda, toyota) = (shops.honda.to_string(), shops.toyota.to_string());
    let tokens = [shops.ada(), shops.ada_at_honda(), Signer::EdDsa.token("ada", Some(shops.toyota))];
    let pieces = [
        "honda",
        "toyota",
        ".",
        "shops.example.com",
        ":",
        "80",
        "@",
        "%6f",
        "/",
        "-",
        "xn--",
        "[::1]",
        " ",
        ",",
        "\t",
        "Bearer ",
        "bearer",
        "Basic ",
        "session=",
        ";",
        "\u{fc}",
        "..",
        "=",
        &honda,
        &toyota,
        &tokens[0],
        &tokens[1],
        &tokens[2],
    ];
    let likely = |name: &str| match name {
        "host" => ["honda.shops.example.com".to_owned(), "toyota.shops.example.com".to_owned()],
        "authorization" => [0, 2].map(|n: usize| format!("Bearer {}", tokens[n])),
        "cookie" => [0, 1].map(|n: usize| format!("session={}", tokens[n])),
        _ => [honda.clone(), toyota.clone()],
    };
    let mut random = fastrand::Rng::with_seed(db.seed());
    let mut seen = BTreeSet::new();
    for _ in 0..3_000 {
        let path =
            ["/vehicles", "/shops/honda/vehicles", "/shops/toyota/vehicles", "/shops/%74oyota/vehicles"]
                [random.usize(..4)];
        let method = ["GET", "POST", "HEAD"][random.usize(..3)];
        let mut request = Request::builder().method(method).uri(path).body(Body::empty())?;
        for name in ["host", "authorization", "cookie", "x-tenant", "sec-fetch-site"] {
            for _ in 0..[0, 1, 1, 1, 1, 2][random.usize(..6)] {
                let value = if random.u8(..4) > 0 {
                    likely(name)[random.usize(..2)].clone()
                } else {
                    (0..random.usize(..5)).map(|_| pieces[random.usize(..pieces.len())]).collect()
                };
                if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                    request.headers_mut().append(name, value);
                }
            }
        }
        let shown = format!("{request:?}");
        let answer = send(&service, request).await?;
        assert!(
            !answer.body.contains("Toyota") && !answer.body.contains(&toyota),
            "{shown}: {}",
            answer.body
        );
        assert!(!answer.status().is_server_error(), "{shown}: {}", answer.body);
        seen.insert(answer.status());
    }
    let all = [
        StatusCode::OK,
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::MISDIRECTED_REQUEST,
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
    Ok(())
}
