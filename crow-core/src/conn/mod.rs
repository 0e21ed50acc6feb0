//! Connections: the pools, the scope of one tenant, and the door for admin.

mod access;
mod admin;
mod async_func;
mod builder;
mod deadline;
mod execution;
mod flight;
mod limits;
mod manager;
mod pool;
mod session;
mod tenant;
mod tenant_pool;
mod transaction;

pub use access::Access;
pub use admin::{AdminConn, AdminPool};
pub use async_func::AsyncFunc;
pub use builder::PoolBuilder;
pub use pool::PoolStatus;
pub use tenant::TenantConn;
pub use tenant_pool::TenantPool;
