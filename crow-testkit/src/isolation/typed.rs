//! Attacks in crow's own API, which the compiler has let through.

use crow_core::bounds::{Loads, Predicate, RowOf, Scoped};
use crow_core::{Error, Keyed, Optional, TenantConn, TenantId, TenantModel, TenantPool};
use diesel::QueryableByName;
use diesel::expression_methods::EqAll;
use diesel::sql_types::Text;
use futures_util::future::BoxFuture;

/// A model that [`Isolation`](crate::Isolation) can attack: every tenant model that has its key among its fields.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be attacked",
    label = "not a tenant model with its key among its fields",
    note = "`#[derive(TenantModel)]` and the fields of `#[diesel(primary_key(..))]` make one"
)]
pub trait Attackable: TenantModel {
    #[doc(hidden)]
    fn __attack(pool: &TenantPool, tenants: [TenantId; 2]) -> BoxFuture<'_, Outcome>;
}

/// What an attack in crow's API is, and what it got.
pub(crate) type Outcome = Result<Vec<(&'static Typed, Got)>, Error>;

/// What the attacker got; an error if the victim could not do the same, which says that the attack is none.
pub(crate) type Got = Result<Option<String>, String>;

/// An attack in crow's own API.
#[doc(hidden)]
#[derive(Debug, PartialEq, Eq)]
pub struct Typed {
    pub(crate) name: &'static str,
    pub(crate) shows: &'static str,
}

macro_rules! attacks {
    ($($constant:ident = $name:literal, $shows:literal;)*) => {
        $(const $constant: &Typed = &Typed { name: $name, shows: $shows };)*
        pub(crate) const ATTACKS: &[&Typed] = &[$($constant),*];
    };
}

attacks! {
    LIST = "list", "the builder forgets its tenant_id = $1";
    FIND = "find by key", "the builder forgets its tenant_id = $1 where it looks for a key";
    COUNT = "count", "the builder counts everybody's rows";
    EXISTS = "exists", "the builder tells whether another tenant has a row";
    LOCK = "lock", "rows of another tenant are locked";
    DELETE = "delete by key", "the builder deletes another tenant's row";
    DELETE_ALL = "delete without filter", "a delete without a filter takes everybody's rows";
    REUSE = "pooled connection", "the pool's connection remembers the tenant before";
}

pub(crate) const CURE: &str = "this is a fault of crow, not of the table: report it";

impl<M> Attackable for M
where
    M: TenantModel + Keyed<Id: Clone + PartialEq + Sync>,
    RowOf<M>: Loads<M>,
    M::Key: EqAll<M::Id>,
    for<'t> <M::Key as EqAll<M::Id>>::Output: Scoped<'t, M::Table> + Predicate<'static>,
{
    fn __attack(pool: &TenantPool, tenants: [TenantId; 2]) -> BoxFuture<'_, Outcome> {
        Box::pin(attack::<M>(pool, tenants))
    }
}

/// Each statement is run by the victim too, who has to succeed; and first, so that the attacker takes over its connection.
async fn attack<M>(pool: &TenantPool, [attacker, victim]: [TenantId; 2]) -> Outcome
where
    M: TenantModel + Keyed<Id: Clone + PartialEq + Sync>,
    RowOf<M>: Loads<M>,
    M::Key: EqAll<M::Id>,
    for<'t> <M::Key as EqAll<M::Id>>::Output: Scoped<'t, M::Table> + Predicate<'static>,
{
    let theirs = ids(&list::<M>(pool, victim).await?);
    let own = ids(&list::<M>(pool, attacker).await?);
    let seen = own.iter().filter(|id| theirs.contains(id)).count();
    let Some(id) = theirs.first() else {
        return Ok(ATTACKS
            .iter()
            .map(|attack| (*attack, Err("the other tenant sees no row of its own".into())))
            .collect());
    };
    let own = own.len() - seen;
    let mut got = vec![(LIST, Ok((seen > 0).then(|| rows(seen))))];

    let found = [find::<M>(pool, victim, id).await?, find::<M>(pool, attacker, id).await?];
    got.push((FIND, judge(found, |found| found.then(|| rows(1)))));

    let counted = [count::<M>(pool, victim).await?, count::<M>(pool, attacker).await?];
    let more = |counted| {
        (counted > own as i64).then(|| format!("a count of {counted} where it has {own} of its own"))
    };
    got.push((COUNT, if counted[0] > 0 { Ok(more(counted[1])) } else { Err("counts nothing".into()) }));

    let there = [is_there::<M>(pool, victim, id).await?, is_there::<M>(pool, attacker, id).await?];
    got.push((
        EXISTS,
        judge(there, |there| there.then(|| "the knowledge that the other tenant has the key".into())),
    ));

    let locked = [lock::<M>(pool, victim).await?, lock::<M>(pool, attacker).await?];
    let locks = |ids: &[M::Id]| ids.contains(id);
    got.push((LOCK, judge([locks(&locked[0]), locks(&locked[1])], |locks| locks.then(|| rows(1)))));

    let gone = [delete::<M>(pool, victim, Some(id)).await?, delete::<M>(pool, attacker, Some(id)).await?];
    got.push((
        DELETE,
        judge(gone.map(|gone| gone > 0), |gone| gone.then(|| "the other tenant's row deleted".into())),
    ));

    let gone = [delete::<M>(pool, victim, None).await?, delete::<M>(pool, attacker, None).await?];
    got.push((
        DELETE_ALL,
        judge([gone[0] > 0, gone[1] > own], |gone| gone.then(|| "other tenants' rows deleted".into())),
    ));

    let left = [
        whose(pool, victim).await? == victim.to_string(),
        whose(pool, attacker).await? == victim.to_string(),
    ];
    got.push((REUSE, judge(left, |left| left.then(|| "the other tenant's scope".into()))));
    Ok(got)
}

/// What the victim can do, and the attacker.
fn judge([proven, done]: [bool; 2], got: impl FnOnce(bool) -> Option<String>) -> Got {
    if proven { Ok(got(done)) } else { Err("the other tenant itself cannot do it".into()) }
}

fn rows(count: usize) -> String {
    format!("{count} {} of the other tenant's", if count == 1 { "row" } else { "rows" })
}

fn ids<M: Keyed>(rows: &[M]) -> Vec<M::Id> {
    rows.iter().map(Keyed::id).collect()
}

async fn list<M>(pool: &TenantPool, tenant: TenantId) -> Result<Vec<M>, Error>
where
    M: TenantModel,
    RowOf<M>: Loads<M>,
{
    pool.scope(tenant, async |db| db.query::<M>().load::<M>(db).await).await
}

async fn count<M: TenantModel>(pool: &TenantPool, tenant: TenantId) -> Result<i64, Error> {
    pool.scope(tenant, async |db| db.query::<M>().count(db).await).await
}

async fn lock<M>(pool: &TenantPool, tenant: TenantId) -> Result<Vec<M::Id>, Error>
where
    M: TenantModel + Keyed,
    RowOf<M>: Loads<M>,
{
    pool.transaction(tenant, async |tx| {
        let rows = tx.query::<M>().for_update().load::<M>(tx).await?;
        Ok::<_, Error>(ids(&rows))
    })
    .await
}

async fn find<M>(pool: &TenantPool, tenant: TenantId, id: &M::Id) -> Result<bool, Error>
where
    M: TenantModel + Keyed<Id: Clone + Sync>,
    RowOf<M>: Loads<M>,
    M::Key: EqAll<M::Id>,
    for<'t> <M::Key as EqAll<M::Id>>::Output: Scoped<'t, M::Table> + Predicate<'static>,
{
    let id = id.clone();
    pool.scope(tenant, async |db| Ok(db.query::<M>().find(id).first::<M>(db).await.optional()?.is_some()))
        .await
}

async fn is_there<M>(pool: &TenantPool, tenant: TenantId, id: &M::Id) -> Result<bool, Error>
where
    M: TenantModel + Keyed<Id: Clone + Sync>,
    M::Key: EqAll<M::Id>,
    for<'t> <M::Key as EqAll<M::Id>>::Output: Scoped<'t, M::Table> + Predicate<'static>,
{
    let id = id.clone();
    pool.scope(tenant, async |db| db.query::<M>().find(id).exists(db).await).await
}

/// How many rows a delete reaches; it is taken back. A foreign key that is in the way says that it has reached one.
async fn delete<M>(pool: &TenantPool, tenant: TenantId, id: Option<&M::Id>) -> Result<usize, Error>
where
    M: TenantModel + Keyed<Id: Clone + Sync>,
    M::Key: EqAll<M::Id>,
    for<'t> <M::Key as EqAll<M::Id>>::Output: Scoped<'t, M::Table> + Predicate<'static>,
{
    let id = id.cloned();
    let deleted = pool.transaction(tenant, async |tx| -> Result<(), TakenBack> {
        let delete = tx.delete::<M>();
        let deleted = match id {
            Some(id) => delete.find(id).execute(tx).await,
            None => delete.execute(tx).await,
        };
        Err(TakenBack(deleted))
    });
    match deleted.await {
        Ok(()) => Ok(0),
        Err(TakenBack(Err(Error::ForeignKey(_)))) => Ok(usize::MAX),
        Err(TakenBack(deleted)) => deleted,
    }
}

/// Ends a transaction without a trace.
struct TakenBack(Result<usize, Error>);

impl From<Error> for TakenBack {
    fn from(error: Error) -> Self {
        Self(Err(error))
    }
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    tenant: String,
}

/// Whom the session says that it works for, as SQL finds it.
async fn whose(pool: &TenantPool, tenant: TenantId) -> Result<String, Error> {
    let sql = "SELECT coalesce(current_setting('app.current_tenant', true), '') AS tenant";
    let ask =
        async |db: &mut TenantConn<'_>| db.rls_only(diesel::sql_query(sql)).get_result::<Setting>(db).await;
    Ok(pool.scope(tenant, ask).await?.tenant)
}
