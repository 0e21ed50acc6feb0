//! How a child table refers to its parent: the ON of a join that needs no condition.

use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::Column;
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, IntoNullable, Nullable};

use crate::model::{Model, ScopedTable, TenantTable};
use crate::query::sql;

/// `child.fk = parent.key AND child.tenant_id = parent.tenant_id`; without the second half if the
/// parent is shared.
///
/// Made by the derives alone, for two tables that diesel then joins. It is text and not an
/// expression of columns, because its type stands in a public trait where the name of a private
/// model may not.
#[derive(Debug, Clone)]
pub struct Link(String);

/// The link from the column `Fk` of the tenant table `Child` to the model `Parent`.
pub fn link<Parent, Fk, Child, Value>() -> Link
where
    Parent: Model<Key: Column<SqlType: IntoNullable<Nullable = Value>> + QueryFragment<Pg>>,
    Fk: Column<Table = Child, SqlType: IntoNullable<Nullable = Value>> + QueryFragment<Pg> + Default,
    Child: TenantTable,
{
    let key = format!("{} = {}", sql(&Fk::default()), sql(&Parent::Key::default()));
    Link(match Parent::Table::tenant_column() {
        Some(tenant) => format!("{key} AND {} = {}", sql(&Child::TenantColumn::default()), sql(&tenant)),
        None => key,
    })
}

// Nullable, as diesel's own `joinable!` has it: either side may come from a left join.
impl Expression for Link {
    type SqlType = Nullable<Bool>;
}

impl<QS> AppearsOnTable<QS> for Link {}

impl ValidGrouping<()> for Link {
    type IsAggregate = is_aggregate::No;
}

impl QueryId for Link {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Link {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.0);
        Ok(())
    }
}
