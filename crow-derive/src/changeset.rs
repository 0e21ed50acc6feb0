//! `TenantChangeset`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, GenericArgument, Lifetime, PathArguments, Type, parse_quote};

use crate::errors::Errors;
use crate::input::{Column, Input, is_tenant_column};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, syn::Error> {
    let errors = Errors::new();
    let changeset = Input::read(input, &errors);
    for column in changeset.iter().flat_map(|changeset| &changeset.fields).filter(|column| !column.skip) {
        if column.name.as_ref().is_some_and(is_tenant_column) {
            errors.push(syn::Error::new(
                column.span(),
                "`tenant_id` is never written by hand: a row never changes its tenant. Leave the field out; \
                 to move rows between tenants take an `AdminConn`",
            ));
        }
        if column.name.is_none() && !column.embed {
            errors.push(syn::Error::new(
                column.span(),
                "name the column of this field: `#[diesel(column_name = ..)]`",
            ));
        }
    }
    errors.check()?;
    Ok(changeset.map(|changeset| generate(input, &changeset)).unwrap_or_default())
}

/// Each field is checked as the assignment `column.eq(field)` that diesel makes of it.
fn generate(input: &DeriveInput, changeset: &Input) -> TokenStream {
    let Input { name, table, .. } = changeset;
    let scope: Lifetime = parse_quote!('__scope);
    let (_, type_generics, _) = input.generics.split_for_impl();
    let mut generics = input.generics.clone();
    generics.params.insert(0, parse_quote!(#scope));
    let bounds = changeset.fields.iter().filter(|column| !column.skip).map(|column| {
        let Column { field, name, embed, .. } = column;
        let ty = column.serialize_as.as_ref().unwrap_or(&field.ty);
        if *embed {
            return parse_quote!(#ty: ::crow_core::bounds::Changes<#scope, #table::table, ::crow_core::bounds::Derived>);
        }
        let keeps_null = column.treat_none_as_null.unwrap_or(changeset.treat_none_as_null);
        let value = if keeps_null { ty } else { inner_of_option(ty).unwrap_or(ty) };
        parse_quote! {
            ::diesel::dsl::Eq<#table::#name, #value>:
                ::crow_core::bounds::Changes<#scope, #table::table, ::crow_core::bounds::Inline>
        }
    });
    let bounds: Vec<syn::WherePredicate> = bounds.collect();
    generics.make_where_clause().predicates.extend(bounds);
    let (impl_generics, _, where_clause) = generics.split_for_impl();

    let mut by_reference = generics.clone();
    by_reference.params.insert(0, parse_quote!('__update));
    let (reference_generics, _, _) = by_reference.split_for_impl();
    let trait_of = quote!(::crow_core::bounds::Changes<#scope, #table::table, ::crow_core::bounds::Derived>);
    let seal = quote!(
        fn __only_the_derive_implements_this(_: ::crow_core::__derive::Derived) {}
    );
    quote_spanned! {name.span()=>
        #[automatically_derived]
        impl #impl_generics #trait_of for #name #type_generics #where_clause {
            #seal
        }

        #[automatically_derived]
        impl #reference_generics #trait_of for &'__update #name #type_generics #where_clause {
            #seal
        }
    }
}

fn inner_of_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        }
        _ => None,
    }
}
