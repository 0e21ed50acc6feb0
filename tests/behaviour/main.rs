//! What crow does on a real server.

mod admin;
mod admin_session;
mod attestation;
mod audit;
mod bouncer;
mod certificates;
mod custom_types;
mod database_alone;
mod deadlines;
mod entering;
mod errors;
mod isolation;
mod leftovers;
mod outcomes;
mod pgbouncer;
mod pipelining;
mod pool;
mod retrying;
mod round_trips;
mod shop;
mod statements;
mod support;
mod tenant_id;
mod tls;
mod transaction_options;
mod transactions;
