//! Tables that exist, with their rows, and become crow's while the application runs.

mod facts;
mod plan;
mod rules;

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use self::facts::Facts;
pub use self::plan::{Plan, Step, Weight};
use super::table::{Name, sql_fault};
use crate::Error;

/// How long a step waits for its locks, and everybody else behind it.
const LOCK_TIMEOUT: Duration = Duration::from_millis(50);

/// How many times a step asks for its lock.
const ATTEMPTS: u32 = 100;

/// Turns tables that exist into protected tenant tables, while the application goes on reading and writing them.
///
/// Name all tables that refer to each other. [`plan`](Self::plan) looks at the database and says what is left to do,
/// as SQL; [`run`](Self::run) does it. A plan that was interrupted, by an error or by a deploy, is taken up by making it
/// again. One step swaps the keys and protects all of the tables at once: from then on the application has to enter a tenant.
///
/// ```no_run
/// use crow_core::schema::Adoption;
/// use diesel_async::{AsyncConnection, AsyncPgConnection};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut conn = AsyncPgConnection::establish("postgresql://postgres:…@localhost/shop").await?;
/// let adoption = Adoption::new()
///     // No tenant_id yet: what a row's is, in SQL.
///     .backfill("vehicles", "(SELECT o.shop_id FROM owners AS o WHERE o.id = vehicles.owner_id)")
///     .backfill("service_records", "(SELECT v.tenant_id FROM vehicles AS v WHERE v.id = service_records.vehicle_id)")
///     // Every row has one.
///     .table("invoices");
///
/// println!("{}", adoption.plan(&mut conn).await?);
/// adoption.run(&mut conn, |step| println!("{}", step.purpose)).await?;
/// # Ok(()) }
/// ```
///
/// The connection is a superuser's, or that of a role with BYPASSRLS which owns the tables and is a member of `crow_owner`.
/// Keys are swapped, and tables protected, in one step: until then the application finds its old keys, for upserts too, and
/// after it `tenant_id` is part of them. Triggers of the application's own fire for the rows that are filled in.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Adoption {
    tables: Vec<(Name, Option<String>)>,
    only_before: bool,
}

impl Adoption {
    /// Of no table yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a table whose rows have a `tenant_id`.
    pub fn table(mut self, name: impl Into<Name>) -> Self {
        self.tables.push((name.into(), None));
        self
    }

    /// Adds a table some of whose rows have no `tenant_id`, or which has no such column: an SQL expression over the columns of a row
    /// says what it is.
    ///
    /// It is also asked for rows that the application writes until the last step, and must not be null for any row.
    pub fn backfill(mut self, name: impl Into<Name>, expression: impl Into<String>) -> Self {
        self.tables.push((name.into(), Some(expression.into())));
        self
    }

    /// Stops before the step with which the tables become crow's: until then an application that knows no tenants goes on
    /// working. The rest is done without this, when the one that does is there.
    pub fn until_cut_over(self) -> Self {
        Self { only_before: true, ..self }
    }

    /// What is left to do. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with everything that no step can mend: tables that refer to one of these and were not named, types,
    /// views, rules, policies of others, rights that are lacking. [`Error::Connection`] and the like.
    pub async fn plan(&self, connection: &mut AsyncPgConnection) -> Result<Plan, Error> {
        for (name, expression) in &self.tables {
            if let Some(fault) = expression.as_deref().and_then(sql_fault) {
                return Err(Error::Invalid(format!(
                    "cannot adopt {name}: the expression for its tenant: {fault}"
                )));
            }
        }
        let names: Vec<_> = self.tables.iter().map(|(name, _)| name).collect();
        let facts = Facts::load(connection, &names).await?;
        let expressions: Vec<_> = self.tables.iter().map(|(_, expression)| expression.as_deref()).collect();
        let obstacles = rules::obstacles(&facts, &expressions);
        if !obstacles.is_empty() {
            let obstacles: String = obstacles.iter().map(|obstacle| format!("\n  - {obstacle}")).collect();
            return Err(Error::Invalid(format!("cannot adopt, nothing was changed:{obstacles}")));
        }
        let mut steps = rules::steps(&facts, &expressions);
        if !self.only_before {
            steps.extend(rules::cut_over(&facts, &expressions));
            steps.extend(rules::old_indexes(&facts));
        }
        Ok(Plan { steps })
    }

    /// Does what is left to do, and says so after each step.
    ///
    /// A step that needs an exclusive lock waits 50 ms for it, so that nobody waits longer behind it, and asks again up to 100
    /// times.
    ///
    /// # Errors
    ///
    /// Those of [`plan`](Self::plan). [`Error::Invalid`] with the step if one fails, as that does which finds rows of one tenant
    /// that hang on another's; then what was done before stays, and running it again goes on from there.
    pub async fn run(
        &self,
        connection: &mut AsyncPgConnection,
        mut done: impl FnMut(&Step),
    ) -> Result<(), Error> {
        let plan = self.plan(connection).await?;
        for (at, step) in plan.steps().iter().enumerate() {
            let ran = match step.weight {
                Weight::Long => connection.batch_execute(&step.sql).await.map_err(Error::from),
                Weight::Brief => briefly(connection, step).await,
            };
            ran.map_err(|error| match error {
                Error::Connection(_) => error,
                error => Error::Invalid(format!(
                    "step {} of {}, {}: {error}",
                    at + 1,
                    plan.steps().len(),
                    step.purpose
                )),
            })?;
            done(step);
        }
        Ok(())
    }
}

/// Asks for the lock again and again. What is caught on the server is told apart in every language.
async fn briefly(connection: &mut AsyncPgConnection, step: &Step) -> Result<(), Error> {
    let body = format!(
        "BEGIN
  SET LOCAL lock_timeout = {};
  EXECUTE {};
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RAISE EXCEPTION 'the lock was not free' USING ERRCODE = 'lock_not_available', CONSTRAINT = 'crow.busy';
END",
        // What it has it holds while it waits for the next.
        LOCK_TIMEOUT.as_millis() / u128::from(step.locks.max(1)),
        rules::dollar_quoted(&step.sql)
    );
    let sql = format!("DO {}", rules::dollar_quoted(&body));
    for attempt in 1..=ATTEMPTS {
        match connection.batch_execute(&sql).await {
            Err(diesel::result::Error::DatabaseError(_, refusal))
                if refusal.constraint_name() == Some("crow.busy") =>
            {
                tokio::time::sleep(LOCK_TIMEOUT * attempt.min(20)).await;
            }
            answer => return Ok(answer?),
        }
    }
    Err(Error::Invalid(format!(
        "it asked {ATTEMPTS} times for a lock that others hold: end their transactions, and run the plan again"
    )))
}
