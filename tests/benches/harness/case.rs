//! What is measured.

use std::error::Error;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use uuid::Uuid;

use super::network::Network;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// One way to do a piece of work, on a pool of its own.
pub(crate) trait Case: Sized + Send + Sync + 'static {
    /// Opens a pool of [`Site::connections`].
    fn open(site: &Site) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Does it once, from taking a connection out of the pool to giving it back. Returns the id of
    /// the row that it read last.
    fn run(&self, key: Key) -> impl Future<Output = Result<Uuid, Failure>> + Send;
}

/// Some rows of one tenant; a case that reads one row reads the last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) tenant: Uuid,
    pub(crate) ids: [Uuid; 5],
}

impl Key {
    pub(crate) fn last(&self) -> Uuid {
        self.ids[4]
    }
}

/// Where the rows are.
///
/// There are three tables of the same columns and rows: `vehicles`, which crow protects;
/// `unscoped_vehicles`, with no policy; and `set_vehicles`, with the policy that is commonly
/// written, on `app.tenant_id`.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// Of crow's application role.
    pub(crate) crow_url: String,
    /// Of an ordinary role that may read the other two tables.
    pub(crate) url: String,
    pub(crate) connections: usize,
}

impl Site {
    /// The same rows, from beyond a network.
    pub(super) fn beyond(&self, network: &Network) -> Result<Self, Failure> {
        Ok(Self {
            crow_url: network.beyond(&self.crow_url)?,
            url: network.beyond(&self.url)?,
            connections: self.connections,
        })
    }
}

/// A case by its name.
pub(crate) struct Entry {
    pub(super) name: &'static str,
    pub(super) open: fn(Site) -> Opening,
}

type Opening = BoxFuture<'static, Result<Arc<dyn Running>, Failure>>;

impl Entry {
    pub(crate) fn new<C: Case>(name: &'static str) -> Self {
        let open = |site| async move { Ok(Arc::new(C::open(&site).await?) as Arc<dyn Running>) }.boxed();
        Self { name, open }
    }
}

/// A case without its type.
pub(super) trait Running: Send + Sync {
    fn run(&self, key: Key) -> BoxFuture<'_, Result<Uuid, Failure>>;
}

impl<C: Case> Running for C {
    fn run(&self, key: Key) -> BoxFuture<'_, Result<Uuid, Failure>> {
        Case::run(self, key).boxed()
    }
}
