use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use crow_core::{ClaimedTenant, VerifiedTenant};

async fn claimed(_: Path<ClaimedTenant>) {}

fn accepted() -> Router {
    Router::new().route("/{shop}", get(claimed))
}

#[cfg(refused)]
async fn verified(_: Path<VerifiedTenant>) {}

#[cfg(refused)]
fn refused() -> Router {
    Router::new().route("/{shop}", get(verified)) //~ error: the trait bound `fn(axum::extract::Path<VerifiedTenant>) -> impl Future<Output = ()> {verified}: Handler<_, _>` is not satisfied
}
