//! A SaaS for repair shops: the schema, models and migrations that crow's examples and tests share.

#![allow(missing_docs)]

pub mod models;
pub mod schema;

/// The migrations, for diesel's harness or the diesel CLI. They expect the crow schema.
pub const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
