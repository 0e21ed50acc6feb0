//! What the rows of a statement can be loaded as.

use diesel::deserialize::FromSqlRow;
use diesel::expression::{Expression, QueryMetadata};
use diesel::helper_types::AsSelect;
use diesel::pg::Pg;
use diesel::query_dsl::CompatibleType;
use diesel::result::{Error, QueryResult};
use diesel::row::Row;

/// The SQL type of a model's own rows.
pub type RowOf<M> = <AsSelect<M, Pg> as Expression>::SqlType;

/// In place of the SQL type of a row, in a grouped query that has not yet said what to select: the
/// columns of the model are not those of a group.
#[derive(Debug)]
pub struct Grouped;

/// Rows of the SQL type `Self` can be loaded as `U`.
///
/// The rows of a model, and of `Row::as_select()`, are loaded as nothing else, so that `U` need
/// not be written.
#[diagnostic::on_unimplemented(
    message = "the rows of this statement cannot be loaded as `{U}`",
    label = "the statement gives other columns than `{U}` takes",
    note = "a grouped query has to say what it selects: `.group_by(column).select((column, count_star()))`",
    note = "count, order and types of the selected columns must fit the fields of `{U}`",
    note = "a struct that derives `Selectable` says itself what it needs: `.select(Row::as_select())`, `.returning(Row::as_returning())`"
)]
pub trait Loads<U> {
    #[doc(hidden)]
    fn build<'r>(row: &impl Row<'r, Pg>) -> QueryResult<U>;
}

#[diagnostic::do_not_recommend]
impl<ST, U, Sql> Loads<U> for ST
where
    ST: CompatibleType<U, Pg, SqlType = Sql>,
    U: FromSqlRow<Sql, Pg>,
    Pg: QueryMetadata<ST>,
{
    fn build<'r>(row: &impl Row<'r, Pg>) -> QueryResult<U> {
        U::build_from_row(row).map_err(Error::DeserializationError)
    }
}
