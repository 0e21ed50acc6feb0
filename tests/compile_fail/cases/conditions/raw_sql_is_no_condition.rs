use crow_core::Condition;
use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let condition = Condition::new(true.into_sql::<Bool>());
    let _ = db.query::<Vehicle>().filter(condition);
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let condition = Condition::new(sql::<Bool>("true) OR (true")); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

    let _ = db.query::<Vehicle>().filter(condition);
}
