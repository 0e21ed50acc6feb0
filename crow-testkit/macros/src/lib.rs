//! The attribute macro of crow-testkit: a test's signature and options, checked and turned into a call of
//! `crow_testkit`.
//!
//! Documented and re-exported there.

mod expand;
mod function;
mod options;
mod span;

use proc_macro::TokenStream;

/// Makes an `async fn` a test with a database of its own: see `crow_testkit::test`.
#[proc_macro_attribute]
pub fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::test(options.into(), function.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}
