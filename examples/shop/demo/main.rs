//! Two shops to try: `cargo run --example shop`.

mod shops;

use std::env;
use std::error::Error;
use std::net::Ipv4Addr;

use crow_shop::{Config, Service, log_as_json};
use crow_testkit::TestDb;
use tokio::net::TcpListener;

use shops::{Shop, config, operator_token};

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    log_as_json();
    let db = TestDb::new(MIGRATIONS).await?;
    let honda = [["Honda", "Civic", "HH-CI 1"], ["Honda", "Jazz", "HH-JA 2"]];
    let shops = [
        Shop::open(&db, "honda", &honda).await?,
        Shop::open(&db, "toyota", &[["Toyota", "Yaris", "B-YA 3"]]).await?,
    ];

    let port = env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let config = Config { listen: (Ipv4Addr::LOCALHOST, port).into(), ..config(&db)? };
    let listener = TcpListener::bind(config.listen).await?;
    println!("{}", welcome(&shops, listener.local_addr()?.port()));

    let service = Service::open(config).await?;
    Ok(service.serve(listener, async { _ = tokio::signal::ctrl_c().await }).await?)
}

fn welcome([honda, toyota]: &[Shop; 2], port: u16) -> String {
    let pages = [honda, toyota].map(|shop| {
        format!("  {}: http://{}.localhost:{port}/enter?token={}", shop.slug, shop.slug, shop.token("Ada"))
    });
    let at = |shop: &Shop, path: &str| {
        // curl, unlike browsers, does not always find subdomains of localhost.
        format!("--resolve {0}.localhost:{port}:127.0.0.1 'http://{0}.localhost:{port}{path}'", shop.slug)
    };
    let theirs = toyota.vehicles[0].id;
    format!(
        "Two shops in one database. Their pages:\n{}\n\nTo try in a shell, these first:\n\n  HONDA={}\n  TOYOTA={}\n  OPERATOR={}\n
A shop's own vehicles:\n  curl -H \"Authorization: Bearer $HONDA\" {}\n
Another shop's vehicle is not there:\n  curl -i -H \"Authorization: Bearer $HONDA\" {}\n
A token of another shop opens nothing:\n  curl -i -H \"Authorization: Bearer $TOYOTA\" {}\n
A vehicle comes in:\n  curl -H \"Authorization: Bearer $TOYOTA\" --json '{{\"make\":\"Toyota\",\"model\":\"Corolla\",\"year\":2021,\"plate\":\"B-CO 4\"}}' {}\n
All shops, for an operator, and on record:\n  curl -H \"Authorization: Bearer $OPERATOR\" http://localhost:{port}/admin/shops\n
The night's reminders, now; and what they were for one shop:\n  curl -X POST -H \"Authorization: Bearer $OPERATOR\" http://localhost:{port}/admin/reminders\n  curl -H \"Authorization: Bearer $HONDA\" {}\n
Ready, as far as the audit goes:\n  curl -i http://localhost:{port}/ready\n
Ctrl-C ends it, and nothing is left.\n",
        pages.join("\n"),
        honda.token("Ada"),
        toyota.token("Grace"),
        operator_token("Linus"),
        at(honda, "/api/vehicles?q=civ"),
        at(honda, &format!("/api/vehicles/{theirs}")),
        at(honda, "/api/statistics"),
        at(toyota, "/api/vehicles"),
        at(honda, "/api/reminders"),
    )
}
