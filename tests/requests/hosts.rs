//! Attacks on the host.

use axum::Router;
use axum::body::Body;
use crow_core::request::Subdomain;
use crow_examples::MIGRATIONS;
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode};

use crate::Outcome;
use crate::issuer::Signer;
use crate::naive::{Naive, last};
use crate::service::{PARENT, Shops, Slugs, Staff, attack, everybody, get_from, jwt, send, with_headers};

/// A service that finds the slug of a shop in the head of a request by a function.
fn naive(shops: &Shops, slug: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Router {
    let Slugs(slugs) = shops.slugs();
    let find = move |parts: &Parts| {
        let slug = slug(parts)?;
        slugs.iter().find(|(known, _)| *known == slug).map(|(_, shop)| *shop)
    };
    shops.serve(jwt(), Naive::<Staff, _>::new(find), everybody)
}

fn guarded(shops: &Shops) -> Router {
    shops.serve(jwt(), shops.subdomain(), everybody)
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_host_is_one_whatever_its_case_port_and_last_dot(shops: Shops) -> Outcome {
    for host in [
        "honda.shops.example.com",
        "HONDA.Shops.Example.COM",
        "honda.shops.example.com:8443",
        "honda.shops.example.com.",
        "honda.shops.example.com.:80",
    ] {
        let answer = send(&shops.guarded(), get_from(host, &shops.ada())).await?;
        assert_eq!((answer.status(), &*answer.body), (StatusCode::OK, "Honda"), "{host}");
    }
    Ok(())
}

/// HTTP/2 has the host in the target, and may have `Host` as well.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_host_in_the_target(shops: Shops) -> Outcome {
    let token = format!("Bearer {}", shops.ada());
    for (host, status) in [
        (None, StatusCode::OK),
        (Some("Honda.shops.example.com"), StatusCode::OK),
        (Some("toyota.shops.example.com"), StatusCode::BAD_REQUEST),
    ] {
        let mut headers = vec![("authorization", &*token)];
        headers.extend(host.map(|host| ("host", host)));
        let request = with_headers(Request::get("https://honda.shops.example.com/vehicles"), &headers);
        assert_eq!(send(&shops.guarded(), request).await?.status(), status, "{host:?}");
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn two_hosts_at_once(shops: Shops) -> Outcome {
    let token = format!("Bearer {}", shops.ada());
    let last_one = naive(&shops, |parts| {
        last(&parts.headers, "host")?.strip_suffix(".shops.example.com").map(str::to_owned)
    });
    for hosts in [
        ["honda.shops.example.com", "toyota.shops.example.com"],
        ["toyota.shops.example.com", "toyota.shops.example.com"],
    ] {
        let doubled = || {
            let headers = hosts.map(|host| ("host", host));
            let headers: Vec<_> = headers.into_iter().chain([("authorization", &*token)]).collect();
            with_headers(Request::get("/vehicles"), &headers)
        };
        let status = StatusCode::BAD_REQUEST;
        attack(&shops, doubled, guarded(&shops), status, last_one.clone()).await?;
    }
    let in_the_target = || {
        let request = Request::get("https://honda.shops.example.com/vehicles");
        with_headers(request, &[("host", "toyota.shops.example.com"), ("authorization", &token)])
    };
    attack(&shops, in_the_target, guarded(&shops), StatusCode::BAD_REQUEST, last_one).await
}

/// The attacker has a name under which the service is reached, such as `toyota.evil-shops.example.com`.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn hosts_that_look_like_those_of_shops(shops: Shops) -> Outcome {
    let first_label = naive(&shops, |parts| {
        let host = last(&parts.headers, "host")?.rsplit('@').next()?;
        host.split(['.', '-', ':', '/']).next().map(str::to_owned)
    });
    for (host, status) in [
        ("toyota.evil-shops.example.com", StatusCode::MISDIRECTED_REQUEST),
        ("toyota.shops.example.com.attacker.example.org", StatusCode::MISDIRECTED_REQUEST),
        ("toyota.shops.example.org", StatusCode::MISDIRECTED_REQUEST),
        ("toyota-shops.example.com", StatusCode::MISDIRECTED_REQUEST),
        ("toyota", StatusCode::MISDIRECTED_REQUEST),
        ("toyota.honda.shops.example.com", StatusCode::MISDIRECTED_REQUEST),
        ("toyota.shops.example.com..", StatusCode::BAD_REQUEST),
        ("toyota..shops.example.com", StatusCode::BAD_REQUEST),
        ("toyota.shops.example.com:", StatusCode::BAD_REQUEST),
        ("toyota.shops.example.com:80:80", StatusCode::BAD_REQUEST),
        ("toyota.shops.example.com:+80", StatusCode::BAD_REQUEST),
        ("toyota.shops.example.com:99999", StatusCode::BAD_REQUEST),
        ("toyota.shops.example.com/", StatusCode::BAD_REQUEST),
        ("ada@toyota.shops.example.com", StatusCode::BAD_REQUEST),
        ("toyota.shops.example.com honda.shops.example.com", StatusCode::BAD_REQUEST),
        ("toyota.shops.example.com, honda.shops.example.com", StatusCode::BAD_REQUEST),
    ] {
        let request = || get_from(host, &shops.ada());
        attack(&shops, request, guarded(&shops), status, first_label.clone())
            .await
            .map_err(|error| format!("{host}: {error}"))?;
    }
    Ok(())
}

/// The domain is a suffix of theirs, and not the domain above them.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn hosts_that_end_in_the_same_letters(shops: Shops) -> Outcome {
    let suffix = naive(&shops, |parts| {
        let label = last(&parts.headers, "host")?.strip_suffix(PARENT)?;
        Some(label.trim_end_matches(['.', '-']).to_owned())
    });
    for host in ["toyotashops.example.com", "toyota-shops.example.com"] {
        let request = || get_from(host, &shops.ada());
        attack(&shops, request, guarded(&shops), StatusCode::MISDIRECTED_REQUEST, suffix.clone()).await?;
    }
    Ok(())
}

/// What browsers send for `tоyota` with a Cyrillic о, for a full-width `ｔoyota`, and for `xn--` that stands for ASCII; and
/// what nobody sends who means well: UTF-8, and percent signs.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn names_that_look_like_others(shops: Shops) -> Outcome {
    let skeleton = naive(&shops, |parts| {
        let host =
            parts.headers.get("host").map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned())?;
        let label = host.strip_suffix(".shops.example.com")?;
        let looks = ["xn--tyota-nye", "xn--toyota-", "t\u{43e}yota", "\u{ff54}oyota", "t%6Fyota", "toyot%61"];
        looks.contains(&label).then(|| "toyota".to_owned())
    });
    for (label, status) in [
        ("xn--tyota-nye", StatusCode::FORBIDDEN),
        ("xn--toyota-", StatusCode::BAD_REQUEST),
        ("t\u{43e}yota", StatusCode::BAD_REQUEST),
        ("\u{ff54}oyota", StatusCode::BAD_REQUEST),
        ("t%6Fyota", StatusCode::BAD_REQUEST),
        ("toyot%61", StatusCode::BAD_REQUEST),
    ] {
        let alike = || {
            let mut request = get_from("x", &shops.ada());
            let host =
                HeaderValue::from_bytes(format!("{label}.{PARENT}").as_bytes()).expect("it can be sent");
            request.headers_mut().insert("host", host);
            request
        };
        attack(&shops, alike, guarded(&shops), status, skeleton.clone())
            .await
            .map_err(|error| format!("{label}: {error}"))?;
    }
    Ok(())
}

/// A shop whose name is not ASCII is known by what browsers send.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_name_that_is_not_ascii(shops: Shops) -> Outcome {
    let names = Slugs([("xn--mnchen-3ya", shops.honda), ("toyota", shops.toyota)]);
    let service = shops.serve(jwt(), Subdomain::of(PARENT, names)?, everybody);
    let answer = send(&service, get_from("XN--Mnchen-3ya.shops.example.com", &shops.ada())).await?;
    assert_eq!(answer.body, "Honda");
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_host_of_ten_megabytes(shops: Shops) -> Outcome {
    let last_label = naive(&shops, |parts| {
        last(&parts.headers, "host")?
            .strip_suffix(".shops.example.com")?
            .rsplit('.')
            .next()
            .map(str::to_owned)
    });
    let host = format!("{}toyota.shops.example.com", "x.".repeat(5 << 20));
    let request = || get_from(&host, &shops.ada());
    attack(&shops, request, guarded(&shops), StatusCode::BAD_REQUEST, last_label.clone()).await?;
    let label = format!("{}.toyota.shops.example.com", "x".repeat(64));
    let request = || get_from(&label, &shops.ada());
    attack(&shops, request, guarded(&shops), StatusCode::BAD_REQUEST, last_label).await
}

/// What a client writes into it says nothing about the connection.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_forwarded_host(shops: Shops) -> Outcome {
    let forwarded = naive(&shops, |parts| {
        last(&parts.headers, "x-forwarded-host")?.strip_suffix(".shops.example.com").map(str::to_owned)
    });
    let token = format!("Bearer {}", shops.ada());
    let request = || {
        let headers = [
            ("host", "shops.example.com"),
            ("x-forwarded-host", "toyota.shops.example.com"),
            ("authorization", &*token),
        ];
        with_headers(Request::get("/vehicles"), &headers)
    };
    attack(&shops, request, guarded(&shops), StatusCode::BAD_REQUEST, forwarded).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_request_without_a_host_names_no_shop(shops: Shops) -> Outcome {
    for host in [None, Some("shops.example.com"), Some("SHOPS.example.com.:443")] {
        let mut request = Request::get("/vehicles")
            .header("authorization", format!("Bearer {}", Signer::Hs256.token("ada", None)));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let answer = send(&shops.guarded(), request.body(Body::empty())?).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{host:?}");
        assert!(answer.body.contains("no_tenant"), "{}", answer.body);
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn shops_below_several_domains(shops: Shops) -> Outcome {
    let both = shops.subdomain().or_of("Werkstatt.example.")?;
    let service = shops.serve(jwt(), both, everybody);
    for (host, status) in [
        ("honda.shops.example.com", StatusCode::OK),
        ("honda.werkstatt.example", StatusCode::OK),
        ("werkstatt.example", StatusCode::BAD_REQUEST),
        ("honda.example", StatusCode::MISDIRECTED_REQUEST),
    ] {
        assert_eq!(send(&service, get_from(host, &shops.ada())).await?.status(), status, "{host}");
    }
    for parent in ["", ".", "münchen.example", "shops.example.com:80", "*.example.com", ".example.com"] {
        assert!(Subdomain::of(parent, shops.slugs()).is_err(), "{parent}");
    }
    Ok(())
}
