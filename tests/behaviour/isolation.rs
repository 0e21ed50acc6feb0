//! Two shops on one set of tables.

use crow_core::{TenantId, TenantPool};
use crow_examples::models::{NewVehicle, Vehicle};

use crate::shop::{Outcome, database};

#[tokio::test]
async fn a_shop_lists_only_its_own_vehicles() -> Outcome {
    let db = database().await?;
    let pool = TenantPool::builder(db.tenant_url()).connect().await?;
    for (shop, make) in [(TenantId::random(), "Honda"), (TenantId::random(), "Toyota")] {
        let listed = pool
            .scope(shop, async |db| {
                let new = NewVehicle { make, model: "Sedan", year: 2020, plate: "ABC 1" };
                db.insert_into::<Vehicle>().values(new).execute(db).await?;
                db.query::<Vehicle>().load(db).await
            })
            .await?;
        assert_eq!(listed.iter().map(|vehicle| &*vehicle.make).collect::<Vec<_>>(), [make]);
    }
    Ok(())
}
