//! Two shops with the same kind of rows in each, so that whatever sees too much sees double.

use chrono::NaiveDate;
use crow_core::{Error, TenantId, TenantPool};
use crow_examples::models::{NewServiceRecord, NewVehicle, ServiceRecord, Vehicle};
use crow_testkit::{FromTestDb, TestDb};

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Three vehicles in each shop: a Honda Civic of 2019 with two records (100 and 300 cents), a Honda
/// Accord of 2021 with one (500 cents), and a Volvo V70 of 2004 without any.
pub(crate) struct Shops {
    pub(crate) pool: TenantPool,
    pub(crate) ours: TenantId,
    pub(crate) theirs: TenantId,
}

impl FromTestDb for Shops {
    async fn from_test_db(db: &TestDb) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let shops = Self { pool: db.tenant_pool().await?, ours: db.new_tenant(), theirs: db.new_tenant() };
        for shop in [shops.ours, shops.theirs] {
            shops.fill(shop).await?;
        }
        Ok(shops)
    }
}

impl Shops {
    async fn fill(&self, shop: TenantId) -> Result<(), Error> {
        self.pool
            .transaction(shop, async |tx| {
                let new = [("Honda", "Civic", 2019), ("Honda", "Accord", 2021), ("Volvo", "V70", 2004)]
                    .map(|(make, model, year)| NewVehicle { make, model, year, plate: model });
                let vehicles: Vec<Vehicle> = tx.insert_into::<Vehicle>().values(new).get_results(tx).await?;
                let done_on = NaiveDate::from_ymd_opt(2026, 1, 12).unwrap_or_default();
                let records = [(0, 100), (0, 300), (1, 500)].map(|(vehicle, cents): (usize, i64)| {
                    NewServiceRecord { vehicle_id: vehicles[vehicle].id, work: "oil", cents, done_on }
                });
                tx.insert_into::<ServiceRecord>().values(records).execute(tx).await
            })
            .await
            .map(drop)
    }
}

/// Asserts which models a condition chooses, of the vehicles of the scope.
macro_rules! chooses {
    ($db:expr, $condition:expr, [$($model:literal),*]) => {
        let chosen: Vec<String> = $db
            .query::<Vehicle>()
            .filter($condition)
            .select(vehicles::model)
            .order(vehicles::model)
            .load($db)
            .await?;
        let wanted: &[&str] = &[$($model),*];
        assert_eq!(chosen, wanted, "{}", stringify!($condition));
    };
}

pub(crate) use chooses;
