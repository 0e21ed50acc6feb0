use crow_tests::prelude::*;

fn accepted(db: &TenantConn<'_>) {
    std::thread::scope(|threads| {
        threads.spawn(|| db.tenant());
    });
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>) {
    std::thread::spawn(move || db.tenant()); //~ error: borrowed data escapes outside of function
}
