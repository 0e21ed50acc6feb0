//! What a shop does all day.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::visitor::{brakes, corolla};
use crate::world::{Outcome, World};

#[crow_testkit::test]
async fn a_vehicle_comes_changes_and_goes(world: World) -> Outcome {
    let honda = world.honda();
    let made = honda.post("/api/vehicles", &corolla()).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let path = format!("/api/vehicles/{}", made.json()["id"].as_str().ok_or("an id")?);
    assert_eq!(honda.get(&path).await?.json(), made.json());

    let repainted = json!({ "make": "Toyota", "model": "Corolla", "year": 2022, "plate": "CO 5" });
    assert_eq!(honda.put(&path, &repainted).await?.json()["plate"], "CO 5");
    assert_eq!(honda.get(&path).await?.json()["year"], 2022);

    assert_eq!(honda.delete(&path).await?.status, StatusCode::NO_CONTENT);
    for gone in [honda.get(&path).await?, honda.delete(&path).await?] {
        assert_eq!((gone.status, &gone.json()["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    }
    honda.has_all_it_had().await
}

#[crow_testkit::test]
async fn work_on_a_vehicle_comes_changes_and_goes(world: World) -> Outcome {
    let honda = world.honda();
    let path = format!("/api/vehicles/{}/records", world.honda.vehicles[0].id);
    let made = honda.post(&path, &brakes()).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let record = format!("/api/records/{}", made.json()["id"].as_str().ok_or("an id")?);
    let dearer = json!({ "work": "brakes", "cents": 20_000, "done_on": "2026-03-02" });
    assert_eq!(honda.put(&record, &dearer).await?.json()["cents"], 20_000);
    assert_eq!(honda.get("/api/statistics").await?.json()["cents"], 2 * 4_900 + 20_000);
    assert_eq!(honda.delete(&record).await?.status, StatusCode::NO_CONTENT);
    honda.has_all_it_had().await
}

#[crow_testkit::test]
async fn a_plate_is_one_vehicles_in_a_shop_and_free_in_another(world: World) -> Outcome {
    let honda = world.honda();
    assert_eq!(honda.post("/api/vehicles", &corolla()).await?.status, StatusCode::CREATED);
    let again = honda.post("/api/vehicles", &corolla()).await?;
    assert_eq!((again.status, &again.json()["code"]), (StatusCode::CONFLICT, &json!("plate_taken")));
    assert_eq!(world.toyota().post("/api/vehicles", &corolla()).await?.status, StatusCode::CREATED);
    Ok(())
}

/// Each field, with a value that is just allowed and one that is not any more.
#[crow_testkit::test]
async fn values_keep_the_rules_of_their_fields(world: World) -> Outcome {
    let honda = world.honda();
    for (field, good, bad) in [
        ("make", json!("m".repeat(60)), json!("m".repeat(61))),
        ("model", json!("ü"), json!("")),
        ("year", json!(1886), json!(1885)),
        ("year", json!(2100), json!(2101)),
        ("year", json!(2019.0), json!(2101.0)),
        ("plate", json!("p".repeat(20)), json!("p".repeat(21))),
        ("plate", json!("A\u{a0}1"), json!("A\u{0}1")),
        ("plate", json!("A 1"), json!(" ")),
    ] {
        let mut body = corolla();
        body[field] = bad;
        let refused = honda.post("/api/vehicles", &body).await?;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(refused.json()["fields"][field].is_string(), "{refused:?}");
        body[field] = good;
        let made = honda.post("/api/vehicles", &body).await?;
        assert_eq!(made.status, StatusCode::CREATED, "{body}: {made:?}");
        honda.delete(&format!("/api/vehicles/{}", made.json()["id"].as_str().ok_or("an id")?)).await?;
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "make": 1 }),
        json!({ "make": "a", "model": "b", "year": "c", "plate": "d" }),
        json!({ "make": "a", "model": "b", "year": 2019.5, "plate": "d" }),
    ] {
        assert_eq!(
            honda.post("/api/vehicles", &body).await?.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{body}"
        );
    }
    honda.has_all_it_had().await
}

#[crow_testkit::test]
async fn a_search_finds_what_it_says_and_patterns_are_text(world: World) -> Outcome {
    let honda = world.honda();
    let found = async |q: &str| -> Outcome<Vec<String>> {
        let request = honda.request(reqwest::Method::GET, "/api/vehicles").query(&[("q", q)]);
        let listed = honda.send(request).await?.json();
        let models = listed["vehicles"].as_array().into_iter().flatten();
        Ok(models.filter_map(|vehicle| vehicle["model"].as_str().map(str::to_owned)).collect())
    };
    assert_eq!(found("civ").await?, ["Civic"]);
    assert_eq!(found("HH-").await?, ["Civic", "Jazz"]);
    assert_eq!(found("yaris").await?, [""; 0]);
    for pattern in ["%", "_", r"\", "%i%"] {
        assert_eq!(found(pattern).await?, [""; 0], "{pattern}");
    }
    Ok(())
}

/// Page by page, each once, whatever the size of a page.
async fn pages(list: impl AsyncFn(String) -> Outcome<Value>, rows: &str, key: &str) -> Outcome {
    let all = list("limit=100".into()).await?;
    let all: Vec<_> = all[rows].as_array().into_iter().flatten().map(|row| row[key].clone()).collect();
    assert_eq!(all.len(), 6);
    for limit in [1, 2, 3, 5, 6, 7] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = list(format!("limit={limit}{after}")).await?;
            seen.extend(page[rows].as_array().into_iter().flatten().map(|row| row[key].clone()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={}", next.replace(' ', "%20"));
        }
        assert_eq!(seen, all, "{limit} at a time");
    }
    Ok(())
}

#[crow_testkit::test]
async fn pages_hold_each_row_once(world: World) -> Outcome {
    let honda = world.honda();
    for n in 0..4 {
        let vehicle =
            json!({ "make": "Toyota", "model": "Corolla", "year": 2021, "plate": format!("CO {n}") });
        honda.post("/api/vehicles", &vehicle).await?;
    }
    pages(async |query| Ok(honda.get(&format!("/api/vehicles?{query}")).await?.json()), "vehicles", "plate")
        .await?;

    let path = format!("/api/vehicles/{}/records", world.honda.vehicles[0].id);
    for day in ["2026-03-01", "2026-03-02", "2026-03-02", "2026-03-02", "2026-03-03"] {
        honda.post(&path, &json!({ "work": "oil", "cents": 1, "done_on": day })).await?;
    }
    pages(async |query| Ok(honda.get(&format!("{path}?{query}")).await?.json()), "records", "id").await
}

#[crow_testkit::test]
async fn parameters_that_are_none_are_refused(world: World) -> Outcome {
    let honda = world.honda();
    for query in ["limit=0", "limit=101", "limit=many", "q=", "q=%00", "shop=toyotas", "after=%00"] {
        let refused = honda.get(&format!("/api/vehicles?{query}")).await?;
        assert!(refused.status.is_client_error(), "{query}: {refused:?}");
    }
    let records = format!("/api/vehicles/{}/records", world.honda.vehicles[0].id);
    for query in ["after=yesterday", "after=2026-01-01_1", "limit=-1"] {
        assert_eq!(
            honda.get(&format!("{records}?{query}")).await?.status,
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
    Ok(())
}

#[crow_testkit::test]
async fn numbers_are_the_shops_own(world: World) -> Outcome {
    let numbers = world.honda().get("/api/statistics").await?.json();
    let makes = json!([{ "make": "Honda", "vehicles": 2 }]);
    assert_eq!(numbers, json!({ "vehicles": 2, "records": 2, "cents": 9_800, "makes": makes }));
    Ok(())
}
