use crow_tests::prelude::*;
use diesel::expression::BoxableExpression;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(Box::new(vehicles::make.eq("x")));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    type Boxed = Box<dyn BoxableExpression<vehicles::table, Pg, SqlType = Bool> + Send + Sync>;
    let boxed: Boxed = Box::new(vehicles::make.eq("x"));
    let _ = db.query::<Vehicle>().filter(boxed); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
