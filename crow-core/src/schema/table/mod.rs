//! Tables as a migration creates them.

mod columns;
mod migrations;
mod name;
mod reference;
mod shape;
mod shared;
mod sql;
mod tenant;

pub use self::columns::{Column, Type, UnknownType};
pub use self::migrations::{Table, TableMigration, TableMigrations};
pub use self::name::Name;
pub(super) use self::name::{fits, list, literal, quoted};
pub use self::reference::Reference;
pub use self::shared::SharedTable;
pub(super) use self::sql::fault as sql_fault;
pub use self::tenant::TenantTable;
