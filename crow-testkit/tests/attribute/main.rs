//! What `#[crow_testkit::test]` promises.
//!
//! Tests that have to fail are in [`failing`], ignored, and played by others in a process of their own.

mod arguments;
mod failing;
mod migrations;
mod play;
mod schemas;
mod verdicts;
