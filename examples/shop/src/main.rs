//! The service, configured by its environment. `cargo run --example shop` starts it with nothing set up.

use std::error::Error;
use std::net::Ipv4Addr;

use crow_shop::{Config, Service, log_as_json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    log_as_json();
    let service = Service::open(Config::from_env()?).await?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).await?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    };
    Ok(service.serve(listener, stop).await?)
}
