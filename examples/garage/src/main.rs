//! `garage migrate` makes the tables, `garage` serves.

use std::env;
use std::error::Error;

use crow_core::TenantPool;
use crow_core::request::{Key, KeySet};
use diesel_async::AsyncMigrationHarness;
use diesel_migrations::MigrationHarness;
use garage::schema::tables;
use tokio::net::TcpListener;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    tracing_subscriber::fmt().init();
    if env::args().nth(1).as_deref() == Some("migrate") { migrate().await } else { serve().await }
}

async fn migrate() -> Outcome {
    let mut database = AsyncMigrationHarness::new(crow_core::connect(&var("DATABASE_URL")?).await?);
    for done in database.run_pending_migrations(tables()?)? {
        println!("{done}");
    }
    Ok(())
}

async fn serve() -> Outcome {
    let keys = KeySet::new(Key::of_jwks(&var("JWKS")?)?)?;
    let pool = TenantPool::builder(var("DATABASE_URL")?).connect().await?;
    let listener = TcpListener::bind(var("LISTEN")?).await?;
    println!("serving on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, garage::router(pool, keys)).await?)
}

fn var(name: &str) -> Outcome<String> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}
