//! Tables come from files, from descriptions in Rust, and from programs.

use crow_core::schema::{Column, TableMigrations, TenantTable};
use crow_core::{TenantId, TenantPool};
use crow_testkit::{Error, Schema, TestDb};
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations, embed_migrations};

use crate::arguments::text;

const EMBEDDED: EmbeddedMigrations = embed_migrations!("../examples/migrations");

/// How many of the two tables are there.
const TABLES: &str =
    "SELECT count(*)::text AS text FROM information_schema.tables WHERE table_name IN ('vehicles', 'lifts')";

fn lifts() -> Result<TableMigrations, crow_core::Error> {
    TableMigrations::new().create("1_create_lifts", TenantTable::new("lifts").column(Column::text("name")))
}

#[crow_testkit::test(migrations = lifts())]
async fn tables_described_in_rust(pool: TenantPool, shop: TenantId) -> Result<(), crow_core::Error> {
    let sql = "INSERT INTO lifts (name) VALUES ('left') RETURNING name AS text";
    assert_eq!(text(&pool, shop, sql).await?, "left");
    Ok(())
}

#[tokio::test]
async fn tables_that_cannot_be_are_said_to_be_so() {
    let nameless = TableMigrations::new().create("1_create_lifts", TenantTable::new(""));
    let Err(error @ Error::Tables(_)) = TestDb::new(nameless).await else { panic!("there is no such table") };
    assert!(error.to_string().contains("cannot create table"), "{error}");
}

#[crow_testkit::test(migrations = EMBEDDED)]
async fn migrations_that_are_embedded(pool: TenantPool, shop: TenantId) -> Result<(), crow_core::Error> {
    assert_eq!(text(&pool, shop, TABLES).await?, "1");
    Ok(())
}

#[crow_testkit::test(migrations = Schema::source(FileBasedMigrations::from_path("../examples/migrations").expect("a directory")))]
async fn migrations_of_any_source(pool: TenantPool, shop: TenantId) -> Result<(), crow_core::Error> {
    assert_eq!(text(&pool, shop, TABLES).await?, "1");
    Ok(())
}
