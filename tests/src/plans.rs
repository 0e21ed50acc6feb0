//! Tables of skewed tenants, and what is asked of them: for the benchmark of plans, and the tests that look at them.

use crow_core::Error;
use crow_core::schema::{Column, TableMigrations, TenantTable};

/// Orders twice: in one table, and in 16 partitions.
pub const ORDERS: [&str; 2] = ["orders", "hashed_orders"];

/// How the tables come about.
///
/// # Errors
///
/// None: they are right.
pub fn tables() -> Result<TableMigrations, Error> {
    let orders = |name| {
        TenantTable::new(name)
            .references("customers")
            .column(Column::int4("kind"))
            .column(Column::int8("cents"))
            .column(Column::timestamptz("placed_at"))
            .index(["placed_at"])
    };
    TableMigrations::new()
        .create("1_customers", TenantTable::new("customers").column(Column::text("name")))?
        .create("2_orders", orders(ORDERS[0]))?
        .create("3_hashed_orders", orders(ORDERS[1]).partition_by_tenant_hash(16))
}

/// The tenant of a rank: the first has the most rows, the second half as many, the third a third.
pub fn tenant(rank: usize) -> String {
    key(&rank.to_string())
}

/// SQL for the id of a tenant, order or customer.
pub fn key(name: &str) -> String {
    format!("md5('{name}')::uuid")
}

/// SQL that fills the tables with about so many orders of 1,000 tenants, in no order.
pub fn fill(rows: usize) -> String {
    format!(
        "CREATE TEMPORARY TABLE tenants AS
           SELECT n, md5(n::text)::uuid AS id, ceil({rows} / 7.4855 / n)::int AS size, ceil({rows} / 149.71 / n)::int AS customers
           FROM generate_series(1, 1000) AS n;
         INSERT INTO customers (tenant_id, id, name)
           SELECT id, md5(n || '-' || c)::uuid, 'customer ' || c FROM tenants, generate_series(1, customers) AS c;
         INSERT INTO orders (tenant_id, id, customer_id, kind, cents, placed_at)
           SELECT id, md5(n || '/' || o)::uuid, md5(n || '-' || (1 + o % customers))::uuid, o % 10, o % 1000,
             '2026-01-01'::timestamptz + o * interval '1 minute'
           FROM tenants, generate_series(1, size) AS o ORDER BY md5(n || '/' || o);
         INSERT INTO hashed_orders SELECT * FROM orders;
         VACUUM ANALYZE customers; VACUUM ANALYZE orders; VACUUM ANALYZE hashed_orders"
    )
}

/// A statement of a tenant's, as crow's builder writes it: each table with its own `tenant_id = $1`.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    pub name: &'static str,
    /// `{orders}` stands for one of [`ORDERS`], `$1` for the tenant.
    pub sql: &'static str,
    /// What `$2` is, if it is there: the key of an order or a customer, behind the rank of the tenant.
    pub key: Option<&'static str>,
}

/// What is measured, and looked at.
pub const STATEMENTS: &[Statement] = &[
    Statement {
        name: "by key",
        sql: "SELECT * FROM {orders} WHERE tenant_id = $1 AND id = $2",
        key: Some("/1"),
    },
    Statement {
        name: "list",
        sql: "SELECT * FROM {orders} WHERE tenant_id = $1 ORDER BY placed_at DESC LIMIT 20",
        key: None,
    },
    Statement { name: "count", sql: "SELECT count(*) FROM {orders} WHERE tenant_id = $1", key: None },
    Statement {
        name: "join",
        sql: "SELECT o.id, c.name FROM {orders} AS o JOIN customers AS c ON c.id = o.customer_id AND c.tenant_id = $1 \
              WHERE o.tenant_id = $1 ORDER BY o.placed_at DESC LIMIT 20",
        key: None,
    },
    Statement {
        name: "aggregate",
        sql: "SELECT kind, sum(cents) FROM {orders} WHERE tenant_id = $1 GROUP BY kind",
        key: None,
    },
    Statement {
        name: "insert",
        sql: "INSERT INTO {orders} (tenant_id, customer_id, kind, cents, placed_at) VALUES ($1, $2, 1, 1, now())",
        key: Some("-1"),
    },
];

impl Statement {
    /// As a prepared statement that takes text.
    #[must_use]
    pub fn on(&self, orders: &str) -> String {
        self.sql.replace("{orders}", orders).replace("$1", "$1::text::uuid").replace("$2", "$2::text::uuid")
    }
}
