//! What stands in the parentheses of the attribute.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Expr, ExprLit, Lit, LitInt, LitStr, Path};

use crate::span::Span;

const KNOWN: &str = "`migrations`, `snapshot`, `timeout`, `flavor` and `worker_threads`";

/// `migrations = "../shop/migrations", timeout = "30s"`
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) migrations: Option<Migrations>,
    /// The function that fills the database.
    pub(crate) snapshot: Option<Expr>,
    pub(crate) timeout: Option<Span>,
    pub(crate) runtime: Runtime,
}

/// Where the tables come from.
pub(crate) enum Migrations {
    /// A path, from the directory of the crate's `Cargo.toml`.
    Directory(LitStr),
    /// Anything that is a schema.
    Schema(Expr),
}

/// The runtime, in tokio's words.
#[derive(Default)]
pub(crate) enum Runtime {
    #[default]
    MultiThread,
    Workers(LitInt),
    CurrentThread,
}

impl Options {
    pub(crate) fn read(tokens: TokenStream) -> syn::Result<Self> {
        let mut options = Self::default();
        let mut workers = None;
        syn::meta::parser(|meta| {
            let is = |name| meta.path.is_ident(name);
            if is("migrations") {
                options.migrations = Some(migrations(meta.value()?.parse()?));
            } else if is("snapshot") {
                options.snapshot = Some(meta.value()?.parse()?);
            } else if is("timeout") {
                options.timeout = Some(Span::read(&meta.value()?.parse()?)?);
            } else if is("worker_threads") {
                workers = Some(count(meta.value()?.parse()?)?);
            } else if is("flavor") {
                options.runtime = flavor(&meta.value()?.parse()?)?;
            } else {
                return Err(unknown(&meta.path));
            }
            Ok(())
        })
        .parse2(tokens)?;
        match (workers, &options.runtime) {
            (None, _) => {}
            (Some(workers), Runtime::CurrentThread) => {
                return Err(syn::Error::new(
                    workers.span(),
                    "the flavor `current_thread` has no worker threads: leave one of the two out",
                ));
            }
            (Some(workers), _) => options.runtime = Runtime::Workers(workers),
        }
        Ok(options)
    }
}

fn migrations(value: Expr) -> Migrations {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Migrations::Directory(path),
        schema => Migrations::Schema(schema),
    }
}

fn count(value: LitInt) -> syn::Result<LitInt> {
    match value.base10_parse::<usize>() {
        Ok(1..) => Ok(value),
        _ => Err(syn::Error::new(value.span(), "give the runtime one worker thread or more")),
    }
}

fn flavor(value: &LitStr) -> syn::Result<Runtime> {
    match &*value.value() {
        "multi_thread" => Ok(Runtime::MultiThread),
        "current_thread" => Ok(Runtime::CurrentThread),
        _ => Err(syn::Error::new(value.span(), "the flavors are \"multi_thread\" and \"current_thread\"")),
    }
}

fn unknown(path: &Path) -> syn::Error {
    let name = path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::");
    syn::Error::new_spanned(path, format!("there is no option `{name}`, there are {KNOWN}"))
}
