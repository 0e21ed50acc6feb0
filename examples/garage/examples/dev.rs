//! The service with two shops on a database that goes when it ends: `cargo run --example dev`.

use std::error::Error;

use crow_core::request::{Key, KeySet};
use crow_testkit::{Issuer, TestDb};
use garage::schema::tables;
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt().init();
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let db = TestDb::new(tables()).await?;
    let issuer = Issuer::new(garage::ISSUER, garage::AUDIENCE);
    for shop in ["honda", "toyota"] {
        let token = issuer.token(json!({ "shop": db.tenant(shop).id().as_uuid() }));
        println!("{shop}={token}");
    }
    println!("# serving on http://{}", listener.local_addr()?);
    let keys = KeySet::new([Key::hs256("dev", issuer.secret())?])?;
    Ok(axum::serve(listener, garage::router(db.tenant_pool().await?, keys)).await?)
}
