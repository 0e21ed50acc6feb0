//! The service from its beginning to its end.

use std::io;
use std::time::Duration;

use axum::Router;
use crow_core::{AdminPool, Error, JobKeys, TenantPool};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::connections::serve;
use crate::nightly::Nightly;
use crate::queue::{Deliveries, queue, work};
use crate::router::router;

/// Everything that is needed to answer, before anybody asks.
#[derive(Debug)]
pub struct Service {
    router: Router,
    ask_within: Duration,
    pool: TenantPool,
    nightly: Nightly,
    deliveries: Deliveries,
    job_keys: JobKeys,
}

/// How long work for a request may take: less than [`Config::ANSWER_WITHIN`].
const DEADLINE: Duration = Duration::from_secs(5);

/// How long those who are being served may take when the service ends.
const FAREWELL: Duration = Duration::from_secs(15);

impl Service {
    /// Opens the pools, which refuse a database that does not keep shops apart.
    ///
    /// # Errors
    ///
    /// Those of the pools' `connect`, and [`Error::Invalid`] for a domain that is none.
    pub async fn open(config: Config) -> Result<Self, Error> {
        let pool = TenantPool::builder(&config.tenant_url).deadline(DEADLINE).connect().await?;
        let admin = AdminPool::builder(&config.admin_url).connect().await?;
        let (queue, deliveries) = queue();
        let job_keys = config.job_keys.clone();
        let nightly = Nightly { admin, keys: job_keys.clone(), queue, stop: CancellationToken::new() };
        let router = router(&config, pool.clone(), nightly.clone()).await?;
        Ok(Self { router, ask_within: config.ask_within, pool, nightly, deliveries, job_keys })
    }

    /// Answers until `stop` is ready, and then ends in order: no new connections, those who are being served, the jobs that
    /// are left, the pools.
    ///
    /// # Errors
    ///
    /// If the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let Self { router, ask_within, pool, nightly, deliveries, job_keys } = self;
        tracing::info!(address = %listener.local_addr()?, "listening");
        let (stopping, admin) = (nightly.stop.clone(), nightly.admin.clone());
        let nights = tokio::spawn(nightly.run());
        let worker = tokio::spawn(work(deliveries, pool.clone(), job_keys));
        let stop = {
            let stopping = stopping.clone();
            async move {
                stop.await;
                stopping.cancel();
            }
        };

        tokio::select! {
            () = serve(listener, router, ask_within, stop) => {}
            () = async { stopping.cancelled().await; tokio::time::sleep(FAREWELL).await } => {
                tracing::warn!("some requests took too long to be waited for");
            }
        }
        stopping.cancel();
        // The queue closes with the last who could put something in; what is in it is still done.
        if timeout(FAREWELL, async { tokio::join!(nights, worker) }).await.is_err() {
            tracing::warn!("some jobs took too long to be waited for");
        }
        let (left, admin_left) = tokio::join!(pool.close(FAREWELL), admin.close(FAREWELL));
        tracing::info!(left = left.in_use + admin_left.in_use, "closed");
        Ok(())
    }
}
