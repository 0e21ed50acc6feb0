//! What a struct and its `#[diesel(..)]` attributes say.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Ident, Path, Token, Type};

use crate::errors::Errors;

/// The struct, as far as crow's derives read it. diesel's own derives report mistakes in the
/// attributes that are diesel's alone.
pub(crate) struct Input<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) table: Path,
    pub(crate) key: Vec<Ident>,
    pub(crate) parents: Vec<Parent>,
    pub(crate) fields: Vec<Column<'a>>,
    pub(crate) treat_none_as_null: bool,
}

/// `#[diesel(belongs_to(Vehicle, foreign_key = vehicle_id))]`
pub(crate) struct Parent {
    pub(crate) model: Path,
    pub(crate) foreign_key: Ident,
}

/// A field and the column it stands for.
pub(crate) struct Column<'a> {
    pub(crate) field: &'a Field,
    pub(crate) name: Option<Ident>,
    pub(crate) embed: bool,
    pub(crate) skip: bool,
    pub(crate) serialize_as: Option<Type>,
    pub(crate) treat_none_as_null: Option<bool>,
}

impl Column<'_> {
    pub(crate) fn span(&self) -> Span {
        self.name.as_ref().map_or_else(|| self.field.span(), Ident::span)
    }
}

impl<'a> Input<'a> {
    pub(crate) fn read(input: &'a DeriveInput, errors: &Errors) -> Option<Self> {
        let Data::Struct(data) = &input.data else {
            errors.push(syn::Error::new_spanned(&input.ident, "only a struct can be a row of a table"));
            return None;
        };
        let mut read = Self {
            name: &input.ident,
            table: plural(&input.ident).into(),
            key: Vec::new(),
            parents: Vec::new(),
            fields: data.fields.iter().map(|field| column(field, errors)).collect(),
            treat_none_as_null: false,
        };
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("diesel")) {
            if let Err(error) = attribute.parse_nested_meta(|meta| read.attribute(&meta)) {
                errors.push(error);
            }
        }
        if read.key.is_empty() {
            read.key.push(Ident::new("id", input.ident.span()));
        }
        Some(read)
    }

    fn attribute(&mut self, meta: &ParseNestedMeta) -> syn::Result<()> {
        if meta.path.is_ident("table_name") {
            self.table = meta.value()?.parse()?;
        } else if meta.path.is_ident("primary_key") {
            let inner;
            syn::parenthesized!(inner in meta.input);
            let columns = Punctuated::<Ident, Token![,]>::parse_terminated(&inner)?;
            self.key.extend(columns);
        } else if meta.path.is_ident("belongs_to") {
            self.parents.push(parent(meta)?);
        } else if meta.path.is_ident("treat_none_as_null") {
            self.treat_none_as_null = meta.value()?.parse::<syn::LitBool>()?.value;
        } else {
            skip(meta)?;
        }
        Ok(())
    }
}

fn parent(meta: &ParseNestedMeta) -> syn::Result<Parent> {
    let inner;
    syn::parenthesized!(inner in meta.input);
    let model: Path = inner.parse()?;
    let mut foreign_key = None;
    while inner.parse::<Option<Token![,]>>()?.is_some() && !inner.is_empty() {
        let option = Ident::parse_any(&inner)?;
        inner.parse::<Token![=]>()?;
        let value: Ident = inner.parse()?;
        if option == "foreign_key" {
            foreign_key = Some(value);
        }
    }
    let foreign_key = match (foreign_key, model.segments.last()) {
        (Some(column), _) => column,
        (None, Some(name)) => Ident::new(&format!("{}_id", snake_case(&name.ident)), name.ident.span()),
        (None, None) => return Err(syn::Error::new_spanned(model, "name the parent model")),
    };
    Ok(Parent { model, foreign_key })
}

fn column<'a>(field: &'a Field, errors: &Errors) -> Column<'a> {
    let mut column = Column {
        field,
        name: field.ident.clone(),
        embed: false,
        skip: false,
        serialize_as: None,
        treat_none_as_null: None,
    };
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("diesel")) {
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("column_name") {
                column.name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("embed") {
                column.embed = true;
            } else if meta.path.is_ident("skip_update") {
                column.skip = true;
            } else if meta.path.is_ident("serialize_as") {
                column.serialize_as = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("treat_none_as_null") {
                column.treat_none_as_null = Some(meta.value()?.parse::<syn::LitBool>()?.value);
            } else {
                skip(&meta)?;
            }
            Ok(())
        });
        if let Err(error) = read {
            errors.push(error);
        }
    }
    column
}

/// Passes over an attribute that is diesel's alone.
fn skip(meta: &ParseNestedMeta) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        let value = meta.value()?;
        // A type, an expression or a literal: all that matters is where it ends.
        while !value.is_empty() && !value.peek(Token![,]) {
            value.parse::<proc_macro2::TokenTree>()?;
        }
    } else if meta.input.peek(syn::token::Paren) {
        let inner;
        syn::parenthesized!(inner in meta.input);
        inner.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
}

/// Also when it is written as `r#tenant_id`.
pub(crate) fn is_tenant_column(name: &Ident) -> bool {
    name.unraw() == "tenant_id"
}

/// The table that diesel assumes where none is named.
fn plural(name: &Ident) -> Ident {
    Ident::new(&format!("{}s", snake_case(name)), name.span())
}

fn snake_case(name: &Ident) -> String {
    let mut snake = String::new();
    for c in name.unraw().to_string().chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}
