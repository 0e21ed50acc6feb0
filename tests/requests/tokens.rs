//! Attacks on tokens. Bob works at the shop that Ada is after; a token of his is as good as its rows.

use std::time::Duration;

use crow_core::request::{Identify, Jwt, Key, KeySet};
use crow_core::{Principal, TenantId};
use crow_examples::MIGRATIONS;
use http::StatusCode;
use serde_json::{Value, json};

use crate::Outcome;
use crate::issuer::{AUDIENCE, ISSUER, RSA, Signer, claims, claims_but, hmac_sha256, now, token};
use crate::naive::NaiveTokens;
use crate::service::{Shops, Staff, attack, everybody, get_from, jwt, keys, request, send};

const TOYOTA: &str = "toyota.shops.example.com";
const HONDA: &str = "honda.shops.example.com";

/// Bob's token, as forged as can be.
async fn forged(shops: &Shops, token: &str, naive: NaiveTokens) -> Outcome {
    let without = shops.serve(naive, shops.host_and_token(), shops.members());
    attack(shops, || get_from(TOYOTA, token), shops.guarded(), StatusCode::UNAUTHORIZED, without).await
}

/// Bob's token, which is good by other rules than those of this service.
async fn by_other_rules(shops: &Shops, token: &str, rules: Jwt<Staff>) -> Outcome {
    let without = shops.serve(rules, shops.host_and_token(), shops.members());
    attack(shops, || get_from(TOYOTA, token), shops.guarded(), StatusCode::UNAUTHORIZED, without).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn good_tokens_of_each_algorithm_are_let_through(shops: Shops) -> Outcome {
    for signer in Signer::ALL {
        for shop in [None, Some(shops.honda)] {
            let answer = send(&shops.guarded(), get_from(HONDA, &signer.token("ada", shop))).await?;
            assert_eq!((answer.status(), &*answer.body), (StatusCode::OK, "Honda"), "{signer:?}");
        }
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_without_a_signature(shops: Shops) -> Outcome {
    for algorithm in ["none", "None", "nOnE", ""] {
        let unsigned =
            token(&json!({ "alg": algorithm, "kid": "HS256" }), &claims("bob", None), |_| Vec::new());
        forged(&shops, &unsigned, NaiveTokens::UNVERIFIED).await?;
    }
    let unsigned = token(&json!({ "alg": "none" }), &claims("bob", None), |_| Vec::new());
    forged(&shops, &unsigned, NaiveTokens::NONE_ALLOWED).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_public_key_taken_for_a_secret(shops: Shops) -> Outcome {
    for id in ["RS256", "HS256"] {
        let header = json!({ "alg": "HS256", "kid": id });
        let confused = token(&header, &claims("bob", None), |message| hmac_sha256(RSA.as_bytes(), message));
        forged(&shops, &confused, NaiveTokens::ALGORITHM_OF_THE_TOKEN).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_signature_of_another_algorithm_than_the_keys(shops: Shops) -> Outcome {
    for signer in Signer::ALL {
        for named in Signer::ALL.into_iter().filter(|named| named.algorithm() != signer.algorithm()) {
            let header = json!({ "alg": signer.algorithm(), "kid": named.algorithm() });
            let confused = token(&header, &claims("bob", None), |message| signer.sign(message));
            forged(&shops, &confused, NaiveTokens::UNVERIFIED).await?;
        }
    }
    Ok(())
}

/// The key has signed it, and it says something else.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn an_algorithm_that_is_not_that_of_the_signature(shops: Shops) -> Outcome {
    for signer in Signer::ALL {
        for said in ["HS512", "PS256", "ES384"] {
            let header = json!({ "alg": said, "kid": signer.algorithm() });
            let mislabelled = token(&header, &claims("bob", None), |message| signer.sign(message));
            forged(&shops, &mislabelled, NaiveTokens::UNVERIFIED).await?;
        }
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn claims_that_were_changed_after_they_were_signed(shops: Shops) -> Outcome {
    for signer in Signer::ALL {
        let (ada, bob) = (signer.token("ada", None), signer.token("bob", None));
        let part = |token: &str, n: usize| token.split('.').nth(n).unwrap_or_default().to_owned();
        let changed = format!("{}.{}.{}", part(&ada, 0), part(&bob, 1), part(&ada, 2));
        forged(&shops, &changed, NaiveTokens::UNVERIFIED).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_key_that_the_token_brings_along(shops: Shops) -> Outcome {
    let attackers = b"the secret of whoever attacks, 32 bytes or more";
    let signed =
        |header: Value| token(&header, &claims("bob", None), |message| hmac_sha256(attackers, message));
    for header in [
        json!({ "alg": "HS256", "kid": "attackers" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "HS256", "kid": "attackers", "jku": "https://attacker.example.org/keys" }),
    ] {
        let trusted = Key::hs256("attackers", attackers)?;
        let trusting = Jwt::new(KeySet::new([trusted])?, ISSUER, AUDIENCE);
        by_other_rules(&shops, &signed(header), trusting).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_that_has_expired(shops: Shops) -> Outcome {
    let patient = || jwt().leeway(Duration::from_secs(86_400));
    for expired in [now() - 40, now() - 3600] {
        let token = Signer::Es256.signed(&claims_but("bob", "exp", expired));
        by_other_rules(&shops, &token, patient()).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_whose_time_has_not_come(shops: Shops) -> Outcome {
    let token = Signer::Es256.signed(&claims_but("bob", "nbf", now() + 40));
    by_other_rules(&shops, &token, jwt().leeway(Duration::from_secs(3600))).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn clocks_that_differ_by_less_than_the_leeway(shops: Shops) -> Outcome {
    for (claim, time) in [("exp", now() - 20), ("nbf", now() + 20)] {
        let token = Signer::Hs256.signed(&claims_but("ada", claim, time));
        assert_eq!(
            send(&shops.guarded(), get_from(HONDA, &token)).await?.status(),
            StatusCode::OK,
            "{claim}"
        );
        let strict = shops.serve(jwt().leeway(Duration::ZERO), shops.host_and_token(), shops.members());
        assert_eq!(
            send(&strict, get_from(HONDA, &token)).await?.status(),
            StatusCode::UNAUTHORIZED,
            "{claim}"
        );
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_of_another_issuer(shops: Shops) -> Outcome {
    for issuer in ["https://id.example.com.attacker.example.org", "https://id.example.com/", ""] {
        let token = Signer::Es256.signed(&claims_but("bob", "iss", issuer));
        by_other_rules(&shops, &token, Jwt::new(keys(), issuer, AUDIENCE)).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_for_another_audience(shops: Shops) -> Outcome {
    for audience in [json!("billing"), json!(["billing"])] {
        let token = Signer::Es256.signed(&claims_but("bob", "aud", audience));
        by_other_rules(&shops, &token, Jwt::new(keys(), ISSUER, "billing")).await?;
    }
    let both = Signer::Es256.signed(&claims_but("ada", "aud", json!(["billing", AUDIENCE])));
    assert_eq!(send(&shops.guarded(), get_from(HONDA, &both)).await?.status(), StatusCode::OK);
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_that_leaves_a_claim_out_or_gives_it_another_form(shops: Shops) -> Outcome {
    for claim in ["iss", "aud", "exp"] {
        let mut incomplete = claims("bob", None);
        incomplete.as_object_mut().ok_or("an object")?.remove(claim);
        forged(&shops, &Signer::Es256.signed(&incomplete), NaiveTokens::UNVERIFIED).await?;
    }
    for (claim, value) in [
        ("exp", json!("4102444800")),
        ("exp", Value::Null),
        ("nbf", json!("0")),
        ("iss", json!([ISSUER])),
        ("aud", json!({ "shops": true })),
        ("aud", json!([])),
    ] {
        let token = Signer::Es256.signed(&claims_but("bob", claim, value));
        forged(&shops, &token, NaiveTokens::UNVERIFIED).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_of_another_kind_or_with_an_extension(shops: Shops) -> Outcome {
    for header in [
        json!({ "alg": "HS256", "kid": "HS256", "crit": ["exp"] }),
        json!({ "alg": "HS256", "kid": "HS256", "typ": "logout+jwt" }),
    ] {
        let token = token(&header, &claims("bob", None), |message| Signer::Hs256.sign(message));
        forged(&shops, &token, NaiveTokens::UNVERIFIED).await?;
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn two_tokens_at_once(shops: Shops) -> Outcome {
    let (ada, bob) = (shops.ada(), token(&json!({ "alg": "none" }), &claims("bob", None), |_| Vec::new()));
    let both = || {
        request(&[
            ("host", TOYOTA),
            ("authorization", &format!("Bearer {ada}")),
            ("authorization", &format!("Bearer {bob}")),
        ])
    };
    let last_one = shops.serve(NaiveTokens::UNVERIFIED, shops.host_and_token(), shops.members());
    attack(&shops, both, shops.guarded(), StatusCode::BAD_REQUEST, last_one).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_of_ten_megabytes(shops: Shops) -> Outcome {
    let token = Signer::Hs256.signed(&claims_but("bob", "padding", "x".repeat(10 << 20)));
    let boundless = shops.serve(jwt().longest(usize::MAX), shops.host_and_token(), shops.members());
    attack(&shops, || get_from(TOYOTA, &token), shops.guarded(), StatusCode::BAD_REQUEST, boundless).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn what_is_no_token(shops: Shops) -> Outcome {
    for text in ["", ".", "..", "...", "a.b.c", "a.b.c.d.e", "\"", "e30.e30.e30", "eyJhbGciOiJIUzI1NiJ9.e30."]
    {
        let answer = send(&shops.guarded(), get_from(HONDA, text)).await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{text}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{text}");
    }
    for authorization in ["", "Bearer", "Basic YWRhOmFkYQ==", "Token x"] {
        let answer =
            send(&shops.guarded(), request(&[("host", HONDA), ("authorization", authorization)])).await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{authorization}");
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn somebody_who_does_not_say_who_learns_nothing_of_shops(shops: Shops) -> Outcome {
    let mut answers = Vec::new();
    for host in [HONDA, TOYOTA, "nobody.shops.example.com", "attacker.example.org", "\u{1}"] {
        let mut request = request(&[]);
        if let Ok(host) = host.parse() {
            request.headers_mut().insert("host", host);
        }
        let answer = send(&shops.guarded(), request).await?;
        answers.push((answer.status(), answer.body));
    }
    assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn guests_get_as_far_as_the_membership_check_lets_them(shops: Shops) -> Outcome {
    let honda = shops.honda;
    let open_house = move |who: Principal<Option<Staff>>, shop: TenantId| async move {
        Ok(who.is_some() || shop == honda)
    };
    let open = shops.serve(jwt().or_guest(), shops.subdomain(), open_house);
    assert_eq!(send(&open, request(&[("host", HONDA)])).await?.body, "Honda");
    assert_eq!(send(&open, request(&[("host", TOYOTA)])).await?.status(), StatusCode::FORBIDDEN);
    // Who says something has to prove it.
    assert_eq!(send(&open, get_from(HONDA, "x")).await?.status(), StatusCode::UNAUTHORIZED);
    let forgotten = shops.serve(jwt().or_guest(), shops.subdomain(), everybody);
    assert_eq!(send(&forgotten, request(&[("host", TOYOTA)])).await?.body, "Toyota");
    Ok(())
}
