use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::make.eq_any(db.query::<Make>().select(makes::name)));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(vehicles::make.nullable().eq_any(db.query::<Make>().select(makes::name.nullable()))); //~ error: this expression could see rows of another tenant
    //~ note: `column.nullable()` and `column.assume_not_null()` cannot stand before `eq_any` and `ne_all`

}
