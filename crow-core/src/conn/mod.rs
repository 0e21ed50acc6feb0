//! Connections: the pools, the scope of one tenant, and the door for admin.

mod admin;
mod async_func;
mod builder;
mod deadline;
mod execution;
mod flight;
mod manager;
mod pool;
mod session;
mod tenant;
mod transaction;

pub use admin::{Access, AdminConn, AdminPool};
pub use async_func::AsyncFunc;
pub use builder::PoolBuilder;
pub use pool::TenantPool;
pub use tenant::TenantConn;
