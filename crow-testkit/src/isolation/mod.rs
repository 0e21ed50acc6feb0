//! Proof that one tenant cannot reach another's rows, by attacks that are known to succeed where nothing protects them.

mod attack;
mod attacks;
pub(crate) mod macros;
pub(crate) mod mutation;
mod report;
mod scene;
mod session;
mod target;
mod typed;

use std::fmt::Display;

use crow_core::{Error as Refusal, Protection, TenantId, TenantPool, models};
use futures_util::future::BoxFuture;

use crate::login::Login;
use crate::role::Role;
use crate::{Database, Error, TestDb};
pub use attack::Group;
use attack::{Attack, Control};
pub use mutation::{Mutant, Mutants, Noticed};
pub use report::{Cell, Report, Verdict};
use scene::{Channel, Given, Scene};
pub use typed::Attackable;

/// The application's role.
const ROLE: &str = "crow_app";

const BARE: &str = include_str!("bare.sql");
const USUAL: &str = include_str!("usual.sql");

/// Attacks models, and reports.
///
/// Two tenants get a row of each model's table, and one of them attacks the other: through crow's own API, by SQL in its
/// own scope, and by SQL on a connection of its own with the application's role. Each attack in SQL is tried as well on a clone of the database from
/// which the protection is taken away; one that does not succeed there proves nothing and counts as failed. The clone of
/// those in crow's API, which adds its own conditions, is the other tenant: what it can do itself, the attacker must not.
///
/// [`isolation!`](crate::isolation) makes tests of it.
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
/// let report = Isolation::new().model::<Vehicle>().run(&db).await?;
/// println!("{report}");
/// report.assert_isolated();
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is attacked until it runs"]
pub struct Isolation {
    models: Vec<Attacked>,
    groups: Vec<Group>,
    given: Vec<Given>,
    seed: u64,
}

/// A model to attack.
#[derive(Clone)]
struct Attacked {
    model: String,
    table: String,
    typed: Option<TypedAttack>,
}

type TypedAttack = for<'p> fn(&'p TenantPool, [TenantId; 2]) -> BoxFuture<'p, typed::Outcome>;

impl std::fmt::Debug for Attacked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.model)
    }
}

impl Default for Isolation {
    fn default() -> Self {
        Self::new()
    }
}

impl Isolation {
    /// Attacks nothing yet.
    pub fn new() -> Self {
        Self { models: Vec::new(), groups: Group::ALL.into(), given: Vec::new(), seed: 0 }
    }

    /// Attacks a model.
    ///
    /// # Panics
    ///
    /// If the model is not registered, which its derive does.
    pub fn model<M: Attackable>(mut self) -> Self {
        let path = std::any::type_name::<M>();
        let entry = models().find(|entry| entry.model == path).expect("a derived model is registered");
        self.models.push(Attacked { model: path.into(), table: entry.table(), typed: Some(M::__attack) });
        self
    }

    /// Attacks all tenant models of the program, in SQL: their Rust types are not known here.
    pub fn all_models(mut self) -> Self {
        let tenants = models().filter(|entry| entry.protection == Protection::Tenant);
        let attacked =
            tenants.map(|entry| Attacked { model: entry.model.into(), table: entry.table(), typed: None });
        self.models.extend(attacked);
        self.models.sort_by(|one, other| one.model.cmp(&other.model));
        self.models.dedup_by(|one, other| one.model == other.model);
        self
    }

    /// Attacks a tenant table without a model; a name as SQL spells it.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        let table = table.into();
        self.models.push(Attacked { model: table.clone(), table, typed: None });
        self
    }

    /// Tries the attacks of these groups alone.
    pub fn only(self, groups: impl IntoIterator<Item = Group>) -> Self {
        Self { groups: groups.into_iter().collect(), ..self }
    }

    /// Gives a column of a table a value in all rows that are made, where
    /// [`Filler`](crate::Filler) finds none that the table takes.
    pub fn always(
        mut self,
        table: impl Into<String>,
        column: impl Into<String>,
        value: impl Display,
    ) -> Self {
        self.given.push(Given { table: table.into(), column: column.into(), value: value.to_string() });
        self
    }

    /// As [`always`](Self::always), for the table of the model that was added last.
    pub fn with(self, column: impl Into<String>, value: impl Display) -> Self {
        let table = self.models.last().map(|attacked| attacked.table.clone()).unwrap_or_default();
        self.always(table, column, value)
    }

    /// Makes the rows from another seed than 0.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Keeps one of the models, and what was given for all of them.
    pub(crate) fn only_model<M: Attackable>(mut self) -> Self {
        let path = std::any::type_name::<M>();
        self.models.retain(|attacked| attacked.model == path);
        self
    }

    /// Runs the attacks in a test's database, and their controls in copies of it.
    ///
    /// Nobody may be connected to it, or it cannot be copied. Rows of two tenants of the suite's stay in it.
    ///
    /// # Errors
    ///
    /// [`Error::Fill`] if no row can be made for a table; [`Error::Statement`] if the database cannot be copied. What the
    /// attacks find is no error, but in the report.
    pub async fn run(&self, db: &TestDb) -> Result<Report, Error> {
        self.run_on(db.database()).await
    }

    async fn run_on(&self, database: &Database) -> Result<Report, Error> {
        let controls = Controls::of(database, self).await?;
        let pool = TenantPool::builder(database.url(ROLE)).max_size(1).connect().await;
        let pool = pool.map_err(|refusal| match refusal {
            Refusal::Unsafe(findings) => {
                findings.iter().map(|finding| format!("\n      {finding}")).collect()
            }
            other => other.to_string(),
        });
        let mut report = Report::default();
        for attacked in &self.models {
            report.add(self.attack(attacked, database, &pool, &controls).await?);
        }
        Ok(report)
    }

    async fn attack(
        &self,
        attacked: &Attacked,
        database: &Database,
        pool: &Result<TenantPool, String>,
        controls: &Controls,
    ) -> Result<Report, Error> {
        let mut scene = Scene::set(database, ROLE, &attacked.table, &self.given, self.seed).await?;
        let mut report = Report::default();
        if self.groups.contains(&Group::Typed) {
            report.add(self.typed(attacked, &scene, pool).await);
        }
        let mut clones: Vec<(Control, Scene)> = Vec::new();
        for (group, attack) in attacks::all().filter(|(group, _)| self.groups.contains(group)) {
            if let Some((clone, role)) = controls.get(attack.control)
                && !clones.iter().any(|(control, _)| *control == attack.control)
            {
                let clone = Scene::set(clone, role, &attacked.table, &self.given, self.seed).await?;
                clones.push((attack.control, clone));
            }
            let clone =
                clones.iter_mut().find(|(control, _)| *control == attack.control).map(|(_, clone)| clone);
            let verdict = try_out(attack, &mut scene, clone, pool.as_ref().ok()).await?;
            report.cells.push(attacked.cell(group, attack.name, attack.shows, attack.cure, verdict));
        }
        Ok(report)
    }

    async fn typed(&self, attacked: &Attacked, scene: &Scene, pool: &Result<TenantPool, String>) -> Report {
        let same = |verdict: Verdict| {
            let all = typed::ATTACKS.iter().map(|attack| (*attack, verdict.clone()));
            all.collect::<Vec<_>>()
        };
        let verdicts = match (attacked.typed, pool) {
            (None, _) => same(Verdict::NotApplicable("its Rust type was not named".into())),
            (Some(_), Err(reason)) => same(Verdict::Refused(reason.clone())),
            (Some(attack), Ok(pool)) => match attack(pool, scene.tenants).await {
                Err(error) => same(Verdict::Unproven(error.to_string())),
                Ok(got) => got
                    .into_iter()
                    .map(|(attack, got)| match got {
                        Ok(None) => (attack, Verdict::Held),
                        Ok(Some(got)) => (attack, Verdict::Leaked(got)),
                        Err(reason) => (attack, Verdict::Unproven(reason)),
                    })
                    .collect(),
            },
        };
        let cells = verdicts.into_iter().map(|(attack, verdict)| {
            attacked.cell(Group::Typed, attack.name, attack.shows, typed::CURE, verdict)
        });
        Report { cells: cells.collect() }
    }
}

/// Tries an attack by all ways; with a clone, first where it has to succeed.
async fn try_out(
    attack: &Attack,
    scene: &mut Scene,
    clone: Option<&mut Scene>,
    pool: Option<&TenantPool>,
) -> Result<Verdict, Error> {
    let plays = match (attack.plays)(&scene.target) {
        Ok(plays) => plays,
        Err(reason) => return Ok(Verdict::NotApplicable(reason)),
    };
    if let Some(clone) = clone {
        let controls = match (attack.plays)(&clone.target) {
            Ok(controls) => controls,
            Err(reason) => return Ok(Verdict::NotApplicable(format!("{reason}, without protection"))),
        };
        let mut proven = false;
        for play in &controls {
            proven |= clone.run(play, Channel::Bare).await?.is_some();
        }
        if !proven {
            return Ok(Verdict::Unproven("the attacker gets nothing there".into()));
        }
    }
    for play in &plays {
        let in_scope = play.scripts().iter().all(|script| script.in_scope);
        for channel in
            [Some(Channel::Bare), pool.filter(|_| in_scope).map(Channel::Scope)].into_iter().flatten()
        {
            if let Some(got) = scene.run(play, channel).await? {
                return Ok(Verdict::Leaked(format!("{got}, {}", channel.name())));
            }
        }
    }
    Ok(Verdict::Held)
}

impl Attacked {
    fn cell(
        &self,
        group: Group,
        attack: &'static str,
        shows: &'static str,
        cure: &str,
        verdict: Verdict,
    ) -> Cell {
        let (model, table) = (self.model.clone(), self.table.clone());
        Cell { model, group, attack, verdict, shows, cure: cure.replace("{table}", &table), table }
    }
}

/// Clones of the database without protection, those that are needed.
struct Controls {
    bare: Option<Database>,
    usual: Option<Database>,
    /// A login that may become any of crow's roles.
    member: Option<Role>,
}

impl Controls {
    async fn of(database: &Database, isolation: &Isolation) -> Result<Self, Error> {
        let needed = |wanted: Control| {
            attacks::all()
                .any(|(group, attack)| isolation.groups.contains(&group) && attack.control == wanted)
        };
        let mut controls = Self { bare: None, usual: None, member: None };
        if needed(Control::Bare) || needed(Control::Member) {
            controls.bare = Some(stripped(database, &[BARE]).await?);
        }
        if needed(Control::Usual) {
            controls.usual = Some(stripped(database, &[BARE, USUAL]).await?);
        }
        if needed(Control::Member) {
            // Not of crow_app: an audit elsewhere on the server would find a stronger role that can become it.
            let roles = "IN ROLE crow_admin, crow_migrator, crow_owner";
            controls.member = Some(Role::create(database.server(), roles).await?);
        }
        Ok(controls)
    }

    /// The database, and the role that attacks in it.
    fn get(&self, control: Control) -> Option<(&Database, &str)> {
        match control {
            Control::Bare => Some((self.bare.as_ref()?, ROLE)),
            Control::Usual => Some((self.usual.as_ref()?, ROLE)),
            Control::Member => Some((self.bare.as_ref()?, &self.member.as_ref()?.name)),
        }
    }
}

async fn stripped(database: &Database, scripts: &[&str]) -> Result<Database, Error> {
    let copy = database.copy().await?;
    let superuser = Login::open(&copy.superuser_url()).await?;
    for script in scripts {
        superuser.run("take the protection away from a clone", script).await?;
    }
    Ok(copy)
}
