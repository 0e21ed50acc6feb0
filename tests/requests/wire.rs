//! The same over real connections, with a server that parses what is sent and knows who is at the other end.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use axum::routing::{any, post};
use crow_core::request::{ByUuid, Jwt, TenantLayer, TrustedHeader};
use crow_core::{Error, TenantPool, TenantScope};
use crow_examples::MIGRATIONS;
use crow_examples::models::Vehicle;
use crow_testkit::TestDb;
use diesel::sql_query;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message as Sent};

use crate::Outcome;
use crate::issuer::Signer;
use crate::service::{Shops, Staff, everybody, jwt};

const HONDA: &str = "honda.shops.example.com";

async fn serve(service: Router) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(address)
}

/// What the server answers to these bytes.
async fn answer(address: SocketAddr, request: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(address).await?;
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    // A server that has seen enough answers and closes while the rest is being sent.
    let (_, read) = tokio::join!(writer.write_all(request.as_bytes()), reader.read_to_end(&mut answer));
    if answer.is_empty() {
        read?;
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn get(target: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n")
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn hosts_as_they_are_sent(shops: Shops) -> Outcome {
    let address = serve(shops.guarded()).await?;
    let ada = format!("Authorization: Bearer {}", shops.ada());
    let (honda, toyota) = ("Host: honda.shops.example.com", "Host: toyota.shops.example.com");
    for (target, headers, expected) in [
        ("/vehicles", &[honda, &ada][..], " 200 "),
        ("http://honda.shops.example.com/vehicles", &[honda, &ada], " 200 "),
        ("/vehicles", &[toyota, &ada], " 403 "),
        ("/vehicles", &[honda, toyota, &ada], " 400 "),
        ("/vehicles", &[honda, honda, &ada], " 400 "),
        ("/vehicles", &["Host: honda.shops.example.com, toyota.shops.example.com", &ada], " 400 "),
        ("http://toyota.shops.example.com/vehicles", &[honda, &ada], " 400 "),
        ("/vehicles", &[honda, "Host : toyota.shops.example.com", &ada], " 400 "),
        ("/vehicles", &["Host:", &ada], " 400 "),
        ("/vehicles", &[&ada], " 400 "),
        ("/vehicles", &[honda, &ada, &ada], " 400 "),
    ] {
        let answer = answer(address, &get(target, headers)).await?;
        let status = answer.lines().next().unwrap_or_default();
        assert!(status.contains(expected), "{target} {headers:?}: {status}");
        assert!(!answer.contains("Toyota"), "{answer}");
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn ten_megabytes_in_a_header(shops: Shops) -> Outcome {
    let address = serve(shops.guarded()).await?;
    let ada = format!("Authorization: Bearer {}", shops.ada());
    let large = "x".repeat(10 << 20);
    for header in [
        format!("Host: {large}.shops.example.com"),
        format!("Authorization: Bearer {large}"),
        format!("Cookie: {large}"),
    ] {
        let answer = answer(address, &get("/vehicles", &["Host: honda.shops.example.com", &header])).await;
        let refused = answer.map_or(true, |answer| answer.contains(" 431 ") || answer.contains(" 400 "));
        assert!(refused, "{}", &header[..40]);
    }
    let answer = answer(address, &get("/vehicles", &["Host: honda.shops.example.com", &ada])).await?;
    assert!(answer.ends_with("Honda"), "{answer}");
    Ok(())
}

/// Who is at the other end is what the server saw, not what the request says.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_proxy_is_known_by_its_connection(shops: Shops) -> Outcome {
    for (proxy, expected) in [("127.0.0.1", " 200 "), ("10.0.0.7", " 400 ")] {
        let header = TrustedHeader::new("x-tenant", [proxy], ByUuid)?;
        let address = serve(shops.serve(jwt(), header, everybody)).await?;
        let ada = format!("Authorization: Bearer {}", shops.ada());
        let tenant = format!("X-Tenant: {}", shops.toyota);
        let headers = ["Host: x", &ada, &tenant, "X-Forwarded-For: 10.0.0.7", "Forwarded: for=10.0.0.7"];
        let answer = answer(address, &get("/vehicles", &headers)).await?;
        assert!(answer.contains(expected), "{proxy}: {answer}");
    }
    Ok(())
}

/// Each message is answered from a scope of its own; between them the socket holds no connection.
async fn makes(socket: WebSocketUpgrade, shop: TenantScope) -> Response {
    async fn answers(mut socket: WebSocket, shop: TenantScope) {
        while let Some(Ok(Message::Text(make))) = socket.recv().await {
            let found = shop
                .run(async |db| {
                    let vehicles: Vec<Vehicle> = db.query().load(db).await?;
                    Ok::<_, Error>(vehicles.iter().filter(|vehicle| vehicle.make == make.as_str()).count())
                })
                .await;
            let answer = found.map_or_else(|error| error.to_string(), |count| count.to_string());
            if socket.send(answer.into()).await.is_err() {
                return;
            }
        }
    }
    socket.on_upgrade(move |socket| answers(socket, shop))
}

fn layered(pool: TenantPool, shops: &Shops, tokens: Jwt<Staff>, service: Router) -> Router {
    service.layer(TenantLayer::new(pool, tokens, shops.subdomain(), shops.members()))
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_websocket_stays_with_its_tenant(shops: Shops) -> Outcome {
    let service = Router::new().route("/makes", any(makes));
    let address = serve(layered(shops.pool.clone(), &shops, jwt().or_cookie("session"), service)).await?;
    let connect = async |headers: &[(&'static str, String)]| {
        let mut request = format!("ws://{HONDA}/makes").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse()?);
        }
        let stream = TcpStream::connect(address).await?;
        Outcome::Ok(client_async(request, stream).await)
    };
    let cookie = |origin: &str| {
        [("cookie", format!("session={}", Signer::EdDsa.token("ada", None))), ("origin", origin.to_owned())]
    };
    let own = cookie("http://honda.shops.example.com");
    for headers in [&[("authorization", format!("Bearer {}", shops.ada()))][..], &own] {
        let (mut socket, _) = connect(headers).await??;
        for (make, count) in [("Honda", "1"), ("Toyota", "0")] {
            socket.send(Sent::text(make)).await?;
            assert_eq!(socket.next().await.ok_or("an answer")??.into_text()?.as_str(), count);
            assert_eq!(shops.pool.status().in_use, 0);
        }
    }
    for headers in [&[][..], &cookie("http://toyota.shops.example.com")] {
        match connect(headers).await? {
            Err(tungstenite::Error::Http(answer)) => assert!(answer.status().is_client_error(), "{answer:?}"),
            other => panic!("{other:?}"),
        }
    }
    Ok(())
}

/// On the pool's one connection.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_client_that_is_slow_or_gone_keeps_no_connection(db: &TestDb, shops: Shops) -> Outcome {
    let pool = TenantPool::builder(db.tenant_url()).max_size(1).connect().await?;
    let sleeps = async |shop: TenantScope| {
        shop.run(async |db| db.rls_only(sql_query("SELECT pg_sleep(60)")).execute(db).await.map(drop)).await
    };
    let echo = async |shop: TenantScope, body: String| {
        let count = shop.run(async |db| db.query::<Vehicle>().count(db).await).await?;
        Ok::<_, Error>(format!("{count} {body}"))
    };
    let service = Router::new().route("/sleeps", post(sleeps)).route("/echo", post(echo));
    let address = serve(layered(pool.clone(), &shops, jwt(), service)).await?;
    let head = |path: &str| {
        let ada = shops.ada();
        format!(
            "POST {path} HTTP/1.1\r\nHost: {HONDA}\r\nConnection: close\r\nAuthorization: Bearer {ada}\r\n\
             Content-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
        )
    };

    let mut slow = TcpStream::connect(address).await?;
    slow.write_all(format!("{}01234", head("/echo")).as_bytes()).await?;
    let mut gone = TcpStream::connect(address).await?;
    gone.write_all(format!("{}0123456789", head("/sleeps")).as_bytes()).await?;
    timeout(Duration::from_secs(5), async {
        while pool.status().in_use == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await?;
    drop(gone);
    timeout(Duration::from_secs(5), async {
        while pool.status().in_use > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await?;
    slow.write_all(b"56789").await?;
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await?;
    assert!(answer.ends_with("1 0123456789"), "{answer}");
    Ok(())
}
