//! Something is done for every tenant.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crow_core::{Error, Progress, TenantFailure, TenantId, TenantPool, for_each_tenant};
use crow_examples::MIGRATIONS;
use crow_examples::models::{NewVehicle, Vehicle};
use crow_testkit::cancel;
use tokio::sync::Notify;
use tokio::time::sleep;
use uuid::Uuid;

use crate::Outcome;

/// The n-th tenant.
fn tenant(n: u128) -> TenantId {
    TenantId::try_from(Uuid::from_u128(n)).expect("not nil")
}

fn tenants(n: u128) -> Vec<TenantId> {
    (1..=n).map(tenant).collect()
}

/// Tenants in the order in which work for them began.
#[derive(Default)]
struct Begun(Mutex<Vec<TenantId>>);

impl Begun {
    fn note(&self, tenant: TenantId) {
        self.0.lock().expect("no panic").push(tenant);
    }

    fn list(&self) -> Vec<TenantId> {
        self.0.lock().expect("no panic").clone()
    }
}

#[tokio::test]
async fn each_tenant_has_its_turn_once_and_in_order() {
    let begun = Begun::default();
    let given = [3, 1, 2, 3, 1].map(tenant);
    let report = for_each_tenant(given)
        .run(async |tenant| {
            begun.note(tenant);
            Ok::<_, Error>(tenant)
        })
        .await;
    assert_eq!(begun.list(), tenants(3));
    let outcomes: Vec<_> =
        report.outcomes.iter().map(|(tenant, outcome)| (*tenant, outcome.clone())).collect();
    assert_eq!(outcomes, tenants(3).into_iter().map(|tenant| (tenant, Ok(tenant))).collect::<Vec<_>>());
    assert!(report.is_complete());
    assert_eq!(report.cursor, Some(tenant(3)));
}

#[tokio::test(start_paused = true)]
async fn no_more_tenants_have_their_turn_at_once_than_is_said() {
    for (said, expected) in [(0, 1), (1, 1), (3, 3), (100, 10)] {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        for_each_tenant(tenants(10))
            .concurrency(said)
            .run(async |_| {
                most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                sleep(Duration::from_millis(1)).await;
                now.fetch_sub(1, Ordering::Relaxed);
                Ok::<_, Error>(())
            })
            .await;
        assert_eq!(most.into_inner(), expected, "of {said}");
    }
}

#[tokio::test]
async fn tenants_that_fail_or_panic_do_not_stop_the_rest() {
    let report = for_each_tenant(tenants(5))
        .run(|id| {
            assert!(id != tenant(1), "before its future");
            async move {
                match id {
                    id if id == tenant(2) => Err(Error::NotFound),
                    id if id == tenant(4) => panic!("in its future"),
                    id => Ok(id),
                }
            }
        })
        .await;
    let failures: Vec<_> = report.failures().map(|(tenant, failure)| (tenant, failure.clone())).collect();
    let panicked = |text: &str| TenantFailure::Panic(text.to_owned());
    assert_eq!(
        failures,
        [
            (tenant(1), panicked("before its future")),
            (tenant(2), TenantFailure::Error(Error::NotFound)),
            (tenant(4), panicked("in its future")),
        ]
    );
    assert_eq!(report.outcomes.len(), 5);
    assert!(!report.is_complete());

    // Once more, for those alone.
    let again =
        for_each_tenant(report.failures().map(|(tenant, _)| tenant)).run(async |_| Ok::<_, Error>(())).await;
    assert!(again.is_complete());
    assert_eq!(again.outcomes.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn progress_counts_and_its_cursor_passes_over_nobody() {
    let mut told = Vec::new();
    for_each_tenant(tenants(3))
        .progress(|progress| told.push(progress))
        .run(async |id| {
            // The first takes longest.
            sleep(Duration::from_millis(if id == tenant(1) { 50 } else { id.as_uuid().as_u128() as u64 }))
                .await;
            if id == tenant(2) { Err(Error::NotFound) } else { Ok(()) }
        })
        .await;
    let seen =
        |progress: &Progress| (progress.tenant, progress.failed, progress.cursor, progress.to_string());
    assert_eq!(
        told.iter().map(seen).collect::<Vec<_>>(),
        [
            (tenant(2), true, None, "1 of 3 tenants, 1 failed".into()),
            (tenant(3), false, None, "2 of 3 tenants, 1 failed".into()),
            (tenant(1), false, Some(tenant(3)), "3 of 3 tenants, 1 failed".into()),
        ]
    );
}

/// Dropped at each of its awaits and resumed from the last progress: nobody is left out, and nobody up to the cursor comes again.
#[tokio::test]
async fn work_that_was_interrupted_anywhere_goes_on_where_it_was() -> Outcome {
    let all = tenants(7);
    let work = async |done: &Begun, tenant: TenantId| {
        for _ in 0..tenant.as_uuid().as_u128() % 3 {
            tokio::task::yield_now().await;
        }
        done.note(tenant);
        Ok::<_, Error>(())
    };
    for polls in 0.. {
        let (done, cursor) = (Begun::default(), Mutex::new(None));
        let first = for_each_tenant(all.clone())
            .concurrency(3)
            .progress(|progress| *cursor.lock().expect("no panic") = progress.cursor)
            .run(|tenant| work(&done, tenant));
        let finished = cancel::after_polls(polls, first).await.is_some();
        let cursor = cursor.into_inner()?;
        let report =
            for_each_tenant(all.clone()).concurrency(3).after(cursor).run(|tenant| work(&done, tenant)).await;
        let done = done.list();
        assert_eq!(done.iter().copied().collect::<BTreeSet<_>>().len(), all.len(), "{cursor:?}");
        for tenant in all.iter().filter(|tenant| Some(**tenant) <= cursor) {
            assert_eq!(done.iter().filter(|done| *done == tenant).count(), 1, "{tenant} of {done:?}");
        }
        if finished {
            assert!(report.outcomes.is_empty());
            assert!(polls > 2);
            break;
        }
    }
    Ok(())
}

#[tokio::test]
async fn to_go_on_behind_a_tenant_that_has_gone_leaves_nobody_out() {
    let left = [1, 2, 4, 5].map(tenant);
    let report = for_each_tenant(left).after(tenant(3)).run(async |id| Ok::<_, Error>(id)).await;
    let done: Vec<_> = report.outcomes.iter().map(|(tenant, _)| *tenant).collect();
    assert_eq!(done, [4, 5].map(tenant));
}

#[tokio::test(start_paused = true)]
async fn a_signal_lets_those_under_way_end_and_begins_no_other() {
    let stop = Notify::new();
    let report = for_each_tenant(tenants(10))
        .concurrency(2)
        .until(stop.notified())
        .run(async |id| {
            sleep(Duration::from_millis(10)).await;
            if id == tenant(3) {
                stop.notify_one();
            }
            Ok::<_, Error>(())
        })
        .await;
    assert_eq!(report.cursor, Some(tenant(4)));
    assert_eq!(report.left, tenants(10)[4..]);
    assert!(report.outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
    assert!(!report.is_complete());
}

#[tokio::test]
async fn a_signal_that_is_there_already_begins_with_nobody() {
    let report = for_each_tenant(tenants(3)).until(ready(())).run(async |_| Ok::<_, Error>(())).await;
    assert!(report.outcomes.is_empty());
    assert_eq!((report.cursor, report.left), (None, tenants(3)));
}

#[tokio::test]
async fn for_no_tenants_there_is_nothing_to_do() {
    let report = for_each_tenant([]).run(async |_| Ok::<_, Error>(())).await;
    assert!(report.is_complete());
    assert_eq!(report.cursor, None);
}

/// Spawned, on a pool with fewer connections than tenants at a time.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn each_scope_is_the_tenants_own(pool: TenantPool, shops: [TenantId; 20]) -> Outcome {
    let work = pool.clone();
    let report = tokio::spawn(async move {
        for_each_tenant(shops)
            .concurrency(20)
            .run(async |shop| {
                work.scope(shop, async |db| {
                    let name = db.tenant().to_string();
                    let new = NewVehicle { make: "Honda", model: &name, year: 2020, plate: &name };
                    db.insert_into::<Vehicle>().values(new).execute(db).await
                })
                .await
            })
            .await
    })
    .await?;
    assert!(report.is_complete(), "{report:?}");
    for shop in shops {
        let seen: Vec<Vehicle> = pool.scope(shop, async |db| db.query().load(db).await).await?;
        assert_eq!(seen.iter().map(|vehicle| &*vehicle.model).collect::<Vec<_>>(), [shop.to_string()]);
    }
    Ok(())
}
