//! A length of time.

use quote::{ToTokens, quote};
use syn::LitStr;

/// In milliseconds.
pub(crate) struct Span(u64);

impl Span {
    /// Reads `"30s"`.
    pub(crate) fn read(text: &LitStr) -> syn::Result<Self> {
        let value = text.value();
        let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
        let (number, unit) = value.split_at(digits);
        let factor = match unit.trim() {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            _ => None,
        };
        let read = factor.and_then(|factor: u64| factor.checked_mul(number.parse().ok()?));
        match read {
            Some(milliseconds @ 1..) => Ok(Self(milliseconds)),
            _ => Err(syn::Error::new(
                text.span(),
                "a timeout is a number with its unit, such as \"30s\", \"500ms\" or \"2m\"",
            )),
        }
    }
}

impl ToTokens for Span {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        let Self(milliseconds) = self;
        tokens.extend(quote!(::core::time::Duration::from_millis(#milliseconds)));
    }
}
