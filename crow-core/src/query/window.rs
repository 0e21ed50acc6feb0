//! Functions over the rows around each row.

use diesel::dsl::{FrameBetweenWithExclusion, FrameStartWithExclusion};
use diesel::expression::{
    AppearsOnTable, Expression, NonAggregate, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::internal::sql_functions::{FunctionFragment, IsWindowFunction};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::BoolOrNullableBool;

use super::modifier::{Modifier, ModifierOn, Unmodified};

/// A window function, or an aggregate as one: its OVER with what it is partitioned and ordered by.
///
/// ```
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text, year -> Int4 } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String, year: i32 }
/// use diesel::dsl::row_number;
///
/// async fn oldest_of_each_make_first(db: &TenantConn<'_>) -> Result<Vec<(String, i64)>, Error> {
///     let rank = window(row_number()).partition_by(vehicles::make).order(vehicles::year);
///     db.query::<Vehicle>().select((vehicles::make, rank)).load(db).await
/// }
/// ```
///
/// Takes the place of diesel's `over`, `partition_by`, `window_order` and `frame_by`: what is in these parts of
/// diesel's functions cannot be checked.
pub fn window<F: Expression + IsWindowFunction>(function: F) -> Window<F> {
    Window { function, filter: Unmodified, partition: Unmodified, order: Unmodified, frame: Unmodified }
}

/// What [`window`] returns.
#[derive(Debug, Clone)]
pub struct Window<F, Filter = Unmodified, Partition = Unmodified, Order = Unmodified, Frame = Unmodified> {
    function: F,
    filter: Filter,
    partition: Partition,
    order: Order,
    frame: Frame,
}

impl<F, Partition, Order, Frame> Window<F, Unmodified, Partition, Order, Frame> {
    /// Takes the rows for which the condition is true; for aggregates only.
    pub fn filter<P>(self, condition: P) -> Window<F, Modifier<P>, Partition, Order, Frame>
    where
        F: ValidGrouping<(), IsAggregate = is_aggregate::Yes>,
        P: Expression<SqlType: BoolOrNullableBool> + NonAggregate,
    {
        let Self { function, partition, order, frame, .. } = self;
        let filter = Modifier::new(" FILTER (WHERE ", condition, ")");
        Window { function, filter, partition, order, frame }
    }
}

impl<F, Filter, Order, Frame> Window<F, Filter, Unmodified, Order, Frame> {
    /// Looks at the rows that have the same value here: a column, an expression, a tuple of these.
    pub fn partition_by<E: Expression>(self, by: E) -> Window<F, Filter, Modifier<E>, Order, Frame> {
        let Self { function, filter, order, frame, .. } = self;
        Window { function, filter, partition: Modifier::new(" PARTITION BY ", by, ""), order, frame }
    }
}

impl<F, Filter, Partition, Frame> Window<F, Filter, Partition, Unmodified, Frame> {
    /// Looks at the rows in this order, and for an aggregate at those up to the row itself.
    pub fn order<E: Expression>(self, by: E) -> Window<F, Filter, Partition, Modifier<E>, Frame> {
        let Self { function, filter, partition, frame, .. } = self;
        Window { function, filter, partition, order: Modifier::new(" ORDER BY ", by, ""), frame }
    }
}

impl<F, Filter, Partition, Order> Window<F, Filter, Partition, Order> {
    /// Looks at some of the rows of the partition: `frame::Rows.frame_start_with(2.preceding())`, with
    /// `diesel::dsl::{frame, FrameBoundDsl, FrameClauseDsl}`.
    pub fn frame_by<R: Frame>(self, frame: R) -> Window<F, Filter, Partition, Order, R> {
        let Self { function, filter, partition, order, .. } = self;
        Window { function, filter, partition, order, frame }
    }
}

/// A frame of diesel's, which holds numbers and fixed words.
#[diagnostic::on_unimplemented(
    message = "only a frame of diesel's can be the frame of a window",
    label = "not a frame",
    note = "write `frame::Rows.frame_start_with(2.preceding())`, with `frame`, `FrameBoundDsl` and `FrameClauseDsl` of `diesel::dsl`"
)]
pub trait Frame: QueryFragment<Pg> {}

impl<Kind, Start, Exclusion> Frame for FrameStartWithExclusion<Kind, Start, Exclusion> where
    Self: QueryFragment<Pg>
{
}

impl<Kind, Start, End, Exclusion> Frame for FrameBetweenWithExclusion<Kind, Start, End, Exclusion> where
    Self: QueryFragment<Pg>
{
}

impl<F: Expression, Filter, Partition, Order, Frame> Expression
    for Window<F, Filter, Partition, Order, Frame>
{
    type SqlType = F::SqlType;
}

impl<Source, F, Filter, Partition, Order, Frame> AppearsOnTable<Source>
    for Window<F, Filter, Partition, Order, Frame>
where
    F: AppearsOnTable<Source>,
    Filter: ModifierOn<Source>,
    Partition: ModifierOn<Source>,
    Order: ModifierOn<Source>,
{
}

impl<Source, F, Filter, Partition, Order, Frame> SelectableExpression<Source>
    for Window<F, Filter, Partition, Order, Frame>
where
    Self: AppearsOnTable<Source>,
    F: SelectableExpression<Source>,
{
}

// A window gives a value for each row, so it is grouped as its arguments are.
impl<G, F, Filter, Partition, Order, Frame> ValidGrouping<G> for Window<F, Filter, Partition, Order, Frame>
where
    F: IsWindowFunction<ArgTypes: ValidGrouping<G>>,
{
    type IsAggregate = <F::ArgTypes as ValidGrouping<G>>::IsAggregate;
}

impl<F, Filter, Partition, Order, Frame> QueryId for Window<F, Filter, Partition, Order, Frame>
where
    F: QueryId,
    Filter: QueryId,
    Partition: QueryId,
    Order: QueryId,
{
    type QueryId = Window<F::QueryId, Filter::QueryId, Partition::QueryId, Order::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<F, Filter, Partition, Order, Frame> QueryFragment<Pg> for Window<F, Filter, Partition, Order, Frame>
where
    F: FunctionFragment<Pg>,
    Filter: QueryFragment<Pg>,
    Partition: QueryFragment<Pg>,
    Order: QueryFragment<Pg>,
    Frame: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(F::FUNCTION_NAME);
        out.push_sql("(");
        self.function.walk_arguments(out.reborrow())?;
        out.push_sql(")");
        self.filter.walk_ast(out.reborrow())?;
        out.push_sql(" OVER (");
        self.partition.walk_ast(out.reborrow())?;
        self.order.walk_ast(out.reborrow())?;
        self.frame.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}
