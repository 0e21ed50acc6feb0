//! Names are looked up once, and remembered for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crow_core::request::{Directory, Names};
use crow_core::{Error, TenantId};
use futures_util::future::join_all;
use tokio::time::sleep;

use crate::Outcome;

/// A lookup that knows `honda` and counts how often it is asked.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn directory(&self, honda: TenantId) -> Directory<impl Fn(String) -> Lookup + use<>> {
        let count = Arc::clone(&self.0);
        Directory::new(move |name: String| {
            count.fetch_add(1, Ordering::Relaxed);
            let found: Lookup = Box::pin(async move {
                sleep(Duration::from_millis(10)).await;
                match name.as_str() {
                    "honda" => Ok(Some(honda)),
                    "broken" => Err(Error::PoolTimeout),
                    _ => Ok(None),
                }
            });
            found
        })
    }

    fn asked(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

type Lookup = std::pin::Pin<Box<dyn Future<Output = Result<Option<TenantId>, Error>> + Send>>;

#[tokio::test]
async fn what_many_ask_at_once_is_looked_up_once() -> Outcome {
    let (lookup, honda) = (Counted::default(), TenantId::random());
    let directory = lookup.directory(honda);
    let all = join_all((0..50).map(|_| directory.tenant("honda"))).await;
    assert!(all.into_iter().all(|found| found == Ok(Some(honda))));
    let nobody = join_all((0..50).map(|_| directory.tenant("nobody"))).await;
    assert!(nobody.into_iter().all(|found| found == Ok(None)));
    assert_eq!(lookup.asked(), 2);
    Ok(())
}

#[tokio::test]
async fn what_is_known_is_kept_longer_than_what_is_not() -> Outcome {
    let (lookup, honda) = (Counted::default(), TenantId::random());
    let directory =
        lookup.directory(honda).keep(Duration::from_secs(3600)).keep_unknown(Duration::from_millis(300));
    for _ in 0..3 {
        directory.tenant("honda").await?;
        directory.tenant("nobody").await?;
    }
    assert_eq!(lookup.asked(), 2);
    sleep(Duration::from_millis(400)).await;
    directory.tenant("honda").await?;
    assert_eq!(lookup.asked(), 0);
    directory.tenant("nobody").await?;
    assert_eq!(lookup.asked(), 1);
    directory.forget("honda").await;
    directory.tenant("honda").await?;
    assert_eq!(lookup.asked(), 1);
    Ok(())
}

#[tokio::test]
async fn a_name_is_known_no_longer_than_it_is_kept() -> Outcome {
    let (lookup, honda) = (Counted::default(), TenantId::random());
    let directory = lookup.directory(honda).keep(Duration::from_millis(200));
    directory.tenant("honda").await?;
    sleep(Duration::from_millis(300)).await;
    directory.tenant("honda").await?;
    assert_eq!(lookup.asked(), 2);
    Ok(())
}

#[tokio::test]
async fn a_lookup_that_fails_is_not_kept() -> Outcome {
    let lookup = Counted::default();
    let directory = lookup.directory(TenantId::random());
    for _ in 0..2 {
        assert_eq!(directory.tenant("broken").await, Err(Error::PoolTimeout));
    }
    assert_eq!(lookup.asked(), 2);
    Ok(())
}

/// Whoever asks for names that nobody has does not drive out those that are in use, nor fill the memory.
#[tokio::test]
async fn a_flood_of_names_is_bounded() -> Outcome {
    let (lookup, honda) = (Counted::default(), TenantId::random());
    let directory = lookup.directory(honda).capacity(20);
    for _ in 0..100 {
        directory.tenant("honda").await?;
    }
    for flood in 0..20 {
        join_all((0..100).map(|n| directory.clone().tenant_of(format!("nobody-{flood}-{n}")))).await;
        directory.tenant("honda").await?;
    }
    let asked = lookup.asked();
    assert!(asked < 2_000 + 10, "{asked}");
    // Of the 2000 names a few are kept.
    join_all(
        (0..20)
            .flat_map(|flood| (0..100).map(move |n| (flood, n)))
            .map(|(flood, n)| directory.clone().tenant_of(format!("nobody-{flood}-{n}"))),
    )
    .await;
    let asked = lookup.asked();
    assert!(asked >= 1_900, "{asked}");
    Ok(())
}

trait TenantOf {
    async fn tenant_of(self, name: String) -> Result<Option<TenantId>, Error>;
}

impl<N: Names> TenantOf for N {
    async fn tenant_of(self, name: String) -> Result<Option<TenantId>, Error> {
        self.tenant(&name).await
    }
}
