//! A piece of SQL that has forgotten its type.

use std::sync::{Arc, OnceLock};

use diesel::pg::{Pg, PgMetadataLookup, PgQueryBuilder, PgTypeMetadata};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{AstPass, QueryBuilder, QueryFragment};
use diesel::result::QueryResult;

/// A piece of SQL with its bind values, after the compile-time check of where it came from.
#[derive(Clone)]
pub struct Fragment<'q>(Arc<dyn Walk + 'q>);

impl<'q> Fragment<'q> {
    pub(crate) fn new(part: impl QueryFragment<Pg> + Send + Sync + 'q) -> Self {
        Self(Arc::new(part))
    }
}

impl Fragment<'static> {
    /// Without values and always the same: written once, and a text from then on.
    pub(crate) fn fixed(once: &'static OnceLock<Self>, part: fn() -> Self) -> Self {
        once.get_or_init(|| {
            let part = part();
            match part.text() {
                Ok(Some(text)) => Self::new(Text(text)),
                _ => part,
            }
        })
        .clone()
    }

    /// The SQL, if that is all there is to it.
    fn text(&self) -> QueryResult<Option<String>> {
        let mut sql = PgQueryBuilder::default();
        self.to_sql(&mut sql, &Pg)?;
        let mut binds = RawBytesBindCollector::new();
        self.collect_binds(&mut binds, &mut NoTypes, &Pg)?;
        let whole = binds.binds.is_empty() && self.is_safe_to_cache_prepared(&Pg)?;
        Ok(whole.then(|| sql.finish()))
    }
}

/// Where the numbers of types do not matter.
pub(crate) struct NoTypes;

impl PgMetadataLookup for NoTypes {
    fn lookup_type(&mut self, _: &str, _: Option<&str>) -> PgTypeMetadata {
        PgTypeMetadata::new(0, 0)
    }
}

/// SQL that was written before.
struct Text(String);

impl QueryFragment<Pg> for Text {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.0);
        Ok(())
    }
}

impl QueryFragment<Pg> for Fragment<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk(out)
    }
}

/// The one method of [`QueryFragment`] from which all others follow. In a program of a thousand predicates a
/// trait object of that trait itself is most of what there is to compile.
trait Walk: Send + Sync {
    fn walk<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

impl<T: QueryFragment<Pg> + Send + Sync> Walk for T {
    fn walk<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk_ast(out)
    }
}
