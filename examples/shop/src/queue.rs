//! The way of a job from who asks for it to who does it.
//!
//! A channel of this process, so that the example needs no other. It carries text, as Redis, SQS or a table would:
//! what comes out is only what somebody put in, and a worker trusts the signature of a job and nothing else.

use crow_core::{Error, Job, JobKeys, TenantJob, TenantPool};
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::reminders::Remind;

#[derive(Debug, Clone)]
pub(crate) struct Queue(mpsc::Sender<String>);

#[derive(Debug)]
pub(crate) struct Deliveries(mpsc::Receiver<String>);

pub(crate) fn queue() -> (Queue, Deliveries) {
    let (sender, receiver) = mpsc::channel(1000);
    (Queue(sender), Deliveries(receiver))
}

impl Queue {
    /// Puts a job in, waiting while the queue is full.
    pub(crate) async fn put<T: Job>(&self, job: &TenantJob<T>) -> Result<(), QueueClosed> {
        self.0.send(job.as_str().to_owned()).await.map_err(|_| QueueClosed)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the queue is closed, because the service ends")]
pub(crate) struct QueueClosed;

/// Does what the queue delivers, until nobody can put anything in any more.
pub(crate) async fn work(mut deliveries: Deliveries, pool: TenantPool, keys: JobKeys) {
    while let Some(message) = deliveries.0.recv().await {
        // A queue that delivers again is told here whether that makes sense. After `Error::Job` it does not.
        if let Err(error) = open_and_run(&message, &pool, &keys).await {
            tracing::error!(%error, "job failed");
        }
    }
}

async fn open_and_run(message: &str, pool: &TenantPool, keys: &JobKeys) -> Result<(), Error> {
    let job = message.parse::<TenantJob<Remind>>()?.open(keys)?;
    let span = tracing::info_span!("job", id = %job.id(), kind = Remind::KIND, tenant = %job.tenant());
    let run = async {
        let reminders = job.run(pool, async |tx| job.payload().run(tx).await).await?;
        tracing::info!(reminders, "job done");
        Ok(())
    };
    run.instrument(span).await
}
