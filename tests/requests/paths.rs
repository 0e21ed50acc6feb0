//! Attacks on the path.

use axum::Router;
use axum::body::Body;
use crow_core::request::PathSegment;
use crow_examples::MIGRATIONS;
use http::{Request, StatusCode};

use crate::Outcome;
use crate::naive::Naive;
use crate::service::{Shops, Slugs, Staff, attack, everybody, jwt, send, with_headers};

fn by_path(shops: &Shops) -> Router {
    let segment = PathSegment::after("/shops/", shops.slugs()).expect("it is a prefix");
    shops.serve(jwt(), segment, shops.members())
}

fn get(path: &str, shops: &Shops) -> Request<Body> {
    with_headers(Request::get(path), &[("authorization", &format!("Bearer {}", shops.ada()))])
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn the_segment_after_the_prefix_names_the_shop(shops: Shops) -> Outcome {
    let service = by_path(&shops);
    for (path, status) in [
        ("/shops/honda/vehicles", StatusCode::OK),
        ("/shops/honda/vehicles?shop=toyota", StatusCode::OK),
        ("/shops/toyota/vehicles", StatusCode::FORBIDDEN),
        ("/shops/nobody/vehicles", StatusCode::FORBIDDEN),
        ("/vehicles", StatusCode::BAD_REQUEST),
        ("/shopshonda/vehicles", StatusCode::BAD_REQUEST),
        ("//shops/honda/vehicles", StatusCode::BAD_REQUEST),
        ("/shops//honda/vehicles", StatusCode::BAD_REQUEST),
        ("/shops/", StatusCode::BAD_REQUEST),
        ("/shops/Honda/vehicles", StatusCode::BAD_REQUEST),
        ("/shops/../vehicles", StatusCode::BAD_REQUEST),
    ] {
        let answer = send(&service, get(path, &shops)).await?;
        assert_eq!(answer.status(), status, "{path}");
        assert!(status != StatusCode::OK || answer.body == "Honda", "{path}");
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn the_path_of_another_shop(shops: Shops) -> Outcome {
    let segment = PathSegment::after("/shops/", shops.slugs())?;
    let forgotten = shops.serve(jwt(), segment, everybody);
    let request = || get("/shops/toyota/vehicles", &shops);
    attack(&shops, request, by_path(&shops), StatusCode::FORBIDDEN, forgotten).await
}

/// What routes may decode it, and what decodes twice finds another shop than what does not.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_segment_that_is_percent_encoded(shops: Shops) -> Outcome {
    let Slugs(slugs) = shops.slugs();
    let decoding = Naive::<Staff, _>::new(move |parts| {
        let segment = parts.uri.path().split('/').nth(2)?;
        let decoded = segment.replace("%25", "%").replace("%6F", "o").replace("%6f", "o").replace("%74", "t");
        let name = decoded.split(['%', ';', '.']).next()?;
        slugs.iter().find(|(slug, _)| *slug == name).map(|(_, shop)| *shop)
    });
    let decoding = shops.serve(jwt(), decoding, everybody);
    for segment in
        ["t%6Fyota", "%74oyota", "t%6fyota", "t%256Fyota", "toyota%00", "toyota%2F..", "toyota;x", "toyota.."]
    {
        let request = || get(&format!("/shops/{segment}/vehicles"), &shops);
        let guarded = shops.serve(jwt(), PathSegment::after("/shops/", shops.slugs())?, everybody);
        attack(&shops, request, guarded, StatusCode::BAD_REQUEST, decoding.clone())
            .await
            .map_err(|error| format!("{segment}: {error}"))?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_segment_of_sixty_kilobytes(shops: Shops) -> Outcome {
    let path = format!("/shops/{}/vehicles", "x".repeat(60_000));
    assert_eq!(send(&by_path(&shops), get(&path, &shops)).await?.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn what_is_no_prefix(shops: Shops) -> Outcome {
    for prefix in ["", "shops", "/shops", "shops/"] {
        assert!(PathSegment::after(prefix, shops.slugs()).is_err(), "{prefix}");
    }
    Ok(())
}
