//! The compile-time half of the promise: which scope a thing belongs to, and which expressions
//! may appear in a tenant's statement.

mod brand;
mod sources;

pub(crate) use brand::Brand;
pub use sources::{CorrelatedIn, InScope, Part, Predicate, Scoped, Selection, Sources, Uncorrelated};
