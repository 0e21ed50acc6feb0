use crow_tests::prelude::*;
use diesel::expression::SqlLiteral;

#[derive(Queryable, Selectable)]
#[diesel(table_name = vehicles)]
struct Plate {
    #[cfg_attr(refused, diesel(select_expression = sql("(SELECT content FROM secrets)")))]
    #[cfg_attr(refused, diesel(select_expression_type = SqlLiteral<Text>))]
    plate: String,
}

#[cfg(not(refused))]
fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(Plate::as_select());
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select(Plate::as_select()); //~ error: this expression could see rows of another tenant
}
