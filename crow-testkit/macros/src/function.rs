//! The function below the attribute.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Lit, LitStr, Meta, Signature, Type, Visibility};

/// An `async fn` whose arguments come from the test's database.
pub(crate) struct Function {
    /// Those that are for the test as others see it: `#[ignore]`, `#[cfg(..)]`, documentation.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) should_panic: Option<ShouldPanic>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) arguments: Vec<Argument>,
    /// Not looked into: an editor goes on to understand a body that is half written.
    pub(crate) body: TokenStream,
}

/// `#[should_panic]`, which the runner takes care of: libtest would take a server that is not there for the panic.
pub(crate) struct ShouldPanic {
    pub(crate) expected: Option<LitStr>,
}

/// What an argument is made as, and how it is passed.
pub(crate) struct Argument {
    pub(crate) made: Type,
    pub(crate) passed: Passed,
}

pub(crate) enum Passed {
    Itself,
    Reference,
    MutReference,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (should_panic, attributes): (Vec<_>, Vec<_>) =
            input.call(Attribute::parse_outer)?.into_iter().partition(|a| a.path().is_ident("should_panic"));
        let visibility = input.parse()?;
        let signature: Signature = input.parse()?;
        let should_panic = should_panic.first().map(ShouldPanic::read).transpose()?;
        check(&attributes, &signature)?;
        let arguments = signature.inputs.iter().map(Argument::read).collect::<syn::Result<_>>()?;
        let body = input.parse()?;
        Ok(Self { attributes, should_panic, visibility, signature, arguments, body })
    }
}

fn check(attributes: &[Attribute], signature: &Signature) -> syn::Result<()> {
    let other = attributes
        .iter()
        .find(|attribute| attribute.path().segments.last().is_some_and(|segment| segment.ident == "test"));
    if let Some(other) = other {
        return Err(syn::Error::new(
            other.span(),
            "`#[crow_testkit::test]` makes a test by itself: leave this attribute out",
        ));
    }
    if signature.asyncness.is_none() {
        return Err(syn::Error::new(signature.fn_token.span, "write `async fn`: a test awaits its database"));
    }
    match signature.generics.params.first() {
        Some(parameter) => Err(syn::Error::new(
            parameter.span(),
            "a test is called without types: name one, or call a generic function from a test for each",
        )),
        None => Ok(()),
    }
}

impl ShouldPanic {
    fn read(attribute: &Attribute) -> syn::Result<Self> {
        let wrong = || {
            syn::Error::new(
                attribute.span(),
                "write `#[should_panic]` or `#[should_panic(expected = \"..\")]`",
            )
        };
        let expected = match &attribute.meta {
            Meta::Path(_) => return Ok(Self { expected: None }),
            Meta::NameValue(pair) => match &pair.value {
                syn::Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => text.clone(),
                _ => return Err(wrong()),
            },
            Meta::List(_) => {
                let mut expected = None;
                attribute.parse_nested_meta(|meta| {
                    if !meta.path.is_ident("expected") {
                        return Err(wrong());
                    }
                    expected = Some(meta.value()?.parse()?);
                    Ok(())
                })?;
                expected.ok_or_else(wrong)?
            }
        };
        Ok(Self { expected: Some(expected) })
    }
}

impl Argument {
    fn read(argument: &FnArg) -> syn::Result<Self> {
        let typed = match argument {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => {
                return Err(syn::Error::new(
                    receiver.span(),
                    "a test has no `self`: it is a function of its own",
                ));
            }
        };
        Ok(match &*typed.ty {
            Type::Reference(reference) => Self {
                made: (*reference.elem).clone(),
                passed: if reference.mutability.is_some() { Passed::MutReference } else { Passed::Reference },
            },
            ty => Self { made: ty.clone(), passed: Passed::Itself },
        })
    }
}
