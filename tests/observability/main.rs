//! What crow shows of itself: spans, events and numbers, and what it never shows.

mod instrumentation;
#[cfg(feature = "metrics")]
mod numbers;
mod recorder;
mod secrets;
#[path = "../behaviour/shop.rs"]
#[expect(dead_code, reason = "the behaviour tests use all of it")]
mod shop;
mod spans;
