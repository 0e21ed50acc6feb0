//! SQL in every field, of which none is ever taken for SQL.

use reqwest::Method;
use serde_json::json;

use crate::visitor::{Visitor, brakes, corolla};
use crate::world::{Outcome, World};

const SQL: [&str; 6] = [
    "' OR '1'='1",
    "'; DELETE FROM vehicles; --",
    "') UNION SELECT * FROM vehicles --",
    "\\'; SELECT crow.enter('",
    "$1; SELECT set_config('app.current_tenant', 'x', false)",
    "%' OR id IS NOT NULL --",
];

/// Cut to the length that a field may have, so that it comes to the database at all.
fn cut(sql: &str, length: usize) -> String {
    sql.chars().take(length).collect()
}

#[crow_testkit::test]
async fn sql_in_fields_is_kept_as_text(world: World) -> Outcome {
    let honda = world.honda();
    for sql in SQL {
        for (field, length) in [("make", 60), ("model", 60), ("plate", 20)] {
            let mut body = corolla();
            body[field] = json!(cut(sql, length));
            let made = honda.post("/api/vehicles", &body).await?;
            assert_eq!(made.json()[field], body[field], "{made:?}");
            honda.delete(&format!("/api/vehicles/{}", made.json()["id"].as_str().ok_or("an id")?)).await?;
        }
        let mut body = brakes();
        body["work"] = json!(sql);
        let path = format!("/api/vehicles/{}/records", world.honda.vehicles[0].id);
        let made = honda.post(&path, &body).await?;
        assert_eq!(made.json()["work"], sql);
        honda.delete(&format!("/api/records/{}", made.json()["id"].as_str().ok_or("an id")?)).await?;
    }
    honda.has_all_it_had().await?;
    world.toyota().has_all_it_had().await
}

#[crow_testkit::test]
async fn sql_in_parameters_and_paths_finds_nothing(world: World) -> Outcome {
    let honda = world.honda();
    for sql in SQL {
        for path in ["/api/vehicles", "/api/vehicles/x/records"] {
            for name in ["q", "after", "limit", sql] {
                let answer =
                    honda.send(honda.request(Method::GET, path).query(&[(name, cut(sql, 20))])).await?;
                assert!(!answer.status.is_server_error(), "{name}={sql}: {answer:?}");
            }
        }
        let mut url = reqwest::Url::parse(&format!("http://{}/api/vehicles", world.address))?;
        url.path_segments_mut().map_err(|()| "a path")?.push(sql);
        let answer = honda.send(honda.request(Method::GET, url.path())).await?;
        assert_eq!(answer.status, reqwest::StatusCode::NOT_FOUND, "{answer:?}");
        let host: Visitor<'_> = world.honda().at(&format!("{}.localhost", sql.replace(['\\', '\''], "-")));
        let answer = host.get("/api/vehicles").await?;
        assert!(answer.status.is_client_error(), "{answer:?}");
    }
    world.toyota().has_all_it_had().await
}
