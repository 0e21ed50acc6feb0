use crow_tests::prelude::*;

diesel::infix_operator!(Escape, " IS NULL) OR (true) OR (", Bool, backend: Pg);

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(Escape::new(vehicles::make, vehicles::model)); //~ compiles
}
