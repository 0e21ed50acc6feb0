use crow_core::Condition;
use crow_tests::prelude::*;

fn of_the_serviced<'t>(db: &TenantConn<'t>) -> Condition<'t, 't, vehicles::table> {
    let serviced = db.query::<ServiceRecord>().select(service_records::vehicle_id);
    Condition::new(vehicles::id.eq_any(serviced))
}

async fn accepted(pool: TenantPool, tenant: TenantId) -> Result<Vec<Vehicle>, Error> {
    pool.scope(tenant, async |db| db.query::<Vehicle>().filter(of_the_serviced(db)).load(db).await).await
}

#[cfg(refused)]
async fn refused(pool: TenantPool, tenant: TenantId) -> Result<(), Error> {
    pool.scope(tenant, async |db| Ok::<_, Error>(of_the_serviced(db))).await.map(drop) //~ error: lifetime may not live long enough
}
