//! A report for other programs to read.

mod github;
#[cfg(feature = "report")]
mod json;
#[cfg(feature = "report")]
mod junit;
#[cfg(feature = "report")]
mod sarif;
mod text;
