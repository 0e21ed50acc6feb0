//! The isolation suite of crow-testkit: on models whose tables are protected, where every attack has to fail, and on schemas
//! that lack one protection, where one has to succeed.

mod broken;
mod events;
mod shapes;

/// By their tables.
mod every_model {
    crow_testkit::isolation!(migrations = "isolation/migrations");
}
