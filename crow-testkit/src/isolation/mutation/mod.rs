//! Proof that the attacks and the audit notice what is missing: databases that lack one protection.

mod list;
pub(crate) mod macros;
mod report;

use crow_core::audit::{Audit, Finding, Severity};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use super::scene::{Channel, Scene};
use super::target::Shape;
use super::{Attacked, Isolation, ROLE, attacks};
use crate::login::Login;
use crate::role::Role;
use crate::{Database, Error, TestDb};
use list::{MUTATIONS, Mutation, Taken};
pub use report::{Mutant, Mutants, Noticed};

impl Isolation {
    /// Takes protections away, one at a time, each in a copy of the test's database, and tells for each model who notices:
    /// which attack is the first to succeed, and what the [audit](crow_core::audit) finds that it did not find before.
    ///
    /// Nobody may be connected to the database. [`mutate!`](crate::mutate) makes tests of it.
    ///
    /// ```no_run
    /// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
    /// # #[derive(diesel::Queryable, diesel::Selectable, crow_core::TenantModel)]
    /// # #[diesel(table_name = vehicles, primary_key(id))]
    /// # struct Vehicle { id: uuid::Uuid, make: String }
    /// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
    /// use crow_testkit::{Isolation, TestDb};
    ///
    /// let db = TestDb::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).await?;
    /// let mutants = Isolation::new().model::<Vehicle>().mutate(&db).await?;
    /// println!("{mutants}");
    /// mutants.assert_noticed();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub async fn mutate(&self, db: &TestDb) -> Result<Mutants, Error> {
        let mut mutants = Mutants::default();
        for mutation in MUTATIONS {
            mutants.cells.extend(self.mutate_by(mutation, db.database()).await?.cells);
        }
        Ok(mutants)
    }

    /// The one of this name.
    pub(crate) async fn mutate_one(&self, name: &str, db: &TestDb) -> Result<Mutants, Error> {
        let mutation = MUTATIONS
            .iter()
            .find(|mutation| mutation.name == name)
            .expect("the macro has the names from here");
        self.mutate_by(mutation, db.database()).await
    }

    async fn mutate_by(&self, mutation: &Mutation, database: &Database) -> Result<Mutants, Error> {
        let before = audit(database, ROLE).await?;
        let mut mutants = Mutants::default();
        for attacked in &self.models {
            let noticed = self.mutate_model(mutation, attacked, database, &before).await?;
            mutants.cells.push(Mutant {
                mutation: mutation.name,
                what: mutation.what,
                model: attacked.model.clone(),
                table: attacked.table.clone(),
                noticed,
            });
        }
        Ok(mutants)
    }

    async fn mutate_model(
        &self,
        mutation: &Mutation,
        attacked: &Attacked,
        database: &Database,
        before: &[Finding],
    ) -> Result<Noticed, Error> {
        // Dropped after the copy, in which it is granted something.
        let role;
        let copy = database.copy().await?;
        let superuser = Login::open(&copy.superuser_url()).await?;
        let shape = Shape::read(&superuser, &attacked.table).await?;
        let Taken { sql, role: clauses } = match (mutation.take)(&shape) {
            Ok(taken) => taken,
            Err(reason) => return Ok(Noticed::NotApplicable(reason)),
        };
        superuser.run(&format!("take a protection away ({})", mutation.what), &sql).await?;
        let login = match clauses {
            None => ROLE,
            Some(clauses) => {
                role = Role::create(database.server(), clauses).await?;
                superuser.run("grant what the application is granted", &grants(&shape, &role.name)).await?;
                &*role.name
            }
        };
        let mut rules: Vec<String> = Vec::new();
        for finding in audit(&copy, login).await? {
            if !before.contains(&finding) && !rules.contains(&finding.rule) {
                rules.push(finding.rule);
            }
        }
        let mut scene = Scene::set(&copy, login, &attacked.table, &self.given, self.seed).await?;
        let attack = first_success(&mut scene).await?;
        Ok(if attack.is_none() && rules.is_empty() {
            Noticed::ByNobody
        } else {
            Noticed::By { attack, rules }
        })
    }
}

/// What an audit on behalf of the role finds, that is more than good to know.
async fn audit(database: &Database, role: &str) -> Result<Vec<Finding>, Error> {
    let failed = |reason: String| Error::Fill {
        table: database.name().to_owned(),
        reason: format!("it cannot be audited: {reason}"),
        cure: "Look whether crow is installed in it".into(),
    };
    let mut conn = AsyncPgConnection::establish(&database.superuser_url())
        .await
        .map_err(|error| failed(error.to_string()))?;
    let report = Audit::new().role(role).run(&mut conn).await.map_err(|error| failed(error.to_string()))?;
    Ok(report.at_least(Severity::Low).cloned().collect())
}

/// The first attack that gets something.
async fn first_success(scene: &mut Scene) -> Result<Option<&'static str>, Error> {
    for (_, attack) in attacks::all() {
        for play in (attack.plays)(&scene.target).unwrap_or_default() {
            if scene.run(&play, Channel::Bare).await?.is_some() {
                return Ok(Some(attack.name));
            }
        }
    }
    Ok(None)
}

/// What crow_app has, on the tables that attacks touch.
fn grants(shape: &Shape, role: &str) -> String {
    let others = shape.parents.iter().chain(&shape.children).map(|other| &*other.table);
    let tables: Vec<_> = std::iter::once(&*shape.table).chain(others).collect();
    format!(
        "GRANT USAGE ON SCHEMA crow TO {role}; GRANT EXECUTE ON FUNCTION crow.enter(uuid) TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {role}",
        tables.join(", ")
    )
}
