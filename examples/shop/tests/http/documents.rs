//! What the service says of itself.

use crow_testkit::TestDb;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::world::{Outcome, World};

#[crow_testkit::test]
async fn the_document_has_every_path(world: World) -> Outcome {
    let document: Value =
        world.request(Method::GET, "localhost", "/openapi.json").send().await?.json().await?;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().ok_or("paths")? {
        for (method, operation) in methods.as_object().ok_or("methods")? {
            operations.push(format!("{method} {path}"));
            assert!(operation["responses"]["401"].is_object(), "{method} {path}");
        }
    }
    operations.sort();
    assert_eq!(
        operations,
        [
            "delete /api/records/{id}",
            "delete /api/vehicles/{id}",
            "get /api/reminders",
            "get /api/statistics",
            "get /api/vehicles",
            "get /api/vehicles/{id}",
            "get /api/vehicles/{id}/records",
            "post /api/vehicles",
            "post /api/vehicles/{id}/records",
            "put /api/records/{id}",
            "put /api/vehicles/{id}",
        ]
    );
    Ok(())
}

#[crow_testkit::test]
async fn a_service_on_a_safe_database_is_ready(world: World) -> Outcome {
    for path in ["/health", "/ready"] {
        assert_eq!(
            world.request(Method::GET, "anything", path).send().await?.status(),
            StatusCode::OK,
            "{path}"
        );
    }
    Ok(())
}

#[crow_testkit::test]
async fn a_service_whose_database_was_opened_is_not_ready(world: World, db: &TestDb) -> Outcome {
    let mut superuser = AsyncPgConnection::establish(&db.database().superuser_url()).await?;
    superuser.batch_execute("ALTER TABLE vehicles DISABLE ROW LEVEL SECURITY").await?;
    let answer = world.request(Method::GET, "anything", "/ready").send().await?;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json::<Value>().await?["because"], "audit");
    assert_eq!(world.request(Method::GET, "anything", "/health").send().await?.status(), StatusCode::OK);
    Ok(())
}

#[crow_testkit::test]
async fn paths_that_are_not_there_are_problems(world: World) -> Outcome {
    let honda = world.honda();
    for path in ["/api/invoices", "/api/vehicles/not-an-id", "/admin", "/../etc/passwd"] {
        let answer = honda.get(path).await?;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (StatusCode::NOT_FOUND, &"not_found".into()),
            "{path}"
        );
    }
    Ok(())
}
