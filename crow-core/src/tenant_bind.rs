//! The tenant as a bind value of a statement.

use std::mem;

use diesel::pg::{Pg, PgTypeMetadata};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{HasSqlType, Uuid};

use crate::tenant::TenantId;

/// The tenant of a scope, as its statements give it: `$n::crow.tenant`, or `$n` where it has been entered before.
///
/// PostgreSQL converts the parameters of a statement before it plans and runs it, and converting one to the
/// domain `crow.tenant` calls `crow.enter`. So a statement with such a parameter is bound to its tenant by itself,
/// and needs no transaction around it. In a transaction it would do harm: one that SQL of the user's own has ended
/// would go on unnoticed, each statement for itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TenantBind {
    tenant: TenantId,
    enters: bool,
}

impl TenantBind {
    pub(crate) fn entering(tenant: TenantId) -> Self {
        Self { tenant, enters: true }
    }

    pub(crate) fn entered(tenant: TenantId) -> Self {
        Self { tenant, enters: false }
    }

    /// Gives the tenant to a statement, whose later parts need not enter it again.
    pub(crate) fn give(&mut self) -> Self {
        mem::replace(self, Self::entered(self.tenant))
    }

    /// Whether a bind value of this type enters the tenant.
    pub(crate) fn enters(metadata: &PgTypeMetadata) -> bool {
        metadata.oid().is_ok_and(|oid| oid == UNSAID)
    }
}

impl QueryFragment<Pg> for TenantBind {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if !self.enters {
            return out.push_bind_param::<Uuid, TenantId>(&self.tenant);
        }
        out.push_bind_param::<Unsaid, Self>(self)?;
        out.push_sql("::crow.tenant");
        Ok(())
    }
}

impl ToSql<Unsaid, Pg> for TenantBind {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Uuid, Pg>::to_sql(&self.tenant, out)
    }
}

/// A parameter whose type is left to the server, which takes that of the cast. Each database has a number of
/// its own for the domain, and asking for it would cost a round trip on each connection.
struct Unsaid;

/// No type's number, by which the protocol says none.
const UNSAID: u32 = 0;

impl HasSqlType<Unsaid> for Pg {
    fn metadata(_: &mut Self::MetadataLookup) -> PgTypeMetadata {
        PgTypeMetadata::new(UNSAID, UNSAID)
    }
}
