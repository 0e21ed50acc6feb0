//! Traits that only crow implements.

/// An argument of a hidden function of each such trait. Nobody else can name it, and so nobody
/// else can write an implementation that calls a table, a column or a row harmless.
#[derive(Debug)]
pub struct Seal;
