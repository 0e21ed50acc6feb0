//! What crow-testkit promises, on real servers.
//!
//! Every test that depends on the environment, or ends a process, plays with [actors](actor) in a
//! [scene](scene) of its own, so that no server of the developer's is seen or disturbed.

mod actor;
mod scene;

mod database;
#[cfg(feature = "download")]
mod download;
mod environment;
mod external;
mod fill;
mod lifetime;
mod private;
mod proxy;
mod soak;
mod template;
mod user;
