//! Connections, from their first byte to the last answer.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// Answers until `stop` is ready, then takes no more connections, and waits for the answers that are under way.
///
/// In place of `axum::serve`, which waits for a client that sends its header a byte a minute as long as the client likes.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    ask_within: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(ask_within);
    let (open, mut stop) = (GracefulShutdown::new(), pin!(stop));
    loop {
        let (stream, _) = tokio::select! {
            // axum's, which goes on where there are no more file descriptors for now.
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}
