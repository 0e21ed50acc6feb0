//! One shop attacks the other. Beside each attack stands the same request with the one thing put right, which succeeds.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::shops::{DOMAIN, ISSUER, SECRET, operator_token, signed, token};
use crate::visitor::{brakes, corolla};
use crate::world::{Outcome, World};

/// Every test here rests on this: a row of the other shop's in an answer would not go unnoticed.
#[crow_testkit::test]
#[should_panic(expected = " in 200 OK")]
async fn a_foreign_row_is_noticed(world: World) -> Outcome {
    let theirs = world.honda().at("toyota.localhost").with(world.toyota.token("Ada"));
    theirs.get("/api/vehicles").await.map(drop)
}

/// A token of A with ids of B, in every path that has an id.
#[crow_testkit::test]
async fn ids_of_another_shop_name_nothing(world: World) -> Outcome {
    let (honda, toyota) = (world.honda(), world.toyota());
    let theirs = world.toyota.vehicles[0].id;
    let records = toyota.get(&format!("/api/vehicles/{theirs}/records")).await?.json();
    let record = records["records"][0]["id"].as_str().ok_or("an id")?;
    let nobodys = uuid::Uuid::new_v4();
    let nothing = honda.get(&format!("/api/vehicles/{nobodys}")).await?;
    for (method, path, body) in [
        (Method::GET, format!("/api/vehicles/{theirs}"), None),
        (Method::PUT, format!("/api/vehicles/{theirs}"), Some(corolla())),
        (Method::DELETE, format!("/api/vehicles/{theirs}"), None),
        (Method::GET, format!("/api/vehicles/{theirs}/records"), None),
        (Method::POST, format!("/api/vehicles/{theirs}/records"), Some(brakes())),
        (Method::PUT, format!("/api/records/{record}"), Some(brakes())),
        (Method::DELETE, format!("/api/records/{record}"), None),
    ] {
        let attack = |visitor: &crate::visitor::Visitor<'_>| {
            let request = visitor.request(method.clone(), &path);
            match &body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        let answer = honda.send(attack(&honda)).await?;
        // To the letter as for an id that nobody has.
        assert_eq!((answer.status, &answer.text), (StatusCode::NOT_FOUND, &nothing.text), "{method} {path}");
        toyota.has_all_it_had().await?;
    }
    assert_eq!(toyota.delete(&format!("/api/records/{record}")).await?.status, StatusCode::NO_CONTENT);
    Ok(())
}

#[crow_testkit::test]
async fn a_token_opens_the_subdomain_of_its_shop_alone(world: World) -> Outcome {
    let toyotas = format!("toyota.{DOMAIN}");
    for (host, expected) in [
        ("honda.localhost".to_owned(), StatusCode::OK),
        ("HONDA.localhost.:1".to_owned(), StatusCode::OK),
        (toyotas.clone(), StatusCode::FORBIDDEN),
        ("volvo.localhost".to_owned(), StatusCode::FORBIDDEN),
        ("localhost".to_owned(), StatusCode::BAD_REQUEST),
        ("a.honda.localhost".to_owned(), StatusCode::MISDIRECTED_REQUEST),
        ("evil-localhost".to_owned(), StatusCode::MISDIRECTED_REQUEST),
        ("honda.localhost.evil.example".to_owned(), StatusCode::MISDIRECTED_REQUEST),
    ] {
        let answer = world.honda().at(&host).get("/api/vehicles").await?;
        assert_eq!(answer.status, expected, "{host}: {answer:?}");
    }
    // Whether there is such a shop is not to be learned.
    let known = world.honda().at(&toyotas).get("/api/vehicles").await?;
    let unknown = world.honda().at("volvo.localhost").get("/api/vehicles").await?;
    assert_eq!((known.status, known.text), (unknown.status, unknown.text));
    Ok(())
}

#[crow_testkit::test]
async fn headers_that_name_another_shop_change_nothing(world: World) -> Outcome {
    let honda = world.honda();
    let expected = honda.get("/api/vehicles").await?.text;
    let id = world.toyota.id.to_string();
    for (name, value) in [
        ("x-tenant-id", id.as_str()),
        ("x-forwarded-host", "toyota.localhost"),
        ("forwarded", "host=toyota.localhost"),
        ("x-original-host", "toyota.localhost"),
        ("x-http-method-override", "DELETE"),
    ] {
        let answer = honda.send(honda.request(Method::GET, "/api/vehicles").header(name, value)).await?;
        assert_eq!(answer.text, expected, "{name}");
    }
    Ok(())
}

fn head(alg: &str) -> Value {
    json!({ "alg": alg, "typ": "JWT", "kid": "demo" })
}

#[crow_testkit::test]
async fn tokens_that_are_not_the_issuers_open_nothing(world: World) -> Outcome {
    let shop = world.honda.id.as_uuid();
    let claims =
        json!({ "iss": ISSUER, "aud": "shops", "sub": "Ada", "shop": shop, "exp": 4_000_000_000_u64 });
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        signed(&head("HS256"), &changed, SECRET)
    };
    let good = signed(&head("HS256"), &claims, SECRET);
    let unsigned = good.rsplit_once('.').ok_or("a token")?.0.to_owned();
    let attacks = [
        ("another secret", signed(&head("HS256"), &claims, "another secret, as long as that one")),
        ("alg: none", signed(&head("none"), &claims, SECRET)),
        ("another algorithm", signed(&head("RS256"), &claims, SECRET)),
        ("no signature", format!("{unsigned}.")),
        ("another key", signed(&json!({ "alg": "HS256", "kid": "other" }), &claims, SECRET)),
        ("expired", with("exp", json!(1_000_000_000))),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("another audience", with("aud", json!("operations"))),
        ("not yet", with("nbf", json!(3_900_000_000_u64))),
        ("no shop", token(&json!({ "aud": "shops", "sub": "Ada" }))),
        ("an operator's", operator_token("Linus")),
        ("none", String::new()),
    ];
    for (why, token) in attacks {
        let answer = world.honda().with(token).get("/api/vehicles").await?;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{why}: {answer:?}");
    }
    let nobody = world.request(Method::GET, "honda.localhost", "/api/vehicles").send().await?;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(world.honda().with(good).get("/api/vehicles").await?.status, StatusCode::OK);
    Ok(())
}

/// A body cannot say for which shop it is.
#[crow_testkit::test]
async fn a_tenant_in_a_body_is_refused(world: World) -> Outcome {
    let honda = world.honda();
    let mut body = corolla();
    body["tenant_id"] = json!(world.toyota.id.as_uuid());
    let refused =
        world.client.execute(honda.request(Method::POST, "/api/vehicles").json(&body).build()?).await?;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    world.toyota().has_all_it_had().await
}

#[crow_testkit::test]
async fn bodies_that_are_too_long_or_none_are_refused(world: World) -> Outcome {
    let honda = world.honda();
    let mut long = corolla();
    long["model"] = json!("x".repeat(10 * 1024 * 1024));
    // The service may hang up before all of it is sent.
    if let Ok(answer) = honda.post("/api/vehicles", &long).await {
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    for (kind, body) in [
        ("application/json", "{"),
        ("application/json", ""),
        ("text/plain", "{}"),
        ("application/json", "\u{0}"),
    ] {
        let request = honda.request(Method::POST, "/api/vehicles").header("content-type", kind).body(body);
        let answer = honda.send(request).await?;
        assert!(answer.status.is_client_error(), "{kind} {body:?}: {answer:?}");
        assert!(answer.json()["code"].is_string(), "{answer:?}");
    }
    honda.has_all_it_had().await
}
