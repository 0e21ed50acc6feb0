//! Numbers for the `metrics` facade.

use std::collections::{BTreeMap, BTreeSet};

use crow_core::{Access, AdminPool, Error};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use diesel::prelude::*;
use diesel::sql_query;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::shop::{Outcome, Shops, vehicle};

/// Each number as `name{label=value,..}`; of a distribution, how many were measured.
fn numbers(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let told = |(key, _, _, value): (metrics_util::CompositeKey, _, _, DebugValue)| {
        let labels: BTreeSet<_> =
            key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let labels = labels.into_iter().collect::<Vec<_>>().join(",");
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(values) => {
                assert!(values.iter().all(|seconds| (0.0..60.0).contains(&seconds.into_inner())));
                values.len() as f64
            }
        };
        (format!("{}{{{labels}}}", key.key().name()), value)
    };
    snapshotter.snapshot().into_vec().into_iter().map(told).collect()
}

#[tokio::test]
async fn scopes_statements_and_connections_are_counted_and_timed() -> Outcome {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let shops = Shops::open_on_one_connection().await?;
    let admin = AdminPool::builder(shops.db.admin_url()).max_size(1).connect().await?;
    numbers(&snapshotter);

    for _ in 0..2 {
        shops.pool.scope(shops.ours, async |db| db.query::<Vehicle>().load::<Vehicle>(db).await).await?;
    }
    let failed = shops.pool.scope(shops.ours, async |db| {
        db.insert_into::<Vehicle>().values(vehicle("Honda", "Fit")).execute(db).await?;
        db.delete::<Vehicle>().filter(vehicles::model.eq("Fit")).execute(db).await?;
        db.rls_only(sql_query("SELECT 1/0")).execute(db).await
    });
    assert!(failed.await.is_err());
    let held = shops.pool.scope(shops.theirs, async |_| Ok::<_, Error>(numbers(&snapshotter))).await?;
    let pool = "db.client.connection.pool.name=crow";
    let of = |numbers: &BTreeMap<String, f64>, key: &str| numbers.get(key).copied();
    assert_eq!(of(&held, &format!("crow.scopes{{{pool}}}")), Some(4.0));
    assert_eq!(of(&held, &format!("db.client.connection.wait_time{{{pool}}}")), Some(4.0));
    assert_eq!(of(&held, &format!("db.client.connection.max{{{pool}}}")), Some(1.0));
    assert_eq!(
        of(&held, &format!("db.client.connection.count{{{pool},db.client.connection.state=used}}")),
        Some(1.0)
    );
    assert_eq!(of(&held, &format!("db.client.connection.pending_requests{{{pool}}}")), Some(0.0));
    for (labels, times) in [
        ("db.collection.name=vehicles,db.operation.name=SELECT", 2.0),
        ("db.collection.name=vehicles,db.operation.name=INSERT", 1.0),
        ("db.collection.name=vehicles,db.operation.name=DELETE", 1.0),
        ("db.operation.name=RLS_ONLY,error.type=other", 1.0),
    ] {
        assert_eq!(of(&held, &format!("db.client.operation.duration{{{labels}}}")), Some(times), "{held:#?}");
    }
    assert_eq!(of(&held, "crow.errors{error.type=other}"), Some(1.0));

    let mut conn = admin.get(Access::new("Ada", "ticket 7")).await?;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut conn, "PREPARE spy AS SELECT 1").await?;
    drop(conn);
    drop(admin.get(Access::new("Ada", "ticket 7").writing()).await?);
    let after = numbers(&snapshotter);
    assert_eq!(
        of(&after, &format!("db.client.connection.count{{{pool},db.client.connection.state=idle}}")),
        Some(1.0)
    );
    assert_eq!(
        of(&after, &format!("db.client.connection.count{{{pool},db.client.connection.state=used}}")),
        Some(0.0)
    );
    assert_eq!(
        (of(&after, "crow.accesses{mode=read}"), of(&after, "crow.accesses{mode=write}")),
        (Some(1.0), Some(1.0))
    );
    let admins = "db.client.connection.pool.name=crow-admin";
    assert_eq!(of(&after, &format!("crow.connections.closed{{{admins},reason=unclean}}")), Some(1.0));
    assert_eq!(of(&after, &format!("db.client.connection.create_time{{{admins}}}")), Some(1.0));

    let tenants = [shops.ours.to_string(), shops.theirs.to_string()];
    for key in held.keys().chain(after.keys()) {
        assert!(!tenants.iter().any(|tenant| key.contains(tenant)), "{key}");
    }
    Ok(())
}

#[tokio::test]
async fn waiting_in_vain_is_counted() -> Outcome {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let shops =
        Shops::open_with(|pool| pool.max_size(1).wait_timeout(std::time::Duration::from_millis(50))).await?;
    numbers(&snapshotter);
    let pool = "db.client.connection.pool.name=crow";
    shops
        .pool
        .scope(shops.ours, async |_| {
            let (late, waiting) =
                tokio::join!(shops.pool.scope(shops.theirs, async |_| Ok::<_, Error>(())), async {
                    tokio::task::yield_now().await;
                    numbers(&snapshotter)
                });
            assert!(matches!(late, Err(Error::PoolTimeout)));
            assert_eq!(waiting.get(&format!("db.client.connection.pending_requests{{{pool}}}")), Some(&1.0));
            Ok::<_, Error>(())
        })
        .await?;
    // A snapshot counts from the one before.
    let after = numbers(&snapshotter);
    assert_eq!(after.get(&format!("db.client.connection.timeouts{{{pool}}}")), Some(&1.0));
    assert_eq!(after.get("crow.errors{error.type=pool_timeout}"), Some(&1.0));
    assert_eq!(after.get(&format!("db.client.connection.pending_requests{{{pool}}}")), Some(&-1.0));
    Ok(())
}
