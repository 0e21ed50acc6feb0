//! Whether the service lives, and whether it should be given requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use crow_core::{Error, Severity, TenantPool};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// The audit reads the whole catalog, so its result is good for a while.
const GOOD_FOR: Duration = Duration::from_secs(10 * 60);

#[derive(Clone)]
struct Readiness {
    pool: TenantPool,
    /// When the database was last found to keep tenants apart.
    audited: Arc<Mutex<Option<Instant>>>,
}

pub(crate) fn routes(pool: TenantPool) -> Router {
    let readiness = Readiness { pool, audited: Arc::default() };
    Router::new().route("/health", get(async || "alive")).route("/ready", get(ready)).with_state(readiness)
}

/// Not ready is a service without a database, or with one that would let one shop see another's rows. The reasons are in the log.
async fn ready(State(readiness): State<Readiness>) -> (StatusCode, Json<Value>) {
    match readiness.check().await {
        Ok(true) => (StatusCode::OK, Json(json!({ "ready": true }))),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "because": "audit" }))),
        Err(error) => {
            tracing::error!(%error, "the database could not be audited");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "because": "database" })))
        }
    }
}

impl Readiness {
    /// One audit at a time, however many ask.
    async fn check(&self) -> Result<bool, Error> {
        let mut audited = self.audited.lock().await;
        if audited.is_some_and(|at| at.elapsed() < GOOD_FOR) {
            return Ok(true);
        }
        let report = self.pool.audit().await?;
        let (critical, others): (Vec<_>, Vec<_>) =
            report.findings.iter().partition(|finding| finding.severity == Severity::Critical);
        for finding in &others {
            tracing::warn!(%finding, "audit");
        }
        for finding in &critical {
            tracing::error!(%finding, "audit");
        }
        *audited = critical.is_empty().then(Instant::now);
        Ok(critical.is_empty())
    }
}
