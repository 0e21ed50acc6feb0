//! Vehicles that were not in the shop for a year.

use axum::Json;
use chrono::{Months, NaiveDate};
use crow_core::{Error, Job, TenantConn, TenantScope};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::error::Answer;
use crate::models::{Reminder, ServiceRecord, Vehicle};
use crate::schema::{reminders, service_records, vehicles};

pub(crate) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list))
}

/// The customers to call, the latest first.
#[utoipa::path(get, path = "/api/reminders", operation_id = "list_reminders", tag = "reminders", responses((status = OK, body = Vec<Reminder>)))]
async fn list(shop: TenantScope) -> Answer<Json<Vec<Reminder>>> {
    let newest = (reminders::due_on.desc(), reminders::id);
    let found = shop.run(async |db| db.query::<Reminder>().order(newest).limit(100).load(db).await).await?;
    Ok(Json(found))
}

/// Asks a shop to look which vehicles are due. What the queue carries, and what a worker does once for each shop and night.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Remind {
    pub(crate) day: NaiveDate,
}

impl Job for Remind {
    const KIND: &'static str = "remind";
}

impl Remind {
    /// Notes each vehicle that was neither serviced nor noted in the year before; says how many there are.
    pub(crate) async fn run(&self, tx: &TenantConn<'_>) -> Result<usize, Error> {
        let since = self.day - Months::new(12);
        let serviced = tx
            .query::<ServiceRecord>()
            .filter(service_records::done_on.gt(since))
            .select(service_records::vehicle_id);
        let noted = tx.query::<Reminder>().filter(reminders::due_on.gt(since)).select(reminders::vehicle_id);
        let due: Vec<Uuid> = tx
            .query::<Vehicle>()
            .filter(vehicles::id.ne_all(serviced))
            .filter(vehicles::id.ne_all(noted))
            .select(vehicles::id)
            .load(tx)
            .await?;
        let new: Vec<_> =
            due.iter().map(|id| (reminders::vehicle_id.eq(*id), reminders::due_on.eq(self.day))).collect();
        tx.insert_into::<Reminder>().values(new).execute(tx).await
    }
}
