//! Connections: the pools, the scope of one tenant, and the door for admin.

mod admin;
mod async_func;
mod execution;
mod flight;
mod pool;
mod session;
mod tenant;
mod transaction;

pub use admin::{Access, AdminConn, AdminPool, AdminPoolBuilder};
pub use async_func::AsyncFunc;
pub use pool::{TenantPool, TenantPoolBuilder};
pub use tenant::TenantConn;
