//! See `peers.rs`.
