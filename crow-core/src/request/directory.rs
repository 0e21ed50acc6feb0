//! Tenants by their names, looked up and remembered for a while.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;

use super::name::Names;
use crate::error::Error;
use crate::tenant::TenantId;

/// Finds tenants by a lookup of the application's, and keeps what it found, and that it found nothing, for a while.
///
/// However many requests ask for a name at once, it is looked up once. The lookup runs before any tenant is known, so it
/// is for a role that may not enter tenants; [the guide](crate::guide::requests) has the function in SQL for it.
///
/// A clone is the same directory.
///
/// ```
/// # use crow_core::{Error, TenantId, request::Directory};
/// # use std::time::Duration;
/// # async fn shop_by_slug(slug: &str) -> Result<Option<TenantId>, Error> { Ok(None) }
/// let directory = Directory::new(async |slug: String| shop_by_slug(&slug).await)
///     .capacity(50_000)
///     .keep(Duration::from_secs(300));
/// ```
pub struct Directory<F> {
    lookup: Arc<F>,
    bounds: Bounds,
    known: Cache<String, Option<TenantId>>,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    capacity: u64,
    keep: Duration,
    keep_unknown: Duration,
}

impl<F> Directory<F> {
    /// A directory over this lookup, which gives `None` for a name that no tenant has.
    pub fn new<Fut>(lookup: F) -> Self
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<TenantId>, Error>> + Send,
    {
        let bounds =
            Bounds { capacity: 10_000, keep: Duration::from_secs(60), keep_unknown: Duration::from_secs(5) };
        Self { lookup: Arc::new(lookup), bounds, known: bounds.cache() }
    }

    /// The most names to keep; 10 000 by default. Those asked for most often stay.
    pub fn capacity(self, names: u64) -> Self {
        let bounds = Bounds { capacity: names, ..self.bounds };
        self.bounded(bounds)
    }

    /// How long a tenant is kept under its name; 60 seconds by default. So long may a name that was given to another
    /// tenant, or to none, still lead to the old one; whether the principal may act for it is asked each time.
    pub fn keep(self, time: Duration) -> Self {
        let bounds = Bounds { keep: time, ..self.bounds };
        self.bounded(bounds)
    }

    /// How long it is kept that no tenant has a name; 5 seconds by default. So long may a new tenant be unknown.
    pub fn keep_unknown(self, time: Duration) -> Self {
        let bounds = Bounds { keep_unknown: time, ..self.bounds };
        self.bounded(bounds)
    }

    /// Looks the name up again when it is next asked for.
    pub async fn forget(&self, name: &str) {
        self.known.invalidate(name).await;
    }

    fn bounded(self, bounds: Bounds) -> Self {
        Self { lookup: self.lookup, bounds, known: bounds.cache() }
    }
}

impl<F, Fut> Names for Directory<F>
where
    F: Fn(String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<TenantId>, Error>> + Send,
{
    async fn tenant(&self, name: &str) -> Result<Option<TenantId>, Error> {
        let lookup = async { (self.lookup)(name.to_owned()).await };
        self.known.try_get_with_by_ref(name, lookup).await.map_err(|error| Error::clone(&error))
    }
}

impl Bounds {
    fn cache(self) -> Cache<String, Option<TenantId>> {
        Cache::builder().max_capacity(self.capacity).expire_after(self).build()
    }
}

impl Expiry<String, Option<TenantId>> for Bounds {
    fn expire_after_create(&self, _: &String, tenant: &Option<TenantId>, _: Instant) -> Option<Duration> {
        Some(if tenant.is_some() { self.keep } else { self.keep_unknown })
    }
}

impl<F> Clone for Directory<F> {
    fn clone(&self) -> Self {
        Self { lookup: Arc::clone(&self.lookup), bounds: self.bounds, known: self.known.clone() }
    }
}

impl<F> fmt::Debug for Directory<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}
