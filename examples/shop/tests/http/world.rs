//! A service that listens, and two shops.

use std::net::SocketAddr;

use crow_shop::{Config, Service};
use crow_testkit::{FromTestDb, TestDb};
use reqwest::{Client, Method, RequestBuilder};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::shops::{Shop, config, operator_token};
use crate::visitor::Visitor;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

pub(crate) struct World {
    pub(crate) honda: Shop,
    pub(crate) toyota: Shop,
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
}

impl FromTestDb for World {
    async fn from_test_db(db: &TestDb) -> Outcome<Self> {
        Self::open(db, config(db)?).await
    }
}

impl World {
    pub(crate) async fn open(db: &TestDb, config: Config) -> Outcome<Self> {
        let honda =
            Shop::open(db, "honda", &[["Honda", "Civic", "HH-CI 1"], ["Honda", "Jazz", "HH-JA 2"]]).await?;
        let toyota = Shop::open(db, "toyota", &[["Toyota", "Yaris", "B-YA 3"]]).await?;
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let service = Service::open(config).await?;
        let (stop, stopped) = oneshot::channel();
        let stopped = async { _ = stopped.await };
        let served = tokio::spawn(service.serve(listener, stopped));
        Ok(Self { honda, toyota, address, client: client()?, stop, served })
    }

    /// A request to a host, whatever DNS knows of it.
    pub(crate) fn request(&self, method: Method, host: &str, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).header("host", host)
    }

    /// Somebody with a token of the first shop, whose answers must have nothing of the second.
    pub(crate) fn honda(&self) -> Visitor<'_> {
        Visitor::new(self, &self.honda, &self.toyota)
    }

    pub(crate) fn toyota(&self) -> Visitor<'_> {
        Visitor::new(self, &self.toyota, &self.honda)
    }

    pub(crate) fn operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, "localhost", path).bearer_auth(operator_token("Linus"))
    }
}

pub(crate) fn client() -> Outcome<Client> {
    // Nothing here is encrypted; but with the testkit's download the client can be, and wants to know by whom.
    _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder().redirect(reqwest::redirect::Policy::none()).build()?)
}
