use crow_tests::prelude::*;

diesel::infix_operator!(Near, " <-> ", Bool, backend: Pg);

fn near<A, B>(a: A, b: B) -> Near<A, B> {
    Near::new(a, b)
}

fn accepted(db: &TenantConn<'_>) {
    let _ = db.query::<Vehicle>().filter(near(vehicles::make, vehicles::model));
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    let hidden = secrets::table.select(secrets::content).single_value();
    let _ = db.query::<Vehicle>().filter(near(vehicles::make, hidden)); //~ error: this expression could see rows of another tenant
    //~ note: a subquery must come from the same scope

}
