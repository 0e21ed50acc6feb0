//! Shops by their subdomains, looked up before any tenant is known.

use crow_core::{Error, TenantId};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Connections of a role that may ask the one question below, and cannot enter a tenant.
#[derive(Clone)]
pub(crate) struct Shops(Pool<AsyncPgConnection>);

#[diesel::declare_sql_function]
extern "SQL" {
    fn shop_by_slug(slug: diesel::sql_types::Text) -> diesel::sql_types::Nullable<diesel::sql_types::Uuid>;
}

impl Shops {
    /// Asks once, so that a service that could let nobody in does not start.
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let pool = Pool::builder(AsyncDieselConnectionManager::new(url)).max_size(2).build();
        let shops = Self(pool.map_err(|error| Error::Invalid(error.to_string()))?);
        shops.by_slug("").await?;
        Ok(shops)
    }

    pub(crate) async fn by_slug(&self, slug: &str) -> Result<Option<TenantId>, Error> {
        let mut conn = self.0.get().await.map_err(|error| {
            Error::Connection(format!("cannot look up shops at the URL of SHOP_OPEN_URL: {error}"))
        })?;
        let shop: Option<Uuid> = diesel::select(shop_by_slug(slug)).get_result(&mut conn).await?;
        Ok(shop.map(TenantId::try_from).transpose()?)
    }
}
