//! One line of JSON for each thing that happens.

use tracing_subscriber::EnvFilter;

/// Writes events to the standard output, each with the request and the tenant that it belongs to. `RUST_LOG` chooses which.
pub fn log_as_json() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        .init();
}
