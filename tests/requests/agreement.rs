//! Who may act for which tenant, and parts of a request that do not agree.

use crow_core::TenantId;
use crow_core::request::{
    ByUuid, PathSegment, TrustedHeader, all, first, name_of_principal, of_principal, required,
};
use crow_examples::MIGRATIONS;
use http::{Request, StatusCode};

use crate::Outcome;
use crate::issuer::Signer;
use crate::service::{Shops, Staff, attack, everybody, get_from, jwt, request, send, with_headers};

const TOYOTA: &str = "toyota.shops.example.com";
const HONDA: &str = "honda.shops.example.com";

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn the_subdomain_of_another_shop(shops: Shops) -> Outcome {
    let token = shops.ada();
    let forgotten = shops.serve(jwt(), shops.host_and_token(), everybody);
    attack(&shops, || get_from(TOYOTA, &token), shops.guarded(), StatusCode::FORBIDDEN, forgotten).await
}

/// Who works at both shops has a token for one.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_of_one_shop_with_the_host_of_another(shops: Shops) -> Outcome {
    let token = shops.ada_at_honda();
    let agreeing = shops.serve(jwt(), shops.host_and_token(), everybody);
    let by_host_alone = shops.serve(jwt(), shops.subdomain(), everybody);
    attack(&shops, || get_from(TOYOTA, &token), agreeing, StatusCode::FORBIDDEN, by_host_alone).await
}

/// Ada's issuer lets her choose the shop that her token names.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_of_a_shop_where_one_does_not_work(shops: Shops) -> Outcome {
    let token = Signer::Hs256.token("ada", Some(shops.toyota));
    let by_token = || of_principal(Staff::shop);
    let guarded = shops.serve(jwt(), by_token(), shops.members());
    let forgotten = shops.serve(jwt(), by_token(), everybody);
    attack(&shops, || get_from(TOYOTA, &token), guarded, StatusCode::FORBIDDEN, forgotten).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn what_is_required_is_not_made_up_for(shops: Shops) -> Outcome {
    let token = Signer::Hs256.token("bob", Some(shops.toyota));
    let by_host =
        shops.serve(jwt(), all(required(shops.subdomain()), of_principal(Staff::shop)), shops.members());
    let by_either = shops.serve(jwt(), all(shops.subdomain(), of_principal(Staff::shop)), shops.members());
    attack(&shops, || get_from("shops.example.com", &token), by_host, StatusCode::BAD_REQUEST, by_either)
        .await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn all_that_are_present_agree(shops: Shops) -> Outcome {
    let everything = all(
        all(shops.subdomain(), PathSegment::after("/shops/", shops.slugs())?),
        all(of_principal(Staff::shop), TrustedHeader::new("x-tenant", ["127.0.0.1"], ByUuid)?),
    );
    let service = shops.serve(jwt(), everything, everybody);
    let (h, t) = (Some("honda"), Some("toyota"));
    for (host, path, token, expected) in [
        (h, None, None, Ok("Honda")),
        (None, h, None, Ok("Honda")),
        (None, None, h, Ok("Honda")),
        (h, h, h, Ok("Honda")),
        (t, None, t, Ok("Toyota")),
        (None, None, None, Err(StatusCode::BAD_REQUEST)),
        (h, t, None, Err(StatusCode::FORBIDDEN)),
        (h, None, t, Err(StatusCode::FORBIDDEN)),
        (None, h, t, Err(StatusCode::FORBIDDEN)),
        (t, t, h, Err(StatusCode::FORBIDDEN)),
    ] {
        let host = host.map_or("shops.example.com".to_owned(), |shop| format!("{shop}.shops.example.com"));
        let path = path.map_or("/vehicles".to_owned(), |shop| format!("/shops/{shop}/vehicles"));
        let shop = token.map(|shop| if shop == "honda" { shops.honda } else { shops.toyota });
        let token = format!("Bearer {}", Signer::Hs256.token("ada", shop));
        let request = with_headers(Request::get(&path), &[("host", &host), ("authorization", &token)]);
        let answer = send(&service, request).await?;
        match expected {
            Ok(make) => assert_eq!(answer.body, make, "{host} {path}"),
            Err(status) => assert_eq!(answer.status(), status, "{host} {path}"),
        }
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn the_first_that_is_present_counts_and_is_not_passed_over(shops: Shops) -> Outcome {
    let service = shops.serve(jwt(), first(shops.subdomain(), of_principal(Staff::shop)), everybody);
    let token = Signer::Hs256.token("ada", Some(shops.toyota));
    for (host, expected) in [
        (HONDA, (StatusCode::OK, "Honda")),
        ("shops.example.com", (StatusCode::OK, "Toyota")),
        ("nobody.shops.example.com", (StatusCode::FORBIDDEN, "")),
        ("h_nda.shops.example.com", (StatusCode::BAD_REQUEST, "")),
    ] {
        let answer = send(&service, get_from(host, &token)).await?;
        assert_eq!(answer.status(), expected.0, "{host}");
        if expected.0 == StatusCode::OK {
            assert_eq!(answer.body, expected.1, "{host}");
        }
    }
    Ok(())
}

/// The answer is the same, so that nobody learns which shops there are.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_shop_that_does_not_exist_is_one_where_one_does_not_work(shops: Shops) -> Outcome {
    let (guarded, token) = (shops.guarded(), shops.ada_at_honda());
    let mut answers = Vec::new();
    for host in [TOYOTA, "nobody.shops.example.com"] {
        let answer = send(&guarded, get_from(host, &token)).await?;
        answers.push((answer.status(), format!("{:?}", answer.head.headers()), answer.body));
    }
    let not_a_member = send(&guarded, get_from(TOYOTA, &shops.ada())).await?;
    answers.push((not_a_member.status(), format!("{:?}", not_a_member.head.headers()), not_a_member.body));
    assert_eq!(answers[0].0, StatusCode::FORBIDDEN);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_can_name_a_shop_as_a_directory_does(shops: Shops) -> Outcome {
    let by_name = name_of_principal(|staff: &Staff| Some(staff.sub.clone()), shops.slugs());
    let service = shops.serve(jwt(), by_name, everybody);
    for (name, status) in
        [("honda", StatusCode::OK), ("nobody", StatusCode::FORBIDDEN), ("Honda!", StatusCode::BAD_REQUEST)]
    {
        let token = Signer::Hs256.token(name, None);
        assert_eq!(send(&service, get_from(HONDA, &token)).await?.status(), status, "{name}");
    }
    Ok(())
}

/// An outer layer, for a whole site, and an inner one for a part of it.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn two_layers_find_the_same_tenant(shops: Shops) -> Outcome {
    use crow_core::request::TenantLayer;
    let by_path = || PathSegment::after("/shops/", shops.slugs());
    let inner = shops.serve(jwt(), by_path()?, everybody);
    let outer = TenantLayer::new(shops.pool.clone(), jwt(), shops.subdomain(), shops.members());
    let both = inner.clone().layer(outer);
    let token = format!("Bearer {}", shops.ada());
    let swapped = || {
        let request = Request::get("/shops/toyota/vehicles");
        with_headers(request, &[("host", HONDA), ("authorization", &token)])
    };
    attack(&shops, swapped, both, StatusCode::FORBIDDEN, inner).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_check_that_fails_lets_nobody_in(shops: Shops) -> Outcome {
    use crow_core::{Error, Principal};
    let failing =
        async |_: Principal<Staff>, _: TenantId| Err(Error::Connection("db.internal is away".into()));
    let service = shops.serve(jwt(), shops.host_and_token(), failing);
    let answer = send(&service, get_from(HONDA, &shops.ada())).await?;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.header("retry-after").is_some() && !answer.body.contains("internal"), "{}", answer.body);
    assert_eq!(send(&service, request(&[("host", HONDA)])).await?.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}
