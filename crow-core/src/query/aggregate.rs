//! Aggregates over some of the rows, or over rows in an order.

use diesel::expression::{
    AppearsOnTable, Expression, NonAggregate, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::internal::sql_functions::FunctionFragment;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::BoolOrNullableBool;

use super::modifier::{Modifier, ModifierOn, Unmodified};

/// An aggregate function with DISTINCT, ORDER BY or FILTER.
///
/// ```
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text, year -> Int4 } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String, year: i32 }
/// use diesel::dsl::{count, count_star};
///
/// async fn makes_and_oldtimers(db: &TenantConn<'_>) -> Result<(i64, i64), Error> {
///     let makes = aggregate(count(vehicles::make)).distinct();
///     let oldtimers = aggregate(count_star()).filter(vehicles::year.lt(1990));
///     db.query::<Vehicle>().select((makes, oldtimers)).get_result(db).await
/// }
/// ```
///
/// Takes the place of diesel's `aggregate_distinct`, `aggregate_order` and `aggregate_filter`: what is in these
/// parts of diesel's aggregates cannot be checked.
pub fn aggregate<F>(function: F) -> Aggregate<F>
where
    F: Expression + ValidGrouping<(), IsAggregate = is_aggregate::Yes>,
{
    Aggregate { function, distinct: false, order: Unmodified, filter: Unmodified }
}

/// What [`aggregate`] returns.
#[derive(Debug, Clone)]
pub struct Aggregate<F, Order = Unmodified, Filter = Unmodified> {
    function: F,
    distinct: bool,
    order: Order,
    filter: Filter,
}

impl<F, Order, Filter> Aggregate<F, Order, Filter> {
    /// Takes equal values once.
    pub fn distinct(self) -> Self {
        Self { distinct: true, ..self }
    }
}

impl<F, Filter> Aggregate<F, Unmodified, Filter> {
    /// Takes the values in this order, where the function minds (`string_agg`, `array_agg`).
    pub fn order<E: Expression>(self, by: E) -> Aggregate<F, Modifier<E>, Filter> {
        let Self { function, distinct, filter, .. } = self;
        Aggregate { function, distinct, order: Modifier::new(" ORDER BY ", by, ""), filter }
    }
}

impl<F, Order> Aggregate<F, Order> {
    /// Takes the rows for which the condition is true.
    pub fn filter<P>(self, condition: P) -> Aggregate<F, Order, Modifier<P>>
    where
        P: Expression<SqlType: BoolOrNullableBool> + NonAggregate,
    {
        let Self { function, distinct, order, .. } = self;
        Aggregate { function, distinct, order, filter: Modifier::new(" FILTER (WHERE ", condition, ")") }
    }
}

impl<F: Expression, Order, Filter> Expression for Aggregate<F, Order, Filter> {
    type SqlType = F::SqlType;
}

impl<Source, F, Order, Filter> AppearsOnTable<Source> for Aggregate<F, Order, Filter>
where
    F: AppearsOnTable<Source>,
    Order: ModifierOn<Source>,
    Filter: ModifierOn<Source>,
{
}

impl<Source, F, Order, Filter> SelectableExpression<Source> for Aggregate<F, Order, Filter>
where
    Self: AppearsOnTable<Source>,
    F: SelectableExpression<Source>,
{
}

impl<G, F: ValidGrouping<G>, Order, Filter> ValidGrouping<G> for Aggregate<F, Order, Filter> {
    type IsAggregate = F::IsAggregate;
}

impl<F: QueryId, Order: QueryId, Filter: QueryId> QueryId for Aggregate<F, Order, Filter> {
    type QueryId = Aggregate<F::QueryId, Order::QueryId, Filter::QueryId>;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<F, Order, Filter> QueryFragment<Pg> for Aggregate<F, Order, Filter>
where
    F: FunctionFragment<Pg>,
    Order: QueryFragment<Pg>,
    Filter: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(F::FUNCTION_NAME);
        out.push_sql(if self.distinct { "(DISTINCT " } else { "(" });
        self.function.walk_arguments(out.reborrow())?;
        self.order.walk_ast(out.reborrow())?;
        out.push_sql(")");
        self.filter.walk_ast(out)
    }
}
