//! The program itself, configured by its environment.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crow_testkit::TestDb;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::StatusCode;
use reqwest::header::HOST;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

use crate::shops::{ISSUER, Shop};
use crate::visitor::corolla;
use crate::world::{Outcome, client};

type Environment = BTreeMap<&'static str, String>;

const JOB_SECRET: &str = "what the program signs its jobs with";

/// What the identity provider signs with.
fn provider() -> Outcome<Ed25519KeyPair> {
    Ok(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).map_err(|_| "no seed")?)
}

fn token(shop: &Shop) -> Outcome<String> {
    let part = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let claims = json!({ "iss": ISSUER, "aud": "shops", "exp": 32_503_680_000_u64, "sub": "Ada", "shop": shop.id.as_uuid() });
    let text = format!("{}.{}", part(json!({ "alg": "EdDSA", "kid": "id-1" })), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(provider()?.sign(text.as_bytes()));
    Ok(format!("{text}.{signature}"))
}

fn environment(db: &TestDb) -> Outcome<Environment> {
    let key = URL_SAFE_NO_PAD.encode(provider()?.public_key());
    let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "id-1", "x": key }] });
    Ok(BTreeMap::from([
        ("SHOP_LISTEN", "127.0.0.1:0".into()),
        ("SHOP_TENANT_URL", db.tenant_url()),
        ("SHOP_ADMIN_URL", db.admin_url()),
        ("SHOP_OPEN_URL", db.database().url("crow_open")),
        ("SHOP_DOMAIN", "localhost".into()),
        ("SHOP_ISSUER", ISSUER.into()),
        ("SHOP_JWKS", keys.to_string()),
        ("SHOP_JOB_KEY_ID", "2026-11".into()),
        ("SHOP_JOB_SECRET", JOB_SECRET.into()),
    ]))
}

fn program(environment: &Environment) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_crow-shop"));
    program.env_clear().envs(environment).stdin(Stdio::null()).kill_on_drop(true);
    program
}

/// The program while it runs.
struct Running {
    process: Child,
    log: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Running {
    async fn start(environment: &Environment) -> Outcome<Self> {
        let mut process = program(environment).stdout(Stdio::piped()).spawn()?;
        let mut log = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
        let line = log.next_line().await?.ok_or("it ended before it listened")?;
        let line: Value = serde_json::from_str(&line)?;
        assert_eq!(line["message"], "listening");
        let address = line["address"].as_str().ok_or("no address")?.to_owned();
        Ok(Self { process, log, address })
    }

    async fn get(&self, path: &str, shop: &Shop) -> Outcome<StatusCode> {
        let request = client()?.get(format!("http://{}{path}", self.address));
        let host = format!("{}.localhost", shop.slug);
        Ok(request.header(HOST, host).bearer_auth(token(shop)?).send().await?.status())
    }

    fn terminate(&self) -> Outcome {
        let id = self.process.id().ok_or("it has ended")?;
        Ok(kill(Pid::from_raw(id.try_into()?), Signal::SIGTERM)?)
    }

    /// What it has logged when it has ended, which it did without a fault.
    async fn end(mut self) -> Outcome<Vec<Value>> {
        let mut lines = Vec::new();
        while let Some(line) = self.log.next_line().await? {
            lines.push(serde_json::from_str(&line)?);
        }
        let status = self.process.wait().await?;
        assert!(status.success(), "{status}: {lines:#?}");
        Ok(lines)
    }
}

#[crow_testkit::test]
async fn the_program_serves_its_shops_and_ends_with_what_is_under_way(db: TestDb) -> Outcome {
    let honda = Shop::open(&db, "honda", &[["Honda", "Civic", "HH-CI 1"]]).await?;
    let toyota = Shop::open(&db, "toyota", &[["Toyota", "Yaris", "B-YA 3"]]).await?;
    let running = Running::start(&environment(&db)?).await?;
    for (path, shop, status) in [
        ("/ready", &honda, StatusCode::OK),
        ("/api/vehicles", &honda, StatusCode::OK),
        ("/api/vehicles", &toyota, StatusCode::OK),
        (&*format!("/api/vehicles/{}", honda.vehicles[0].id), &toyota, StatusCode::NOT_FOUND),
    ] {
        assert_eq!(running.get(path, shop).await?, status, "{path} of {}", shop.slug);
    }

    let body = corolla().to_string();
    let head = format!(
        "POST /api/vehicles HTTP/1.1\r\nHost: toyota.localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        token(&toyota)?,
        body.len(),
    );
    let mut connection = BufReader::new(TcpStream::connect(&running.address).await?);
    connection.write_all(head.as_bytes()).await?;
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    // The handler is there, and asks for the rest.
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    running.terminate()?;
    while TcpStream::connect(&running.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    connection.write_all(body.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("\r\nHTTP/1.1 201 Created\r\n"), "{answer}");

    let log = running.end().await?;
    let answers = || log.iter().filter(|line| line["target"] == "tower_http::trace::on_response");
    let of = |shop: &Shop| {
        let tenant = json!(shop.id.as_uuid());
        answers().filter(|line| line["spans"][0]["tenant"] == tenant).count()
    };
    assert_eq!((of(&honda), of(&toyota)), (1, 3), "{log:#?}");
    assert!(log.last().is_some_and(|line| line["message"] == "closed" && line["left"] == 0), "{log:#?}");
    assert!(!format!("{log:?}").contains(&token(&toyota)?));
    Ok(())
}

#[crow_testkit::test]
async fn a_program_that_cannot_start_says_why(db: TestDb) -> Outcome {
    let right = environment(&db)?;
    let optional = |name: &&&str| **name == "SHOP_LISTEN";
    let missing =
        right.keys().filter(|name| !optional(name)).map(|name| (*name, None, format!("{name} is not set")));
    let nobody = "postgresql://crow_app:s3cret@127.0.0.1:1/shops";
    let wrong = [
        (
            "SHOP_LISTEN",
            "everywhere, s3cret".to_owned(),
            "SHOP_LISTEN cannot be used: invalid socket address",
        ),
        ("SHOP_JWKS", "s3cret".into(), "SHOP_JWKS cannot be used: "),
        ("SHOP_JOB_SECRET", "s3cret".into(), "needs 32: make one with `openssl rand -hex 32`"),
        ("SHOP_DOMAIN", "s3cret.example.com:8080".into(), "write `shops.example.com`, without a port"),
        ("SHOP_TENANT_URL", nobody.into(), "cannot connect to database shops as crow_app"),
        ("SHOP_ADMIN_URL", nobody.into(), "cannot connect to database shops as crow_app"),
        ("SHOP_OPEN_URL", nobody.into(), "SHOP_OPEN_URL"),
        ("SHOP_TENANT_URL", db.database().superuser_url(), "this database is not safe to open"),
    ];
    let wrong = wrong.into_iter().map(|(name, value, why)| (name, Some(value), why.to_owned()));
    for (name, value, why) in missing.chain(wrong) {
        let mut environment = right.clone();
        environment.remove(name);
        environment.extend(value.map(|value| (name, value)));
        let ended = program(&environment).output().await?;
        let said = String::from_utf8(ended.stderr)?;
        assert_eq!(ended.status.code(), Some(1), "{name}: {said}");
        assert!(said.starts_with("crow-shop: ") && said.contains(&why), "{name}: {said}");
        let logged = String::from_utf8(ended.stdout)?;
        assert!(!format!("{said}{logged}").contains("s3cret"), "{name}: {said}{logged}");
        assert!(!said.contains(JOB_SECRET), "{name}: {said}");
    }
    Ok(())
}
