//! Conditions whose number, or kind, is known at run time.

use std::fmt;
use std::slice;

use diesel::expression::{AppearsOnTable, Expression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, Nullable};

use super::clauses::{walk_between, walk_conditions};
use super::statement::sql;
use crate::fragment::Fragment;
use crate::scope::{Brand, Predicate, Scoped, Sources};

/// A condition on the tables `S` in the scope `'t`, of one type whatever it says: for lists of them, and for
/// functions that return them.
///
/// Takes the place of diesel's `Box<dyn BoxableExpression<..>>`, into which the check could not look.
///
/// ```
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text, year -> Int4 } }
/// # use {crow_core::*, diesel::prelude::*};
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String, year: i32 }
/// async fn with_any_word(db: &TenantConn<'_>, words: &[&str]) -> Result<Vec<Vehicle>, Error> {
///     let named = words.iter().map(|word| Condition::new(vehicles::make.ilike(format!("%{word}%"))));
///     db.query::<Vehicle>().filter(Condition::any(named).and(vehicles::year.gt(1990))).load(db).await
/// }
/// ```
///
/// It is checked where it is made, and stands only in a statement of the same scope over the same tables.
pub struct Condition<'t, 'q, S> {
    sql: Fragment<'q>,
    _scope: Brand<'t, S>,
}

impl<'t, 'q, S> Condition<'t, 'q, S> {
    /// The condition `predicate`: what `filter` takes.
    pub fn new<P>(predicate: P) -> Self
    where
        P: Scoped<'t, S> + Predicate<'q>,
    {
        Self::of(predicate)
    }

    /// True where one of the conditions is; false if there are none.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::list(conditions, " OR ", "FALSE")
    }

    /// True where all of the conditions are; true if there are none.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::list(conditions, " AND ", "TRUE")
    }

    fn list(conditions: impl IntoIterator<Item = Self>, between: &'static str, empty: &'static str) -> Self {
        let conditions = conditions.into_iter().map(|condition| condition.sql).collect();
        Self::of(List { conditions, between, empty })
    }

    fn of(sql: impl QueryFragment<Pg> + Send + Sync + 'q) -> Self {
        Self { sql: Fragment::new(sql), _scope: Brand::new() }
    }
}

/// `((a) OR (b))`
struct List<'q> {
    conditions: Vec<Fragment<'q>>,
    between: &'static str,
    empty: &'static str,
}

impl QueryFragment<Pg> for List<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if self.conditions.is_empty() {
            out.push_sql(self.empty);
        }
        walk_between("", self.between, &self.conditions, out)
    }
}

// Predicates may be NULL, so this one may.
impl<S> Expression for Condition<'_, '_, S> {
    type SqlType = Nullable<Bool>;
}

impl<'t, S> AppearsOnTable<Sources<'t, S>> for Condition<'t, '_, S> {}

// In HAVING it would stand for columns that the groups may not have.
impl<S> ValidGrouping<()> for Condition<'_, '_, S> {
    type IsAggregate = is_aggregate::No;
}

impl<S: 'static> QueryId for Condition<'_, '_, S> {
    type QueryId = Condition<'static, 'static, S>;
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<S> Clone for Condition<'_, '_, S> {
    fn clone(&self) -> Self {
        Self { sql: self.sql.clone(), _scope: self._scope }
    }
}

impl<S> QueryFragment<Pg> for Condition<'_, '_, S> {
    /// In parentheses: what stands beside it binds as it reads.
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        walk_conditions("", slice::from_ref(&self.sql), out)
    }
}

impl<S> fmt::Debug for Condition<'_, '_, S> {
    /// The SQL, without the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sql(self))
    }
}
