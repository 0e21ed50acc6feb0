//! Nothing that is shown has a value, a password, or rows in it.

use crow_core::{Access, AdminPool, Error, TenantPool, any_of};
use crow_examples::models::{Vehicle, VehicleChanges};
use crow_examples::schema::vehicles;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use futures_util::TryStreamExt;

use crate::recorder::Recorder;
use crate::shop::{Outcome, Shops, vehicle};

/// Values that statements carry, and that rows of either shop hold.
const SECRETS: [&str; 7] =
    ["secret-model", "secret-new", "secret-filter", "secret-list", "secret-raw", "secret-literal", "Corolla"];

#[tokio::test]
async fn no_value_password_or_row_is_ever_shown() -> Outcome {
    let shops = Shops::open_on_one_connection().await?;
    let (recorder, _guard) = Recorder::install();
    let pool = TenantPool::builder(shops.db.tenant_url()).max_size(2).connect().await?;
    let admin = AdminPool::builder(shops.db.admin_url()).connect().await?;
    let workload = pool.scope(shops.ours, async |db| {
        let made: Vehicle =
            db.insert_into::<Vehicle>().values(vehicle("Honda", "secret-model")).get_result(db).await?;
        let twice = db.insert_into::<Vehicle>().values(vehicle("Honda", "secret-model")).execute(db).await;
        assert!(matches!(twice, Err(Error::Unique(_))), "{twice:?}");
        let model = Some("secret-new".to_owned());
        db.update::<Vehicle>()
            .find(made.id)
            .set(VehicleChanges { model, ..VehicleChanges::default() })
            .execute(db)
            .await?;
        db.query::<Vehicle>().filter(vehicles::model.eq("secret-filter")).load::<Vehicle>(db).await?;
        db.query::<Vehicle>()
            .filter(vehicles::model.eq_any(any_of(["secret-list"])))
            .stream::<Vehicle>(db)
            .try_collect::<Vec<_>>()
            .await?;
        db.rls_only(sql_query("SELECT model FROM vehicles WHERE model = $1").bind::<Text, _>("secret-raw"))
            .execute(db)
            .await?;
        let refused = db.rls_only(sql_query("SELECT 'secret-literal'::int")).execute(db).await;
        assert!(refused.is_err());
        db.transaction(async |tx| {
            tx.delete::<Vehicle>().filter(vehicles::model.eq("secret-new")).execute(tx).await?;
            Err::<(), _>(Error::NotFound)
        })
        .await
    });
    let workload = workload.await;
    assert!(matches!(workload, Err(Error::NotFound)), "{workload:?}");
    let mut conn = admin.get(Access::new("Ada", "ticket 7").writing()).await?;
    let all: Vec<String> = vehicles::table.select(vehicles::model).load(&mut conn).await?;
    assert!(all.contains(&"Corolla".to_owned()));
    drop(conn);
    for wrong in
        ["postgresql://crow_app:wrong-secret@127.0.0.1:1/shop", "postgresql://crow_app:wrong-secret@[/"]
    {
        assert!(TenantPool::builder(wrong).connect().await.is_err());
    }

    let seen = recorder.all();
    assert!(seen.iter().filter(|seen| seen.target == "crow").count() > 15, "{seen:#?}");
    let passwords = [shops.db.tenant_url(), shops.db.admin_url()]
        .map(|url| url.split(['@']).next().and_then(|user| user.rsplit(':').next()).unwrap_or("").to_owned());
    let secrets = SECRETS.iter().copied().chain(passwords.iter().map(String::as_str)).chain(["wrong-secret"]);
    for secret in secrets.filter(|secret| !secret.is_empty()) {
        for seen in &seen {
            let shown = seen.fields.values().chain([&seen.name]).any(|text| text.contains(secret));
            assert!(!shown, "{secret:?} in {seen:#?}");
        }
    }
    let theirs = shops.theirs.to_string();
    assert!(
        seen.iter().all(|seen| !seen.fields.values().any(|text| text.contains(&theirs))),
        "another tenant's id"
    );
    Ok(())
}
