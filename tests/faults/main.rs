//! What is left of a unit of work when something goes wrong in the middle of it: nothing, or all of it.
//!
//! Each kind of work (`works`) is dropped at each of its awaits (`cancelled`), and meets each fault at
//! each message of its connection (`wire`). Servers die, restart and hang (`server`), processes panic,
//! forget and end (`process`). After each case the state is looked at from outside (`scene`).
//! `soak` does it all at once, at random, for as long as it is told.

mod cancelled;
mod process;
mod scene;
mod server;
#[path = "../behaviour/shop.rs"]
#[allow(dead_code, reason = "shared with the tests of behaviour, which use all of it")]
mod shop;
mod soak;
mod wire;
mod works;
