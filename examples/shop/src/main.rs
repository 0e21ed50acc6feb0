//! The service, configured by its environment. `cargo run --example shop` starts it with nothing set up.

use std::error::Error;
use std::process::ExitCode;

use crow_shop::{Config, Service, log_as_json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    log_as_json();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crow-shop: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    };
    let config = Config::from_env()?;
    let listen = config.listen;
    let service = Service::open(config).await?;
    Ok(service.serve(TcpListener::bind(listen).await?, stop).await?)
}
