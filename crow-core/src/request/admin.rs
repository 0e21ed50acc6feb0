//! The way across tenants.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use http::header::HeaderValue;
use http::request::Parts;
use tower_layer::Layer;

use super::gate::{Gate, Gated};
use super::identify::Identify;
use super::refusal::Refusal;
use crate::conn::{Access, AdminConn, AdminPool, AsyncFunc, TenantConn, TenantPool};
use crate::error::Error;
use crate::membership::Principal;
use crate::tenant::TenantId;

/// May this principal act across tenants, and under what name does that go on record?
///
/// A closure will do, as for [`Membership`](crate::Membership).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a principal may act across tenants",
    label = "no check of operators for this kind of principal",
    note = "write `|who: Principal<P>| async move {{ Ok(Some(name) or None) }}`, with the `P` that requests are identified as"
)]
pub trait Operators<P>: Send + Sync + 'static {
    /// The name under which the principal's accesses are recorded; `None` if it may not have any.
    ///
    /// # Errors
    ///
    /// What kept it from finding out. Nobody is let in then.
    fn actor(&self, who: Principal<P>) -> impl Future<Output = Result<Option<String>, Error>> + Send;
}

impl<P, F, Fut> Operators<P> for F
where
    F: Fn(Principal<P>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<String>, Error>> + Send,
{
    fn actor(&self, who: Principal<P>) -> impl Future<Output = Result<Option<String>, Error>> + Send {
        self(who)
    }
}

/// Lets a request through if it is known who asks, and that they may act across tenants.
///
/// It is for a router of its own, on a host or port of its own if that can be, with tokens of another audience than those
/// of tenants and another type for the principal. Behind it the extensions of each request hold an [`AdminDoor`] and the
/// [`Principal`].
///
/// ```
/// # use crow_core::{AdminPool, Principal, request::{AdminLayer, Jwt, KeySet}};
/// #[derive(serde::Deserialize)]
/// struct Operator {
///     email: String,
///     roles: Vec<String>,
/// }
///
/// # fn example(pool: AdminPool, keys: KeySet) {
/// let operators = AdminLayer::new(
///     pool,
///     Jwt::<Operator>::new(keys, "https://id.example.com", "operations"),
///     async |who: Principal<Operator>| {
///         Ok(who.roles.iter().any(|role| role == "operator").then(|| who.email.clone()))
///     },
/// );
/// # }
/// ```
pub struct AdminLayer<I, O>(Arc<Door<I, O>>);

/// The door that a request comes to.
pub struct Door<I, O> {
    pool: AdminPool,
    identify: I,
    operators: O,
}

impl<I: Identify, O: Operators<I::Principal>> AdminLayer<I, O> {
    /// Who asks, and whether they may; and the pool on which accesses are recorded.
    pub fn new(pool: AdminPool, identify: I, operators: O) -> Self {
        Self(Arc::new(Door { pool, identify, operators }))
    }
}

impl<I: Identify, O: Operators<I::Principal>> Gate for Door<I, O> {
    async fn pass(&self, parts: &mut Parts) -> Result<(), Refusal> {
        let who = self.identify.identify(parts).await?.ok_or(Refusal::Unidentified)?;
        let who = Principal::new(who);
        let actor = self.operators.actor(who.clone()).await?.ok_or(Refusal::NotAMember)?;
        parts.extensions.insert(AdminDoor { pool: self.pool.clone(), actor, lasts: None });
        parts.extensions.insert(who);
        Ok(())
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.identify.challenge()
    }
}

impl<S, I, O> Layer<S> for AdminLayer<I, O> {
    type Service = Gated<S, Door<I, O>>;

    fn layer(&self, service: S) -> Self::Service {
        Gated::new(service, Arc::clone(&self.0))
    }
}

impl<I, O> Clone for AdminLayer<I, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I, O> fmt::Debug for AdminLayer<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminLayer").field("pool", &self.0.pool).finish_non_exhaustive()
    }
}

/// Opens accesses across tenants, recorded under the name of whoever sent the request.
///
/// ```no_run
/// # use crow_core::{Error, request::AdminDoor};
/// # use diesel::prelude::*;
/// # use diesel_async::RunQueryDsl;
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// async fn how_many(door: AdminDoor) -> Result<i64, Error> {
///     let mut conn = door.read("fleet statistics").await?;
///     Ok(vehicles::table.count().get_result(&mut conn).await?)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct AdminDoor {
    pool: AdminPool,
    actor: String,
    lasts: Option<Duration>,
}

impl AdminDoor {
    /// The name under which accesses are recorded.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// The same door, for accesses that end after this time. By default they last as long as their connection is held.
    pub fn for_up_to(self, time: Duration) -> Self {
        Self { lasts: Some(time), ..self }
    }

    /// A connection across tenants that reads, for this reason.
    ///
    /// # Errors
    ///
    /// Those of [`AdminPool::get`].
    pub async fn read(&self, reason: &str) -> Result<AdminConn, Error> {
        self.pool.get(self.access(reason)).await
    }

    /// A connection across tenants that may write, for this reason.
    ///
    /// # Errors
    ///
    /// Those of [`AdminPool::get`].
    pub async fn write(&self, reason: &str) -> Result<AdminConn, Error> {
        self.pool.get(self.access(reason).writing()).await
    }

    /// Runs the closure as one tenant, reading, for somebody who helps that tenant.
    ///
    /// # Errors
    ///
    /// Those of [`AdminPool::as_tenant`].
    pub async fn as_tenant<F, R, E>(
        &self,
        pool: &TenantPool,
        tenant: TenantId,
        reason: &str,
        work: F,
    ) -> Result<R, E>
    where
        F: for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, E>
            + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, E>, Fut: Send>
            + Send,
        R: Send,
        E: From<Error> + Send,
    {
        self.pool.as_tenant(pool, tenant, self.access(reason), work).await
    }

    fn access(&self, reason: &str) -> Access {
        let access = Access::new(&self.actor, reason);
        match self.lasts.and_then(|time| Utc::now().checked_add_signed(TimeDelta::from_std(time).ok()?)) {
            Some(end) => access.until(end),
            None => access,
        }
    }
}
