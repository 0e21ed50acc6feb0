//! What stands before a service and lets some requests through.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::header::HeaderValue;
use http::request::Parts;
use http::{Request, Response};
use tower_service::Service;

use super::problem::Problem;
use super::refusal::Refusal;

/// Decides about requests by their heads, and leaves what it found out in their extensions.
pub trait Gate: Send + Sync + 'static {
    #[doc(hidden)]
    fn pass(&self, parts: &mut Parts) -> impl Future<Output = Result<(), Refusal>> + Send;

    #[doc(hidden)]
    fn challenge(&self) -> Option<HeaderValue>;
}

/// A service behind a [`TenantLayer`](super::TenantLayer) or an [`AdminLayer`](super::AdminLayer).
pub struct Gated<S, G> {
    service: S,
    gate: Arc<G>,
}

impl<S, G> Gated<S, G> {
    pub(super) fn new(service: S, gate: Arc<G>) -> Self {
        Self { service, gate }
    }
}

impl<S, G, B, R> Service<Request<B>> for Gated<S, G>
where
    S: Service<Request<B>, Response = Response<R>, Future: Send> + Clone + Send + 'static,
    G: Gate,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gate = Arc::clone(&self.gate);
        // The one that is ready answers, and its clone is asked next.
        let clone = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, clone);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match gate.pass(&mut parts).await {
                Ok(()) => service.call(Request::from_parts(parts, body)).await,
                Err(refusal) => Ok(answer(&refusal, &*gate).into_response()),
            }
        })
    }
}

fn answer<G: Gate>(refusal: &Refusal, gate: &G) -> Problem {
    let problem = Problem::from(refusal);
    let status = problem.status().as_u16();
    tracing::info!(target: "crow", { "error.type" = refusal.kind(), status, reason = %refusal }, "request refused");
    let challenge = match refusal {
        Refusal::Unidentified | Refusal::Credentials(_) => gate.challenge(),
        _ => None,
    };
    match challenge {
        Some(challenge) => problem.challenge(challenge),
        None => problem,
    }
}

impl<S: Clone, G> Clone for Gated<S, G> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), gate: Arc::clone(&self.gate) }
    }
}

impl<S, G> fmt::Debug for Gated<S, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated").finish_non_exhaustive()
    }
}
