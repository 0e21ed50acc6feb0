//! `TenantModel` and `SharedModel`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Ident, Member, Path};

use crate::errors::Errors;
use crate::input::{Input, Parent, is_tenant_column};

pub(crate) fn tenant(input: &DeriveInput) -> Result<TokenStream, syn::Error> {
    expand(input, Kind::Tenant)
}

pub(crate) fn shared(input: &DeriveInput) -> Result<TokenStream, syn::Error> {
    expand(input, Kind::Shared)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Tenant,
    Shared,
}

fn expand(input: &DeriveInput, kind: Kind) -> Result<TokenStream, syn::Error> {
    let errors = Errors::new();
    let model = Input::read(input, &errors);
    if let Some(model) = &model {
        check(input, model, kind, &errors);
    }
    errors.check()?;
    Ok(model.map(|model| generate(&model, kind)).unwrap_or_default())
}

fn check(input: &DeriveInput, model: &Input, kind: Kind, errors: &Errors) {
    if let Some(generic) = input.generics.params.first() {
        errors.push(syn::Error::new_spanned(
            generic,
            "a model owns its values: derive it on a struct without generics or lifetimes, and load \
             other row types with `.select(Row::as_select())`",
        ));
    }
    if kind == Kind::Tenant {
        for column in model.key.iter().filter(|column| is_tenant_column(column)) {
            errors.push(syn::Error::new_spanned(
                column,
                "the key of a tenant model names a row within its tenant: leave `tenant_id` out and \
                 write `primary_key(id)`",
            ));
        }
    } else {
        for column in model.fields.iter().filter(|column| column.name.as_ref().is_some_and(is_tenant_column))
        {
            errors.push(syn::Error::new(
                column.span(),
                "a shared table is the same for every tenant and has no `tenant_id`: derive `TenantModel`",
            ));
        }
    }
}

fn generate(model: &Input, kind: Kind) -> TokenStream {
    let Input { name, table, key, .. } = model;
    let span = table.span();
    let (protection, rows) = match kind {
        Kind::Tenant => (quote!(Tenant), tenant_table(name, table)),
        Kind::Shared => (quote!(Shared), shared_table(name, table)),
    };
    let links = links(model).into_iter().map(|parent| link(parent, table));
    let keyed = keyed(model);
    let key = match key.as_slice() {
        [column] => quote!(#table::#column),
        columns => quote!((#(#table::#columns,)*)),
    };
    quote_spanned! {span=>
        #[allow(unused_qualifications, non_local_definitions)]
        const _: () = {
            use ::crow_core::__derive as __crow;
            use #table::columns as __columns;

            type __Table = #table::table;

            #[automatically_derived]
            impl __crow::Model for #name {
                type Table = __Table;
                type Key = #key;

                fn selection() -> __crow::Fragment<'static> {
                    static ONCE: ::std::sync::OnceLock<__crow::Fragment<'static>> = ::std::sync::OnceLock::new();
                    __crow::selection::<Self>(&ONCE)
                }

                fn __only_the_derive_implements_this(_: __crow::Derived) {}
            }

            const _: fn() = __crow::assert_scoped::<#name>;

            #rows

            #(#links)*

            #keyed

            __crow::inventory::submit! {
                __crow::ModelEntry::__new(
                    ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                    __crow::table_name::<__Table>,
                    __crow::table_columns::<__Table>,
                    __crow::Protection::#protection,
                )
            }
        };
    }
}

/// The key of a row, if the struct has all of its columns as fields.
fn keyed(model: &Input) -> Option<TokenStream> {
    let Input { name, key, fields, .. } = model;
    let of_key = |column: &Ident| {
        let (index, field) =
            fields.iter().enumerate().find(|(_, field)| field.name.as_ref() == Some(column))?;
        let member = field.field.ident.clone().map_or_else(|| Member::from(index), Member::from);
        Some((&field.field.ty, member))
    };
    let (types, members): (Vec<_>, Vec<_>) =
        key.iter().map(of_key).collect::<Option<Vec<_>>>()?.into_iter().unzip();
    let (id, value) = match (types.as_slice(), members.as_slice()) {
        ([ty], [member]) => (quote!(#ty), quote!(::core::clone::Clone::clone(&self.#member))),
        _ => (quote!((#(#types,)*)), quote!((#(::core::clone::Clone::clone(&self.#members),)*))),
    };
    Some(quote! {
        #[automatically_derived]
        impl __crow::Keyed for #name {
            type Id = #id;

            fn id(&self) -> Self::Id {
                #value
            }

            fn __only_the_derive_implements_this(_: __crow::Derived) {}
        }
    })
}

/// The tenant column is named in a block that falls back to a marker of crow's: a glob import of
/// the table's columns shadows the outer import exactly if there is such a column. So a missing
/// column is one error with a sentence of ours, and nothing follows from it.
fn tenant_table(name: &syn::Ident, table: &Path) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl __crow::TenantModel for #name {
            fn __only_the_derive_implements_this(_: __crow::Derived) {}
        }

        #[automatically_derived]
        impl __crow::ScopedTable for __Table {
            fn table() -> Self {
                #table::table
            }

            fn source() -> __crow::Fragment<'static> {
                static ONCE: ::std::sync::OnceLock<__crow::Fragment<'static>> = ::std::sync::OnceLock::new();
                __crow::source::<Self>(&ONCE)
            }

            fn tenant_column() -> ::core::option::Option<__crow::Fragment<'static>> {
                static ONCE: ::std::sync::OnceLock<__crow::Fragment<'static>> = ::std::sync::OnceLock::new();
                ::core::option::Option::Some(__crow::tenant_column::<Self>(&ONCE))
            }

            fn __only_the_derive_implements_this(_: __crow::Derived) {}
        }

        #[allow(unused_imports)]
        use __crow::absent::tenant_id;
        const _: () = {
            #[allow(unused_imports)]
            use __columns::*;

            const _: fn() = __crow::assert_tenant::<tenant_id>;

            #[automatically_derived]
            impl __crow::TenantTable for __Table {
                type TenantColumn = tenant_id;

                fn __only_the_derive_implements_this(_: __crow::Derived) {}
            }
        };
    }
}

fn shared_table(name: &syn::Ident, table: &Path) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl __crow::SharedModel for #name {
            fn __only_the_derive_implements_this(_: __crow::Derived) {}
        }

        #[automatically_derived]
        impl __crow::ScopedTable for __Table {
            fn table() -> Self {
                #table::table
            }

            fn source() -> __crow::Fragment<'static> {
                static ONCE: ::std::sync::OnceLock<__crow::Fragment<'static>> = ::std::sync::OnceLock::new();
                __crow::source::<Self>(&ONCE)
            }

            fn tenant_column() -> ::core::option::Option<__crow::Fragment<'static>> {
                ::core::option::Option::None
            }

            fn __only_the_derive_implements_this(_: __crow::Derived) {}
        }

        #[allow(unused_imports)]
        use __crow::absent::tenant_id;
        const _: () = {
            #[allow(unused_imports)]
            use __columns::*;

            const _: fn() = __crow::assert_shared::<tenant_id>;
        };
    }
}

/// The parents along which `inner_join` needs no condition. As in diesel there is none for a table
/// itself, nor for a table that is referred to twice.
fn links<'a>(model: &'a Input) -> Vec<&'a Parent> {
    let named = |parent: &Parent| model.parents.iter().filter(|other| other.model == parent.model).count();
    model
        .parents
        .iter()
        .filter(|parent| {
            named(parent) == 1 && !parent.model.is_ident("Self") && !parent.model.is_ident(model.name)
        })
        .collect()
}

/// `joinable!` compares with the parent's whole primary key, so it cannot say `(tenant_id, id)`.
///
/// No associated type names the parent, which may be more private than its table: hence `Parent`
/// as a parameter that the bound determines.
fn link(parent: &Parent, table: &Path) -> TokenStream {
    let Parent { model, foreign_key } = parent;
    let on = quote!(__crow::link::<#model, #table::#foreign_key, __Table, _>());
    quote_spanned! {model.span()=>
        #[automatically_derived]
        impl<Parent> ::diesel::JoinTo<Parent> for __Table
        where
            #model: __crow::Model<Table = Parent>,
        {
            type FromClause = Parent;
            type OnClause = __crow::Link;

            fn join_target(parent: Parent) -> (Parent, __crow::Link) {
                (parent, #on)
            }
        }

        #[automatically_derived]
        impl ::diesel::JoinTo<__Table> for <#model as __crow::Model>::Table {
            type FromClause = __Table;
            type OnClause = __crow::Link;

            fn join_target(child: __Table) -> (__Table, __crow::Link) {
                (child, #on)
            }
        }
    }
}
