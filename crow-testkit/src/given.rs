//! The values that a test gives a row, in the form in which a [`Filler`](crate::Filler) takes them.

use std::marker::PhantomData;

use crow_core::bounds::Rows;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::sql;

/// Columns with their values, where `None` is null.
pub(crate) type Columns = Vec<(String, Option<String>)>;

/// Has the server print the values of rows of the table `T`, as diesel takes them for an insert, whatever their types are:
/// they go into a table that has the same columns and demands nothing.
pub(crate) async fn evaluate<T>(
    table: &str,
    rows: &impl Rows<T>,
    conn: &mut AsyncPgConnection,
) -> QueryResult<Vec<Columns>> {
    let names = sql::text(&Names(rows, PhantomData));
    let columns = sql::parts(&names);
    conn.batch_execute(&format!(
        "DROP TABLE IF EXISTS pg_temp.crow_given; \
         CREATE TEMPORARY TABLE crow_given AS SELECT NULL AS crow_first{names} FROM {table} WITH NO DATA"
    ))
    .await?;
    let mut all = Vec::with_capacity(rows.count());
    for number in 0..rows.count() {
        let values = Values { rows, number, _table: PhantomData };
        let written = sql::text(&values);
        let printed: Vec<Option<String>> = Row { values, columns: &columns }.get_result(conn).await?;
        let named = columns.iter().map(|column| sql::name(column)).zip(printed);
        // `None` in a struct leaves a column to its default, and so to whoever fills the row.
        let given = named.zip(sql::parts(&written)).filter(|(_, written)| *written != "DEFAULT");
        all.push(given.map(|(column, _)| column).collect());
    }
    Ok(all)
}

/// `, "make", "year"`
struct Names<'g, T, V>(&'g V, PhantomData<fn() -> T>);

impl<T, V: Rows<T>> QueryFragment<Pg> for Names<'_, T, V> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_columns(out)
    }
}

/// `, $1, DEFAULT`
struct Values<'g, T, V> {
    rows: &'g V,
    number: usize,
    _table: PhantomData<fn() -> T>,
}

impl<T, V: Rows<T>> QueryFragment<Pg> for Values<'_, T, V> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.rows.walk_row(self.number, out)
    }
}

/// A row on its way to be printed.
struct Row<'g, T, V> {
    values: Values<'g, T, V>,
    columns: &'g [&'g str],
}

impl<T, V: Rows<T>> QueryFragment<Pg> for Row<'_, T, V> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("INSERT INTO pg_temp.crow_given (crow_first");
        self.values.rows.walk_columns(out.reborrow())?;
        out.push_sql(") VALUES (NULL");
        self.values.walk_ast(out.reborrow())?;
        out.push_sql(") RETURNING ARRAY[");
        for (number, column) in self.columns.iter().enumerate() {
            out.push_sql(if number == 0 { "" } else { ", " });
            out.push_sql(column);
            out.push_sql("::text");
        }
        out.push_sql("]::text[]");
        Ok(())
    }
}

impl<T, V> Query for Row<'_, T, V> {
    type SqlType = Array<Nullable<Text>>;
}

impl<T, V> QueryId for Row<'_, T, V> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
