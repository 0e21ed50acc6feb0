//! Connections: the pools, the scope of one tenant, and the door for admin.

mod access;
mod admin;
mod async_func;
mod builder;
mod deadline;
mod encryption;
mod execution;
mod flight;
mod limits;
mod manager;
mod numbers;
mod observe;
mod parameters;
mod pool;
mod pooler;
mod retrying;
mod session;
mod target;
mod tenant;
mod tenant_pool;
mod tenant_scope;
#[cfg(feature = "tls")]
mod tls;
mod transaction;
mod transaction_builder;

pub use access::Access;
pub use admin::{AdminConn, AdminPool};
pub use async_func::{AsyncFunc, AsyncRepeat};
pub use builder::PoolBuilder;
pub use pool::PoolStatus;
pub use retrying::Retrying;
pub use target::connect;
pub use tenant::TenantConn;
pub use tenant_pool::TenantPool;
pub use tenant_scope::TenantScope;
pub use transaction_builder::TransactionBuilder;
