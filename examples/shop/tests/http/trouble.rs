//! What goes wrong before a handler is reached, or instead of one, is answered as everything else is.

use std::time::Duration;

use crow_shop::Config;
use crow_testkit::TestDb;
use reqwest::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::shops::config;
use crate::world::{Outcome, World};

/// As programs are told, and as people are.
async fn is_told_to_both(request: RequestBuilder, status: StatusCode, code: &str) -> Outcome {
    let both = request.try_clone().ok_or("it has no body that streams")?;
    for (request, kind, said) in [
        (request, "application/problem+json", format!(r#""code":"{code}""#)),
        (both.header(ACCEPT, "text/html"), "text/html; charset=utf-8", "</h1>".to_owned()),
    ] {
        let answer = request.send().await?;
        let (answered, found) = (answer.status(), answer.headers()[CONTENT_TYPE].to_str()?.to_owned());
        let text = answer.text().await?;
        assert_eq!((answered, &*found), (status, kind), "{text}");
        assert!(text.contains(&said), "no {said} in {text}");
    }
    Ok(())
}

#[crow_testkit::test]
async fn what_cannot_be_read_is_a_problem(world: World) -> Outcome {
    let honda = world.honda();
    let get = |path| honda.request(Method::GET, path);
    let post = |path, kind, body| honda.request(Method::POST, path).header(CONTENT_TYPE, kind).body(body);
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (request, status, code) in [
        (get("/api/vehicles?limit=many"), StatusCode::BAD_REQUEST, "unreadable"),
        (get("/api/vehicles?limit=1&limit=2"), StatusCode::BAD_REQUEST, "unreadable"),
        (get("/api/vehicles/1"), StatusCode::NOT_FOUND, "not_found"),
        (get("/api/vehicles/%ff"), StatusCode::NOT_FOUND, "not_found"),
        (get("/api/vehicles/a/b/c"), StatusCode::NOT_FOUND, "not_found"),
        (post("/api/vehicles", json, "{"), StatusCode::BAD_REQUEST, "unreadable"),
        (post("/api/vehicles", form, "{}"), StatusCode::UNSUPPORTED_MEDIA_TYPE, "unreadable"),
        (post("/api/vehicles", json, "{}"), StatusCode::UNPROCESSABLE_ENTITY, "unreadable"),
        (post("/", json, "{}"), StatusCode::UNSUPPORTED_MEDIA_TYPE, "unreadable"),
        (post("/", form, "make=%ff&make=x"), StatusCode::UNPROCESSABLE_ENTITY, "unreadable"),
    ] {
        is_told_to_both(request, status, code).await?;
    }
    Ok(())
}

#[crow_testkit::test]
async fn a_method_that_an_address_does_not_have_is_a_problem(world: World) -> Outcome {
    let honda = world.honda();
    for (path, allowed) in
        [("/api/vehicles", "GET,HEAD,POST"), ("/", "GET,HEAD,POST"), ("/health", "GET,HEAD")]
    {
        let request = || honda.request(Method::PATCH, path);
        is_told_to_both(request(), StatusCode::METHOD_NOT_ALLOWED, "method").await?;
        assert_eq!(request().send().await?.headers()[ALLOW], allowed, "{path}");
    }
    Ok(())
}

/// A body that does not come is waited for so long and no longer.
#[crow_testkit::test]
async fn a_request_that_takes_too_long_is_a_problem(db: TestDb) -> Outcome {
    let config = Config { answer_within: Duration::from_millis(200), ..config(&db)? };
    let world = World::open(&db, config).await?;
    for (accepted, kind) in [("*/*", "application/problem+json"), ("text/html", "text/html; charset=utf-8")] {
        let head = format!(
            "POST /api/vehicles HTTP/1.1\r\nHost: honda.localhost\r\nAuthorization: Bearer {}\r\nAccept: {accepted}\r\n\
             Content-Type: application/json\r\nContent-Length: 10\r\nConnection: close\r\n\r\n",
            world.honda.token("Ada"),
        );
        let mut slow = TcpStream::connect(world.address).await?;
        slow.write_all(format!("{head}01234").as_bytes()).await?;
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await?;
        assert!(answer.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"), "{answer}");
        assert!(answer.contains(&format!("content-type: {kind}\r\n")), "{answer}");
        assert!(answer.contains("Look whether it was done before you ask again."), "{answer}");
    }
    Ok(())
}

/// Who connects and does not ask is hung up on, whether nothing comes or a byte now and then.
#[crow_testkit::test]
async fn a_client_that_does_not_finish_its_header_is_hung_up_on(db: TestDb) -> Outcome {
    let config = Config { ask_within: Duration::from_millis(200), ..config(&db)? };
    let world = World::open(&db, config).await?;
    for header in ["", "GET /health HTTP/1.1\r\nHost: x\r\n"] {
        let (mut reading, mut writing) = TcpStream::connect(world.address).await?.into_split();
        writing.write_all(header.as_bytes()).await?;
        let drips = async {
            while !header.is_empty() && writing.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            std::future::pending().await
        };
        let mut answer = Vec::new();
        tokio::select! {
            // With an error, if a byte was still under way.
            _ = reading.read_to_end(&mut answer) => {}
            () = drips => {}
        }
        assert_eq!(String::from_utf8_lossy(&answer), "");
    }
    Ok(())
}
