//! Arguments are made by their types.

use std::error::Error;

use crow_core::{Access, AdminPool, TenantId, TenantPool};
use crow_testkit::{FromTestDb, TestDb};
use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;

#[derive(QueryableByName)]
pub(crate) struct TextRow {
    #[diesel(sql_type = Text)]
    text: String,
}

/// The column `text` of the only row, as a tenant sees it.
pub(crate) async fn text(pool: &TenantPool, tenant: TenantId, sql: &str) -> Result<String, crow_core::Error> {
    pool.scope(tenant, async |db| {
        db.rls_only(sql_query(sql)).get_result(db).await.map(|row: TextRow| row.text)
    })
    .await
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn pools_are_those_of_the_database(
    db: TestDb,
    tenants: TenantPool,
    admin: AdminPool,
    shop: TenantId,
) -> Result<(), Box<dyn Error>> {
    let sql = "SELECT current_user || ' of ' || current_database() AS text";
    let name = db.database().name();
    assert_eq!(text(&tenants, shop, sql).await?, format!("crow_app of {name}"));
    let mut conn = admin.get(Access::new("a test", "to look who it is")).await?;
    let row: TextRow = sql_query(sql).get_result(&mut conn).await?;
    assert_eq!(row.text, format!("crow_admin of {name}"));
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn tenants_are_all_different(one: TenantId, [two, three]: [TenantId; 2], db: &TestDb) {
    let mut all = [one, two, three, db.new_tenant()];
    all.sort();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn an_argument_is_taken_by_value_or_by_reference(
    one: TestDb,
    other: &TestDb,
    mut shop: TenantId,
    last: &mut TenantId,
) {
    assert_eq!(one.database().name(), other.database().name());
    std::mem::swap(&mut shop, last);
}

/// What a project adds.
struct Shop {
    pool: TenantPool,
    id: TenantId,
}

impl FromTestDb for Shop {
    async fn from_test_db(db: &TestDb) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let shop = Self { pool: db.tenant_pool().await?, id: db.new_tenant() };
        let sql = "INSERT INTO vehicles (make, model, year, plate) VALUES ('Honda', 'Jazz', 2020, 'A 1') RETURNING plate AS text";
        text(&shop.pool, shop.id, sql).await?;
        Ok(shop)
    }
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn an_argument_of_ones_own_comes_with_its_rows(
    shop: &Shop,
    other: Shop,
) -> Result<(), crow_core::Error> {
    let sql = "SELECT string_agg(model, ' ') AS text FROM vehicles";
    assert_eq!(text(&shop.pool, shop.id, sql).await?, "Jazz");
    assert_eq!(text(&shop.pool, other.id, sql).await?, "Jazz");
    assert_ne!(shop.id, other.id);
    Ok(())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn nothing_need_be_taken() {}
