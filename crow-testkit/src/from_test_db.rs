//! What a test can take as an argument.

use crow_core::{AdminPool, TenantId, TenantPool};

use crate::{Proxy, Tenant, TestDb};

/// An argument of a [`test`](crate::test), made from the test's database.
///
/// [`TestDb`] is one, and so are [`TenantPool`] and [`AdminPool`], which are the database's, [`Tenant`] and [`TenantId`],
/// new tenants without rows, and arrays of these, and a [`Proxy`] before the application's URL. A project adds its own: what many tests begin with is made once.
///
/// ```no_run,test_harness
/// use crow_core::{TenantId, TenantPool};
/// use crow_testkit::{FromTestDb, TestDb};
///
/// /// Two shops.
/// struct Shops {
///     pool: TenantPool,
///     honda: TenantId,
///     toyota: TenantId,
/// }
///
/// impl FromTestDb for Shops {
///     async fn from_test_db(db: &TestDb) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(Self { pool: db.tenant_pool().await?, honda: db.new_tenant(), toyota: db.new_tenant() })
///     }
/// }
///
/// #[crow_testkit::test]
/// async fn shops_are_not_one(shops: &Shops) {
///     assert_ne!(shops.honda, shops.toyota);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a test cannot take an argument of type `{Self}`",
    label = "cannot be made from a test's database",
    note = "it can take `TestDb`, `TenantPool`, `AdminPool`, `Tenant`, `TenantId`, `[Tenant; N]`, `Proxy`",
    note = "implement `crow_testkit::FromTestDb` for a type of your own"
)]
pub trait FromTestDb: Sized {
    /// Makes the argument. An error fails the test before it begins.
    fn from_test_db(
        db: &TestDb,
    ) -> impl Future<Output = Result<Self, Box<dyn std::error::Error + Send + Sync>>>;
}

type Made<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

impl FromTestDb for TestDb {
    async fn from_test_db(db: &TestDb) -> Made<Self> {
        Ok(db.clone())
    }
}

impl FromTestDb for TenantPool {
    async fn from_test_db(db: &TestDb) -> Made<Self> {
        Ok(db.tenant_pool().await?)
    }
}

impl FromTestDb for AdminPool {
    async fn from_test_db(db: &TestDb) -> Made<Self> {
        Ok(db.admin_pool().await?)
    }
}

impl FromTestDb for TenantId {
    async fn from_test_db(db: &TestDb) -> Made<Self> {
        Ok(db.new_tenant())
    }
}

impl<const N: usize> FromTestDb for [TenantId; N] {
    async fn from_test_db(db: &TestDb) -> Made<Self> {
        Ok(std::array::from_fn(|_| db.new_tenant()))
    }
}

/// Before the URL of the application's role.
impl FromTestDb for Proxy {
    async fn from_test_db(db: &TestDb) -> Made<Self> {
        Ok(Self::start(&db.tenant_url())?)
    }
}

impl FromTestDb for Tenant {
    async fn from_test_db(db: &TestDb) -> Made<Self> {
        Ok(db.next_tenant())
    }
}

impl<const N: usize> FromTestDb for [Tenant; N] {
    async fn from_test_db(db: &TestDb) -> Made<Self> {
        Ok(std::array::from_fn(|_| db.next_tenant()))
    }
}
