use crow_core::Key;
use crow_tests::prelude::*;

async fn accepted<'t>(db: &TenantConn<'t>, id: Uuid) -> Result<Key<'t, Vehicle>, Error> {
    db.query::<Vehicle>().find(id).key(db).await
}

#[cfg(refused)]
fn refused<'t>(db: &TenantConn<'t>, id: Uuid) -> Key<'t, Vehicle> {
    Key::new(id) //~ error: associated function `new` is private
}
