//! What the builder can say, each on a real server beside another tenant's rows.

mod shop;

mod dynamic;
mod grouping;
mod joins;
mod keys;
mod locks;
mod many;
mod predicates;
mod subqueries;
mod upserts;
