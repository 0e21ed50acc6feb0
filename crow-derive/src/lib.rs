//! The derive macros of crow: what a struct says about its table, checked and put into traits.
//!
//! Documented and re-exported in `crow-core`.

mod changeset;
mod errors;
mod input;
mod model;

use proc_macro::TokenStream;

/// Marks a struct as a row of a tenant table: see `crow_core::TenantModel`.
#[proc_macro_derive(TenantModel, attributes(diesel))]
pub fn tenant_model(input: TokenStream) -> TokenStream {
    expand(input, model::tenant)
}

/// Marks a struct as a row of a shared table: see `crow_core::SharedModel`.
#[proc_macro_derive(SharedModel, attributes(diesel))]
pub fn shared_model(input: TokenStream) -> TokenStream {
    expand(input, model::shared)
}

/// Lets a struct that derives `AsChangeset` be set by a tenant scope, after making sure that it
/// does not assign `tenant_id`.
#[proc_macro_derive(TenantChangeset, attributes(diesel))]
pub fn tenant_changeset(input: TokenStream) -> TokenStream {
    expand(input, changeset::expand)
}

fn expand(
    input: TokenStream,
    derive: fn(&syn::DeriveInput) -> Result<proc_macro2::TokenStream, syn::Error>,
) -> TokenStream {
    syn::parse(input).and_then(|input| derive(&input)).unwrap_or_else(|error| error.to_compile_error()).into()
}
