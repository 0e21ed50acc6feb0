//! What the attribute turns into.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ReturnType;
use syn::spanned::Spanned;

use crate::function::{Function, Passed, ShouldPanic};
use crate::options::{Migrations, Options, Runtime};

/// The function itself, inside a test of the same name that runs it.
///
/// Names nothing but `::crow_testkit`, `::core` and `::std`, so that a user needs no other dependency.
pub(crate) fn test(options: TokenStream, function: TokenStream) -> syn::Result<TokenStream> {
    let function: Function = syn::parse2(function)?;
    let options = Options::read(options)?;
    let Function { attributes, visibility, signature, body, .. } = &function;
    let name = &signature.ident;
    let settings = settings(&function, &options);
    let arguments: Vec<Ident> =
        (0..function.arguments.len()).map(|n| format_ident!("__argument_{n}")).collect();
    let made = function.arguments.iter().zip(&arguments).map(|(argument, variable)| {
        let ty = &argument.made;
        // The span lets the compiler point at a type that cannot be an argument.
        quote_spanned!(ty.span()=> let mut #variable = __test.argument::<#ty>(::core::stringify!(#ty)).await;)
    });
    let passed =
        function.arguments.iter().zip(&arguments).map(|(argument, variable)| match argument.passed {
            Passed::Itself => quote!(#variable),
            Passed::Reference => quote!(&#variable),
            Passed::MutReference => quote!(&mut #variable),
        });
    let returned = match &signature.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    let outcome = quote_spanned!(returned.span()=> __test.outcome::<#returned>);
    Ok(quote! {
        #(#attributes)*
        #[::core::prelude::v1::test]
        #visibility fn #name() {
            #signature #body

            ::crow_testkit::__test::run(#settings, async |__test: &::crow_testkit::__test::Running<'_>| {
                #(#[allow(unused_mut)] #made)*
                __test.begin();
                // Boxed, so that the compiler does not reach its limit of depth sooner than without this attribute.
                #outcome(::std::boxed::Box::pin(#name(#(#passed),*)).await)
            })
        }
    })
}

fn settings(function: &Function, options: &Options) -> TokenStream {
    let name = &function.signature.ident;
    let schema = match &options.migrations {
        None => quote!(::crow_testkit::__test::directory(::core::env!("CARGO_MANIFEST_DIR"), "migrations")),
        Some(Migrations::Directory(path)) => {
            quote!(::crow_testkit::__test::directory(::core::env!("CARGO_MANIFEST_DIR"), #path))
        }
        Some(Migrations::Schema(schema)) => quote!(::crow_testkit::Schema::from(#schema)),
    };
    let timeout = options.timeout.iter().map(|timeout| quote!(.timeout(#timeout)));
    let runtime = match &options.runtime {
        Runtime::MultiThread => quote!(),
        Runtime::Workers(count) => quote!(.worker_threads(#count)),
        Runtime::CurrentThread => quote!(.current_thread()),
    };
    let should_panic = function.should_panic.iter().map(|ShouldPanic { expected }| match expected {
        Some(text) => quote!(.should_panic(#text)),
        None => quote!(.should_panic("")),
    });
    let name = quote!(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)));
    let opened = match &options.snapshot {
        None => quote!(new(#name, #schema)),
        Some(fill) => quote!(with_snapshot(#name, #schema, #fill)),
    };
    quote! {
        ::crow_testkit::__test::Settings::#opened
        #(#timeout)* #runtime #(#should_panic)*
    }
}
