//! The question that makes a claim a proof.

use super::principal::Principal;
use crate::error::Error;
use crate::tenant::TenantId;

/// May this principal act for this tenant?
///
/// The application answers, from the claims of a token, a table of memberships or another service. A closure will do; a
/// type that implements the trait can hold a pool and a cache. The tenant exists, as far as a directory knows, and is
/// otherwise what somebody said.
///
/// ```
/// use crow_core::{Error, Membership, Principal, TenantId, TenantModel, TenantPool};
/// # use {diesel::prelude::*, uuid::Uuid};
/// # diesel::table! { members (tenant_id, staff_id) { tenant_id -> Uuid, staff_id -> Uuid } }
/// # #[derive(Queryable, Selectable, Identifiable, TenantModel)]
/// # #[diesel(table_name = members, primary_key(staff_id))]
/// # struct Member { staff_id: Uuid }
///
/// struct Staff { id: Uuid }
///
/// /// Each shop has a table of those who work there.
/// struct Members(TenantPool);
///
/// impl Membership<Staff> for Members {
///     async fn may_act(&self, who: Principal<Staff>, shop: TenantId) -> Result<bool, Error> {
///         self.0.scope(shop, async move |db| db.query::<Member>().find(who.id).exists(db).await).await
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a principal may act for a tenant",
    label = "no membership check for this kind of principal",
    note = "write `|who: Principal<P>, tenant: TenantId| async move {{ Ok(true or false) }}`, with the `P` that requests are \
            identified as, or implement `Membership<P>`"
)]
pub trait Membership<P>: Send + Sync {
    /// Whether the principal may act for the tenant.
    ///
    /// # Errors
    ///
    /// What kept it from finding out. Nobody is let in then.
    fn may_act(
        &self,
        who: Principal<P>,
        tenant: TenantId,
    ) -> impl Future<Output = Result<bool, Error>> + Send;
}

impl<P, F, Fut> Membership<P> for F
where
    F: Fn(Principal<P>, TenantId) -> Fut + Send + Sync,
    Fut: Future<Output = Result<bool, Error>> + Send,
{
    fn may_act(
        &self,
        who: Principal<P>,
        tenant: TenantId,
    ) -> impl Future<Output = Result<bool, Error>> + Send {
        self(who, tenant)
    }
}
