//! Which tables can be joined to which.

use diesel::internal::table_macro::Join;
use diesel::query_source::{JoinTo, QuerySource};

use crate::model::ScopedSource;

/// The tables `Self` of a query can be joined to `R`: a table, or `table.on(condition)`.
#[diagnostic::on_unimplemented(
    message = "a tenant's query cannot join this table",
    label = "no way to join this to the tables of the query",
    note = "to join along a foreign key write `#[diesel(belongs_to(Parent))]` beside `#[derive(TenantModel)]` on the child",
    note = "to join on a condition of your own write `.inner_join(table.on(condition))`",
    note = "joins are a chain: `.left_join(a).left_join(b.on(condition))`, not `.left_join(a.inner_join(b))`",
    note = "without a condition a table is joined to the one that the query began with; to another one of its tables \
            write `table.on(condition)`",
    note = "the table needs a model: `#[derive(TenantModel)]`, or `#[derive(SharedModel)]` for reference data"
)]
pub trait Joins<R>: QuerySource {
    #[doc(hidden)]
    type Right: ScopedSource;
    #[doc(hidden)]
    type On;
    #[doc(hidden)]
    fn join_target(table: R) -> (Self::Right, Self::On);
}

#[diagnostic::do_not_recommend]
impl<S, R, Right, On> Joins<R> for S
where
    S: QuerySource + JoinTo<R, FromClause = Right, OnClause = On>,
    Right: ScopedSource,
{
    type Right = Right;
    type On = On;

    fn join_target(table: R) -> (Right, On) {
        <S as JoinTo<R>>::join_target(table)
    }
}

/// The tables `S` and one more.
pub type Joined<S, R, Kind> = Join<S, <S as Joins<R>>::Right, Kind>;
