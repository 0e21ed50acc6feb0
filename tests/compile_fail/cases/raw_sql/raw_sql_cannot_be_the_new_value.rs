use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::make.eq(vehicles::model));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.update::<Vehicle>().set(vehicles::make.eq(sql("'x', tenant_id = gen_random_uuid()"))); //~ error: this expression could see rows of another tenant
    //~ note: raw SQL and boxed expressions

}
