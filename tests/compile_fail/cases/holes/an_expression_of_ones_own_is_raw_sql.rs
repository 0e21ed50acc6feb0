use crow_tests::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::expression::{ValidGrouping, is_aggregate};

#[derive(Clone, QueryId)]
struct Mine;

impl diesel::Expression for Mine {
    type SqlType = Bool;
}

impl<S> diesel::AppearsOnTable<S> for Mine {}

impl<G> ValidGrouping<G> for Mine {
    type IsAggregate = is_aggregate::Never;
}

impl QueryFragment<Pg> for Mine {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("EXISTS (SELECT FROM secrets)");
        Ok(())
    }
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(Mine); //~ compiles
}
