//! The statements of a tenant scope.
//!
//! Every predicate is checked when it is added, against the tables that the statement has by
//! then, and is a plain piece of SQL from there on. So the type of a statement says only what it
//! reads and which row it gives: filters can be added in loops, and a query can be named,
//! returned and passed on.

mod aggregate;
mod any_of;
mod assign;
mod clauses;
mod combine;
mod condition;
mod insert;
mod join;
mod key;
mod label;
mod load;
mod lock;
mod modifier;
mod raw;
mod row;
mod select;
mod statement;
mod subquery;
mod update;
mod upsert;
mod window;
mod write;

pub use aggregate::{Aggregate, aggregate};
pub use any_of::{AnyOf, AnyValue, any_of};
pub use assign::{
    Assigns, Changes, ColumnsOf, Derived, InPlace, Inline, NewRows, NotTheTenant, RowSet, Rows, Sets,
    Several, Single,
};
pub use combine::Combined;
pub use condition::Condition;
pub use insert::InsertInto;
pub use join::{Joined, Joins};
pub use key::{Key, KeyValue, Keyed, KeyedRow};
pub(crate) use label::Label;
pub use lock::Locked;
pub use modifier::{Modifier, ModifierOn, Unmodified};
pub use raw::RlsOnly;
pub use row::{Grouped, Loads, RowOf};
pub use select::TenantQuery;
pub(crate) use statement::{Statement, sql};
pub use subquery::{Checked, Existence, Form, Subquery, SubqueryIn, Subselect, Value, Values, exists};
pub use upsert::{DoUpdate, Excluded, OnConflict, excluded};
pub use window::{Frame, Window, window};
pub use write::{
    Complete, Delete, Deleted, Insert, Inserted, Narrows, Unset, Update, Updated, Upserted, Write,
};
