//! A database with rows of two tenants, in which attacks are tried one after the other.

use crow_core::{Error as Refusal, TenantId, TenantPool};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use fastrand::Rng;
use uuid::{Builder, Uuid};

use super::attack::{Play, Script};
use super::session::{Answers, Attacker};
use super::target::{Rows, Shape, Target, equal};
use crate::fill::{FilledRow, identifier, literal};
use crate::login::Login;
use crate::{Database, Error, Filler};

/// How the attacker sends its statements.
#[derive(Clone, Copy)]
pub(crate) enum Channel<'a> {
    /// On a connection of its own.
    Bare,
    /// By `rls_only`, in a transaction of crow's.
    Scope(&'a TenantPool),
}

impl Channel<'_> {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "on a bare connection",
            Self::Scope(_) => "by rls_only in a scope",
        }
    }
}

pub(crate) struct Scene {
    superuser: Login,
    attacker: Attacker,
    /// The attacker's login.
    url: String,
    pub(crate) target: Target,
    pub(crate) tenants: [TenantId; 2],
    marks: Vec<String>,
    own_rows: usize,
    /// Brings all rows back.
    restore: String,
    fingerprint: String,
    /// As rows are now: the victim's, and all.
    prints: [String; 2],
}

/// A column of a model, given by whoever knows it.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) value: String,
}

/// Tables of rows, whoever owns them, and what there is in them.
const TABLES: &str = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
      ARRAY(SELECT o.attname::text FROM pg_catalog.pg_attribute AS o
        WHERE o.attrelid = c.oid AND o.attnum > 0 AND NOT o.attisdropped AND o.attgenerated = '')
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('crow', 'crow_guard', 'pg_catalog', 'information_schema')
    ORDER BY 1";

impl Scene {
    /// Fills the table and its children, and logs in as `role`.
    pub(crate) async fn set(
        database: &Database,
        role: &str,
        table: &str,
        given: &[Given],
        seed: u64,
    ) -> Result<Self, Error> {
        let superuser = Login::open(&database.superuser_url()).await?;
        let shape = Shape::read(&superuser, table).await?;
        let mut filler = Filler::connect(&database.superuser_url(), seed).await?;
        for Given { table, column, value } in given {
            filler.always(table, column, value).await?;
        }
        let mut rng = Rng::with_seed(seed);
        let tenants = [tenant(&mut rng), tenant(&mut rng), tenant(&mut rng)];
        let rows = Self::fill(&superuser, &mut filler, &shape, tenants).await?;
        let [attacker, victim, _] = tenants;
        let tenants = [attacker, victim];
        let target = shape.with(rows);
        for view in target.views.iter().filter(|view| view.materialized) {
            // Whoever owns it may not read a table that has been given away.
            let refresh = format!("REFRESH MATERIALIZED VIEW {}", view.name);
            let _ = superuser.client().simple_query(&refresh).await;
        }
        let url = database.url(role);
        let connection = Self::log_in(&url, "").await?;
        let count = format!("SELECT count(*) FROM {} WHERE tenant_id = '{}'", target.table, tenants[0]);
        let own_rows = first(superuser.run("count rows", &count).await?).parse().unwrap_or_default();
        let (restore, fingerprint) = Self::remember(&superuser, tenants[1]).await?;
        let marks = target.marks();
        let prints = Default::default();
        let mut scene = Self {
            superuser,
            attacker: connection,
            url,
            target,
            tenants,
            marks,
            own_rows,
            restore,
            fingerprint,
            prints,
        };
        scene.prints = scene.look().await?;
        Ok(scene)
    }

    async fn log_in(url: &str, options: &str) -> Result<Attacker, Error> {
        Attacker::open(url, options).await.map_err(|source| Error::Connect {
            server: "the database under attack".into(),
            database: String::new(),
            cure: "The role of the application has to be able to log in",
            source,
        })
    }

    async fn fill(
        superuser: &Login,
        filler: &mut Filler,
        shape: &Shape,
        [attacker, victim, nobody]: [TenantId; 3],
    ) -> Result<Rows, Error> {
        let mut filled = Vec::new();
        for tenant in [attacker, victim, attacker, victim, nobody] {
            let wanted = shape.wanted();
            let row = wanted.iter().fold(filler.row(&shape.table, tenant), |row, column| row.also(column));
            filled.push(match row.insert().await {
                // What is optional may be in the way: foreign keys that go round in a circle.
                Err(Error::Fill { .. }) if !wanted.is_empty() => {
                    filler.row(&shape.table, tenant).insert().await?
                }
                row => row?,
            });
        }
        let [own, theirs, spare, their_spare, nobodys] = <[_; 5]>::try_from(filled).expect("five rows");
        let mut children = Vec::new();
        for child in &shape.children {
            if child.table == shape.table {
                children.push(theirs.clone());
                continue;
            }
            let mut row = filler.row(&child.table, victim);
            for (column, parent) in &child.columns {
                if let Some(value) = theirs.get(parent) {
                    row = row.set(column, value);
                }
            }
            children.push(row.insert().await?);
        }
        let key = shape.keys.first().map_or(&[][..], Vec::as_slice);
        let delete = |row: &FilledRow| {
            let is_it = key.iter().map(|column| equal(&identifier(column), row.get(column)));
            format!("DELETE FROM {} WHERE {}", shape.table, is_it.collect::<Vec<_>>().join(" AND "))
        };
        let mut gone = vec![delete(&spare), delete(&their_spare)];
        for row in superuser.ask("list tables", TABLES, &[]).await? {
            gone.push(format!("DELETE FROM ONLY {} WHERE tenant_id = '{nobody}'", row.get::<_, &str>(0)));
        }
        let gone =
            format!("BEGIN; SET LOCAL session_replication_role = replica; {}; COMMIT", gone.join("; "));
        superuser.run("take rows away", &gone).await?;
        let (attacker, victim) = (attacker.to_string(), victim.to_string());
        Ok(Rows { attacker, victim, own, theirs, spare, their_spare, nobodys, children })
    }

    /// SQL that brings all rows back, and SQL that tells whether it has to.
    async fn remember(superuser: &Login, victim: TenantId) -> Result<(String, String), Error> {
        let mut restore = vec!["BEGIN; SET LOCAL session_replication_role = replica".to_owned()];
        let mut prints = Vec::new();
        for row in superuser.ask("list tables", TABLES, &[]).await? {
            let (table, columns): (String, Vec<String>) = (row.get(0), row.get(1));
            prints.push(format!(
                "SELECT tenant_id = '{victim}', t.xmin::text || t::text FROM ONLY {table} AS t"
            ));
            restore.push(format!("DELETE FROM ONLY {table}"));
            let rows = superuser.run("read rows", &format!("SELECT t::text FROM ONLY {table} AS t")).await?;
            let rows: Vec<_> = rows_of(&rows).map(|row| literal(Some(row))).collect();
            if !rows.is_empty() {
                let columns: Vec<_> = columns.iter().map(|column| identifier(column)).collect();
                let columns = columns.join(", ");
                restore.push(format!(
                    "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM unnest(ARRAY[{}]::{table}[])",
                    rows.join(", ")
                ));
            }
        }
        restore.push("COMMIT".into());
        let fingerprint = format!(
            "SELECT coalesce(md5(string_agg(row, ' ' ORDER BY row) FILTER (WHERE theirs)), '') || ' ' \
             || coalesce(md5(string_agg(row, ' ' ORDER BY row)), '') FROM ({}) AS x (theirs, row)",
            prints.join(" UNION ALL ")
        );
        Ok((restore.join("; "), fingerprint))
    }

    async fn look(&self) -> Result<[String; 2], Error> {
        let seen = first(self.superuser.run("look at the rows", &self.fingerprint).await?);
        let (theirs, all) = seen.split_once(' ').unwrap_or_default();
        Ok([theirs.to_owned(), all.to_owned()])
    }

    /// Runs one play; what the attacker got by it, if anything.
    pub(crate) async fn run(&mut self, play: &Play, channel: Channel<'_>) -> Result<Option<String>, Error> {
        if let Play::Hangs { set_up, .. } = play {
            if self.superuser.client().simple_query(set_up).await.is_err() {
                return Ok(None);
            }
            self.prints = self.look().await?;
        }
        let got = match play {
            Play::Tells { theirs, nobodys } => {
                let (theirs, nobodys) =
                    (self.send(theirs, channel).await?, self.send(nobodys, channel).await?);
                let end = |answers: &Answers| (answers.rows.clone(), answers.error.clone());
                let said = |answers: &Answers| answers.error.clone().unwrap_or_else(|| "no error".into());
                (end(&theirs) != end(&nobodys)).then(|| match (&theirs.error, &nobodys.error) {
                    (None, None) => {
                        "another answer for a key that the other tenant has than for one that nobody has"
                            .into()
                    }
                    _ => format!(
                        "{} for a key that the other tenant has, and {} for one that nobody has",
                        said(&theirs),
                        said(&nobodys)
                    ),
                })
            }
            Play::Sees(script) => {
                let answers = self.send(script, channel).await?;
                self.seen(script, &answers)
            }
            Play::Counts(script) => {
                let answers = self.send(script, channel).await?;
                let counted = answers.rows.last().and_then(|row| row.parse::<usize>().ok());
                counted.filter(|counted| *counted > self.own_rows).map(|counted| {
                    format!("a count of {counted} where it has {} rows of its own", self.own_rows)
                })
            }
            Play::Lands(script) => {
                let answers = self.send(script, channel).await?;
                let nothing =
                    answers.rows.is_empty() && script.steps.iter().any(|step| step.contains(" RETURNING "));
                (answers.error.is_none() && !nothing).then(|| "no refusal".into())
            }
            Play::Changes(script) => {
                let answers = self.send(script, channel).await?;
                self.changed().await?.or(self.seen(script, &answers))
            }
            Play::Hangs { script, .. } => {
                let answers = self.send(script, channel).await?;
                let told =
                    answers.error.map(|error| format!("{error}, which tells of the other tenant's row"));
                self.changed().await?.or(told)
            }
        };
        if matches!(play, Play::Changes(_) | Play::Hangs { .. })
            && (got.is_some() || self.look().await? != self.prints)
        {
            self.superuser.run("bring rows back", &self.restore).await?;
            self.prints = self.look().await?;
        }
        Ok(got)
    }

    async fn changed(&self) -> Result<Option<String>, Error> {
        let changed = self.look().await?[0] != self.prints[0];
        Ok(changed.then(|| "the other tenant's rows are not what they were".into()))
    }

    fn seen(&self, script: &Script, answers: &Answers) -> Option<String> {
        let has = |text: &String| self.marks.iter().any(|mark| text.contains(mark));
        let rows = answers.rows.iter().filter(|row| has(row)).count();
        if rows > 0 {
            return Some(format!("{rows} {} of the other tenant's", if rows == 1 { "row" } else { "rows" }));
        }
        // What the attacker wrote itself tells it nothing.
        let unknown = |mark: &&String| !script.steps.iter().any(|step| step.contains(*mark));
        let marks: Vec<_> = self.marks.iter().filter(unknown).collect();
        let told = answers.told.iter().any(|text| marks.iter().any(|mark| text.contains(*mark)));
        told.then(|| "a message that quotes a row of the other tenant's".into())
    }

    async fn send(&self, script: &Script, channel: Channel<'_>) -> Result<Answers, Error> {
        let [own, _] = self.tenants;
        match channel {
            Channel::Bare => match &script.options {
                None => {
                    let answers = self.attacker.play(script, &own.to_string()).await?;
                    self.attacker.forget().await?;
                    Ok(answers)
                }
                Some(options) => {
                    let attacker = Self::log_in(&self.url, options).await?;
                    attacker.play(script, &own.to_string()).await
                }
            },
            Channel::Scope(pool) => Ok(in_scope(script, pool, own).await),
        }
    }
}

fn tenant(rng: &mut Rng) -> TenantId {
    let id: Uuid = Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
    TenantId::try_from(id).expect("a UUID with a version is not nil")
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    text: String,
}

/// How a script in a scope ended; an error, so that nothing of it stays.
struct Ended {
    rows: Vec<String>,
    error: Option<Refusal>,
}

impl From<Refusal> for Ended {
    fn from(error: Refusal) -> Self {
        Self { rows: Vec::new(), error: Some(error) }
    }
}

/// Each step by `rls_only`, in one transaction.
async fn in_scope(script: &Script, pool: &TenantPool, tenant: TenantId) -> Answers {
    let (steps, commits) = (script.steps.clone(), script.commits);
    let played = pool.transaction(tenant, async |tx| {
        let mut rows = Vec::new();
        for step in steps {
            match tx.rls_only(diesel::sql_query(step)).load::<Row>(tx).await {
                Ok(more) => rows.extend(more.into_iter().map(|row| row.text)),
                Err(error) => return Err(Ended { rows, error: Some(error) }),
            }
        }
        if commits { Ok(rows) } else { Err(Ended { rows, error: None }) }
    });
    let Ended { rows, error } = played.await.map_or_else(|ended| ended, |rows| Ended { rows, error: None });
    let error = error.map(|error| error.to_string());
    Answers { rows, told: error.iter().cloned().collect(), error }
}

fn rows_of(messages: &[tokio_postgres::SimpleQueryMessage]) -> impl Iterator<Item = &str> {
    messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    })
}

fn first(messages: Vec<tokio_postgres::SimpleQueryMessage>) -> String {
    rows_of(&messages).next().unwrap_or_default().to_owned()
}
