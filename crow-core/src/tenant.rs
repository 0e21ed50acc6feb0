//! The name of a tenant.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use uuid::Uuid;

/// Names one customer, whose rows nobody else may see.
///
/// A tenant id is a UUID that is not nil: an all-zero value is what a forgotten initialisation
/// looks like, so it never names a tenant.
///
/// ```
/// use crow_core::TenantId;
///
/// let shop: TenantId = "6f1c2a9e-4f0b-4d56-9a70-5d0a3c1b7e11".parse()?;
/// assert_eq!(shop.to_string(), "6f1c2a9e-4f0b-4d56-9a70-5d0a3c1b7e11");
/// assert!("00000000-0000-0000-0000-000000000000".parse::<TenantId>().is_err());
/// # Ok::<(), crow_core::InvalidTenantId>(())
/// ```
///
/// A token, a table or another library has a `Uuid` for it, which is tried. serde reads no `TenantId`: what a request names is a
/// [`ClaimedTenant`](crate::ClaimedTenant), and that it reads.
///
/// ```
/// # use crow_core::TenantId;
/// # use uuid::Uuid;
/// struct Claims { sub: Uuid, shop: Uuid }
///
/// # let claims = Claims { sub: Uuid::from_u128(1), shop: Uuid::from_u128(2) };
/// let shop = TenantId::try_from(claims.shop)?;
/// assert_eq!(shop.as_uuid(), claims.shop);
/// # Ok::<(), crow_core::InvalidTenantId>(())
/// ```
///
/// diesel takes one where a column is a `Uuid`, and gives one back: for tables that no scope is about, and for work
/// [across tenants](crate::guide::admin).
///
/// ```
/// # use crow_core::TenantId;
/// # use diesel::prelude::*;
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # fn example(shop: TenantId) {
/// let of_shop = vehicles::table.filter(vehicles::tenant_id.eq(shop));
/// # let _ = of_shop;
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Uuid)]
pub struct TenantId(Uuid);

impl TenantId {
    /// A new, random tenant id (UUID version 4), for the moment a customer signs up.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The UUID that the database stores in every `tenant_id` column of this tenant.
    pub fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl TryFrom<Uuid> for TenantId {
    type Error = InvalidTenantId;

    fn try_from(id: Uuid) -> Result<Self, InvalidTenantId> {
        if id.is_nil() { Err(InvalidTenantId::Nil) } else { Ok(Self(id)) }
    }
}

impl FromStr for TenantId {
    type Err = InvalidTenantId;

    fn from_str(text: &str) -> Result<Self, InvalidTenantId> {
        Uuid::parse_str(text).map_err(|_| InvalidTenantId::Malformed)?.try_into()
    }
}

impl From<TenantId> for Uuid {
    fn from(tenant: TenantId) -> Self {
        tenant.0
    }
}

impl ToSql<sql_types::Uuid, Pg> for TenantId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::Uuid, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<sql_types::Uuid, Pg> for TenantId {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let id: Uuid = FromSql::<sql_types::Uuid, Pg>::from_sql(value)?;
        Ok(id.try_into()?)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({})", self.0)
    }
}

/// Why a value does not name a tenant.
///
/// The message does not repeat the value: it came from outside and may hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTenantId {
    /// The all-zero UUID.
    #[error("the nil UUID names no tenant: use the id that the tenant was created with")]
    Nil,
    /// Text that is not a UUID.
    #[error("a tenant id is a UUID such as 6f1c2a9e-4f0b-4d56-9a70-5d0a3c1b7e11, and this text is not one")]
    Malformed,
}
