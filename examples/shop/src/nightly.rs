//! What happens every night, for every shop.

use std::time::Duration;

use chrono::{Days, NaiveTime, Utc};
use crow_core::{Access, AdminPool, Error, JobError, JobKeys, TenantId, TenantJob, for_each_tenant};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tokio_util::sync::CancellationToken;

use crate::queue::{Queue, QueueClosed};
use crate::reminders::Remind;
use crate::schema::shops;

#[derive(Debug, Clone)]
pub(crate) struct Nightly {
    pub(crate) admin: AdminPool,
    pub(crate) keys: JobKeys,
    pub(crate) queue: Queue,
    pub(crate) stop: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
enum NotAsked {
    #[error(transparent)]
    Job(#[from] JobError),
    #[error(transparent)]
    Queue(#[from] QueueClosed),
}

impl Nightly {
    /// Runs at three o'clock each night, until the service stops.
    pub(crate) async fn run(self) {
        while self.stop.run_until_cancelled(tokio::time::sleep(until_three())).await.is_some() {
            match self.ask_for_reminders().await {
                Ok(asked) => tracing::info!(asked, "reminders asked for"),
                Err(error) => tracing::error!(%error, "no reminders tonight"),
            }
        }
    }

    /// Puts a job for each shop into the queue, and says for how many shops that went well.
    pub(crate) async fn ask_for_reminders(&self) -> Result<usize, Error> {
        let day = Utc::now().date_naive();
        let report = for_each_tenant(self.shops().await?)
            .until(self.stop.cancelled())
            .run(async |shop| -> Result<(), NotAsked> {
                Ok(self.queue.put(&TenantJob::sign(shop, &Remind { day }, &self.keys)?).await?)
            })
            .await;
        for (shop, failure) in report.failures() {
            tracing::error!(%shop, %failure, "no reminders for this shop");
        }
        Ok(report.outcomes.len() - report.failures().count())
    }

    async fn shops(&self) -> Result<Vec<TenantId>, Error> {
        let mut conn = self.admin.get(Access::new("nightly", "reminders: which shops there are")).await?;
        let shops: Vec<uuid::Uuid> = shops::table.select(shops::id).load(&mut conn).await?;
        Ok(shops.into_iter().map(TenantId::try_from).collect::<Result<_, _>>()?)
    }
}

/// How long it is until three o'clock (UTC).
fn until_three() -> Duration {
    let now = Utc::now();
    let three = |day: chrono::NaiveDate| day.and_time(NaiveTime::MIN + chrono::TimeDelta::hours(3)).and_utc();
    let today = three(now.date_naive());
    let next = if today > now { today } else { today + Days::new(1) };
    (next - now).to_std().unwrap_or_default()
}
