//! Services, each a process of its own that runs this program.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::{env, future, io, net};

use crow_shop::{Service, log_as_json};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::network::Network;
use crate::shops::config_at;
use crate::stock::Stock;
use crate::{Outcome, Way, twin};

/// Says to a process of this program what it serves.
const SERVES: &str = "CROW_LOAD_SERVES";
const URLS: &str = "CROW_LOAD_URLS";

/// Where the database is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Urls {
    pub(crate) tenant: String,
    admin: String,
    open: String,
    by_where: String,
    by_steps: String,
}

impl Urls {
    pub(crate) fn of(stock: &Stock) -> Self {
        Self {
            tenant: stock.db.tenant_url(),
            admin: stock.db.admin_url(),
            open: stock.db.open_url(),
            by_where: stock.url(Way::Where),
            by_steps: stock.url(Way::Steps),
        }
    }

    pub(crate) fn beyond(&self, network: &Network) -> Outcome<Self> {
        Ok(Self {
            tenant: network.beyond(&self.tenant)?,
            admin: network.beyond(&self.admin)?,
            open: network.beyond(&self.open)?,
            by_where: network.beyond(&self.by_where)?,
            by_steps: network.beyond(&self.by_steps)?,
        })
    }
}

/// A service that runs until this is dropped.
pub(crate) struct Running {
    pub(crate) way: Way,
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is gone already, or goes.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

pub(crate) fn start_all(urls: &Urls) -> Outcome<Vec<Running>> {
    Way::ALL.into_iter().map(|way| start(way, urls)).collect()
}

/// The service is given its listener as its standard input, so that those who come before it is ready wait in line.
fn start(way: Way, urls: &Urls) -> Outcome<Running> {
    let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let process = Command::new(env::current_exe()?)
        .env(SERVES, way.name())
        .env(URLS, serde_json::to_string(urls)?)
        .stdin(OwnedFd::from(listener))
        .stdout(Stdio::null())
        .spawn()?;
    Ok(Running { way, address, process })
}

/// What this process is to serve, if it is a service.
pub(crate) fn asked_for() -> Outcome<Option<(Way, Urls)>> {
    let Ok(name) = env::var(SERVES) else { return Ok(None) };
    let way = Way::ALL.into_iter().find(|way| way.name() == name).ok_or("there is no such way to serve")?;
    Ok(Some((way, serde_json::from_str(&env::var(URLS)?)?)))
}

/// Serves for ever, with the log that the shop has by default.
pub(crate) async fn serve(way: Way, urls: Urls) -> Outcome {
    log_as_json();
    let listener = net::TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    match way {
        Way::Crow => {
            let service = Service::open(config_at(urls.tenant, urls.admin, urls.open)?).await?;
            service.serve(listener, future::pending()).await?;
        }
        Way::Where => axum::serve(listener, twin::by_where(&urls.by_where)?).await?,
        Way::Steps => axum::serve(listener, twin::by_steps(&urls.by_steps)?).await?,
    }
    Ok(())
}
