use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select((vehicles::id, (vehicles::make, (vehicles::model, vehicles::year))));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().select((vehicles::id, (vehicles::make, (secrets::content, vehicles::year)))); //~ error: this cannot be selected in a tenant's statement
}
