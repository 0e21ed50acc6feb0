//! A service for repair shops: each of them on a subdomain of its own, all of them in one database.
//!
//! To read from top to bottom: `router` puts everything together, `vehicles` is what most modules look like. Handlers take a
//! `TenantScope`, which is the shop that the request was proved to be for, and have no way to another one.

#![allow(missing_docs)]

mod admin;
mod config;
mod connections;
mod directory;
mod document;
mod error;
mod health;
mod identity;
mod input;
mod logs;
pub mod models;
mod nightly;
mod openapi;
mod page;
mod queue;
mod records;
mod reminders;
mod router;
pub mod schema;
mod service;
mod statistics;
mod trouble;
mod vehicles;

pub use config::{Config, ConfigError};
pub use logs::log_as_json;
pub use service::Service;
