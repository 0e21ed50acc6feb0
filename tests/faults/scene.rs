//! Two shops at the other end of a wire, and what has to be true of them whatever happened.

use std::time::{Duration, Instant};

use crow_core::{Error, PoolBuilder, TenantConn, TenantId, TenantPool};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use crow_testkit::Proxy;
use diesel::sql_query;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::try_join;
use tokio::sync::{Barrier, Mutex};

use crate::shop::{Outcome, Shops, number, raw_texts, texts};
use crate::works::Work;

/// Long after what was to happen.
const LATE: Duration = Duration::from_secs(10);

pub(crate) struct Scene {
    pub(crate) proxy: Proxy,
    /// Two connections through the proxy.
    pub(crate) pool: TenantPool,
    pub(crate) shops: Shops,
    /// Not through the proxy.
    superuser: Mutex<AsyncPgConnection>,
}

impl Scene {
    pub(crate) async fn open() -> Outcome<Self> {
        Self::open_with(|pool| pool).await
    }

    pub(crate) async fn open_with(
        settings: impl FnOnce(PoolBuilder<TenantPool>) -> PoolBuilder<TenantPool>,
    ) -> Outcome<Self> {
        Self::of(Shops::open().await?, settings).await
    }

    pub(crate) async fn of(
        shops: Shops,
        settings: impl FnOnce(PoolBuilder<TenantPool>) -> PoolBuilder<TenantPool>,
    ) -> Outcome<Self> {
        let proxy = Proxy::start(&shops.db.tenant_url())?;
        let pool = settings(TenantPool::builder(proxy.url()).max_size(2)).connect().await?;
        // Its own pool has done its part, and would only be in the way of the looks from outside.
        shops.pool.close(LATE).await;
        let superuser = Mutex::new(shops.superuser().await?);
        Ok(Self { proxy, pool, shops, superuser })
    }

    pub(crate) fn ours(&self) -> TenantId {
        self.shops.ours
    }

    pub(crate) async fn run(&self, work: Work) -> Result<(), Error> {
        work.run(&self.pool, self.ours()).await
    }

    pub(crate) async fn superuser(&self, sql: &str) -> Outcome<Vec<String>> {
        texts(&mut *self.superuser.lock().await, sql).await
    }

    /// After the server was away.
    pub(crate) async fn look_anew(&self) -> Outcome {
        *self.superuser.lock().await = self.shops.superuser().await?;
        Ok(())
    }

    /// Ends all processes that serve the application, and returns when they have ended.
    pub(crate) async fn kill_backends(&self) -> Outcome {
        // Asked to wait for the end, the server looks every 100 ms.
        let kill = "SELECT CASE WHEN pg_terminate_backend(pid) THEN pid ELSE 0 END::text AS text \
                    FROM pg_stat_activity WHERE datname = current_database() AND usename = 'crow_app'";
        let killed = self.superuser(kill).await?.join(", ");
        let left = format!("SELECT pid::text AS text FROM pg_stat_activity WHERE pid = ANY('{{{killed}}}')");
        let begin = Instant::now();
        while !self.superuser(&left).await?.is_empty() {
            if begin.elapsed() > LATE {
                return Err("what was killed does not end".into());
            }
        }
        Ok(())
    }

    /// Ends all connections, and returns when the pool can know that they are gone.
    pub(crate) async fn lose_connections(&self) -> Outcome {
        self.kill_backends().await?;
        let begin = Instant::now();
        loop {
            self.proxy.reset_round_trips();
            match self.proxy.round_trips_by_connection().len() {
                // The proxy's client has closed its side too.
                0 => return Ok(()),
                open if begin.elapsed() > LATE => return Err(format!("{open} connections stay open").into()),
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// After `result` of the work, or none if it was dropped: nothing is half done, nobody is in a
    /// transaction, and all connections of the pool serve another tenant, who sees its own rows and
    /// nothing that was left in the session.
    pub(crate) async fn assert_whole(&self, work: Work, result: Option<&Result<(), Error>>) -> Outcome {
        self.settled().await?;
        let mut superuser = self.superuser.lock().await;
        let of_new = "SELECT count(*) AS number FROM vehicles WHERE model LIKE 'new%'";
        let written = number(&mut superuser, of_new).await?;
        superuser.batch_execute("DELETE FROM vehicles WHERE model LIKE 'new%'").await?;
        let jobs = number(&mut superuser, "SELECT count(*) AS number FROM jobs").await?;
        drop(superuser);
        if written != work.vehicles() && (written != 0 || matches!(result, Some(Ok(())))) {
            return Err(format!("{written} of {} are written after {result:?}", work.vehicles()).into());
        }
        if jobs != 0 {
            return Err("what COMMIT refused is there".into());
        }
        self.assert_clean().await
    }

    /// The part of [`assert_whole`](Self::assert_whole) that is about connections.
    pub(crate) async fn assert_clean(&self) -> Outcome {
        self.settled().await?;
        let both = Barrier::new(2);
        let look = || {
            self.pool.transaction(self.shops.theirs, async |tx| {
                both.wait().await;
                look(tx).await
            })
        };
        for seen in <[_; 2]>::from(try_join!(look(), look())?) {
            if seen != ["sees Corolla"] {
                return Err(format!("another tenant: {seen:?}").into());
            }
        }
        Ok(())
    }

    /// Nobody serves a scope any more. Those whose connection was closed have ended: until then a statement can be on
    /// its way to one that is idle.
    async fn settled(&self) -> Outcome {
        let busy = "SELECT count(*) FILTER (WHERE state <> 'idle') AS number FROM pg_stat_activity \
                    WHERE datname = current_database() AND usename = 'crow_app' HAVING count(*) <= {open} \
                    UNION ALL SELECT 1 AS number LIMIT 1";
        let mut superuser = self.superuser.lock().await;
        let begin = Instant::now();
        while number(&mut superuser, &busy.replace("{open}", &self.pool.status().open.to_string())).await? > 0
        {
            if begin.elapsed() > LATE {
                let who = "SELECT state || ': ' || query AS text FROM pg_stat_activity \
                           WHERE datname = current_database() AND usename = 'crow_app' AND state <> 'idle'";
                return Err(format!("still at work: {:?}", texts(&mut superuser, who).await?).into());
            }
        }
        Ok(())
    }
}

/// The models that are visible, then whatever there is in the session without a tenant.
async fn look(tx: &mut TenantConn<'_>) -> Result<Vec<String>, Error> {
    let seen = tx.query::<Vehicle>().select(vehicles::model).load::<String>(tx).await?;
    tx.rls_only(sql_query("COMMIT")).execute(tx).await?;
    let left = raw_texts(
        tx,
        "SELECT 'has ' || name || ' ' || value AS text
         FROM (VALUES ('crow.scope', current_setting('crow.scope', true)),
                      ('app.current_tenant', current_setting('app.current_tenant', true))) AS s (name, value)
         WHERE value <> ''
         UNION ALL SELECT 'listens to ' || c FROM pg_listening_channels() AS c",
    )
    .await?;
    Ok(seen.into_iter().map(|model| format!("sees {model}")).chain(left).collect())
}
