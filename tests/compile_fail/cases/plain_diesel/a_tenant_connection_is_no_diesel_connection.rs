use crow_tests::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection};

fn takes<C: AsyncConnection>(_: &mut C) {}

fn accepted(db: &mut AdminConn) {
    takes::<AsyncPgConnection>(db);
}

#[cfg(refused)]
fn refused(db: &mut TenantConn<'_>) {
    takes(db); //~ error: the trait bound `…TenantConn<'_>: AsyncConnection` is not satisfied
}
