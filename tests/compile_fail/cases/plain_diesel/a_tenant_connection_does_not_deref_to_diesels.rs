use crow_tests::prelude::*;
use diesel_async::AsyncPgConnection;

fn accepted(db: &mut AdminConn) -> &mut AsyncPgConnection {
    &mut *db
}

#[cfg(refused)]
fn refused<'a>(db: &'a mut TenantConn<'_>) -> &'a mut AsyncPgConnection {
    &mut *db //~ error: mismatched types
}
