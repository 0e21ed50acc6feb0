//! Runs a statement three ways and compares each with what the memory says.

use crow_core::bounds::AsyncFunc;
use crow_core::{Error, TenantConn, TenantId, TenantPool};
use crow_examples::MIGRATIONS;
use crow_testkit::TestDb;
use diesel::QueryableByName;
use diesel::sql_types::Text;
use sqlparser::ast::Statement as Parsed;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls};

use crate::build::Build;
use crate::describe::{Case, Returning, Statement};
use crate::effect::{Expected, Fault, expected, proposed};
use crate::sent::{Ready, Rendered, heard, listen};
use crate::value::{Row, Value};
use crate::world::{TENANTS, View, tenant, without_new_id, without_new_ids};
use crate::{reader, rewrite, write};

type Failure = Box<dyn std::error::Error>;

/// Two databases with the same rows of three tenants: one as it should be, and one in which
/// row-level security is switched off.
pub(crate) struct Arena {
    guarded: Place,
    open: Place,
    /// The application's role without crow, in the database that is as it should be.
    raw: Client,
    views: Vec<View>,
}

/// A database and a pool over it.
pub(crate) struct Place {
    pub(crate) pool: TenantPool,
    db: TestDb,
}

/// What was checked, for the account at the end.
pub(crate) struct Seen {
    pub(crate) guards: usize,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Rows,
    NoRows,
    Fault,
}

impl Outcome {
    fn of(expected: &Expected) -> Self {
        match &expected.answer {
            Err(_) => Self::Fault,
            Ok(rows) if rows.is_empty() || rows == &[[Value::Int(0)]] => Self::NoRows,
            Ok(_) => Self::Rows,
        }
    }
}

/// What a database said.
struct Observed {
    answer: Result<Vec<Row>, String>,
    fault: Option<Fault>,
    /// After a write that succeeded.
    state: Option<Vec<String>>,
}

impl Arena {
    pub(crate) async fn open() -> Result<Self, Failure> {
        let views: Vec<View> = (0..TENANTS).map(View::of).collect();
        let (guarded, open) = (Place::open(&views).await?, Place::open(&views).await?);
        let raw = connect(&guarded.db.tenant_url()).await?;
        let superuser = connect(&open.db.database().superuser_url()).await?;
        superuser
            .batch_execute(
                "ALTER TABLE vehicles DISABLE ROW LEVEL SECURITY; ALTER TABLE service_records DISABLE ROW LEVEL SECURITY",
            )
            .await?;
        Ok(Self { guarded, open, raw, views })
    }

    /// Everything that must be true of the statement; the error tells what is not.
    pub(crate) async fn check(&self, case: &Case) -> Result<Seen, String> {
        let expected = expected(case, &self.views);
        let mut seen = Seen { guards: 0, outcome: Outcome::of(&expected) };
        let (rendered, observed) = self.guarded.run(case).await?;
        compare(&expected, observed).map_err(|fault| wrong("row-level security on", &rendered, &fault))?;
        let (open, observed) = self.open.run(case).await?;
        compare(&expected, observed).map_err(|fault| wrong("row-level security off", &rendered, &fault))?;
        let Some(open) = open else { return Ok(seen) };
        let rendered = rendered.filter(|rendered| *rendered == open).ok_or("two renderings differ")?;

        let tenant = tenant(case.tenant);
        let parsed =
            reader::parse(&rendered.sql).map_err(|fault| wrong("parsing", &Some(open.clone()), &fault))?;
        reader::check_parsed(&parsed, &rendered, tenant)
            .map_err(|fault| wrong("reading", &Some(open.clone()), &fault))?;
        let bare;
        (bare, seen.guards) = rewrite::without_guards(&parsed, &rendered, tenant);
        let bare = Rendered { sql: bare.to_string(), ..rendered };
        let observed = self.run_raw(case, &bare).await.map_err(|error| error.to_string())?;
        compare(&expected, observed).map_err(|fault| wrong("crow's predicates out", &Some(bare), &fault))?;
        if let Parsed::Insert(insert) = &parsed
            && let Statement::Insert(described) = &case.statement
            && !proposed(described, &self.views[case.tenant]).is_empty()
        {
            let other = crate::world::tenant((case.tenant + 1) % TENANTS);
            let foreign = rewrite::for_another(insert, &open, other);
            let observed = self.run_raw(case, &foreign).await.map_err(|error| error.to_string())?;
            if !observed.answer.as_ref().is_err_and(|error| error.contains("row-level security")) {
                return Err(wrong("another tenant's rows", &Some(foreign), "they were not refused"));
            }
        }
        Ok(seen)
    }

    /// In a transaction of the tenant, as the application's role, without crow.
    async fn run_raw(&self, case: &Case, rendered: &Rendered) -> Result<Observed, tokio_postgres::Error> {
        self.raw.batch_execute("BEGIN").await?;
        self.raw.execute("SELECT crow.enter($1)", &[&Raw::uuid(tenant(case.tenant))]).await?;
        let result = self.ask(case, rendered).await;
        let state = match result {
            Ok(_) if !matches!(case.statement, Statement::Read(..)) => {
                let lines = self.raw.query("SELECT everything()", &[]).await?;
                Some(lines.iter().map(|line| line.get(0)).collect())
            }
            _ => None,
        };
        self.raw.batch_execute("ROLLBACK").await?;
        let fault = result.as_ref().err().and_then(|error| match error.code()? {
            code if *code == SqlState::UNIQUE_VIOLATION => Some(Fault::Unique),
            code if *code == SqlState::FOREIGN_KEY_VIOLATION => Some(Fault::ForeignKey),
            code if [SqlState::CHECK_VIOLATION, SqlState::NOT_NULL_VIOLATION].contains(code) => {
                Some(Fault::Check)
            }
            code if *code == SqlState::CARDINALITY_VIOLATION => Some(Fault::Twice),
            _ => None,
        });
        let answer = result.map_err(|error| error.as_db_error().map_or(error.to_string(), |e| e.to_string()));
        Ok(Observed { answer, fault, state })
    }

    async fn ask(&self, case: &Case, rendered: &Rendered) -> Result<Vec<Row>, tokio_postgres::Error> {
        let types: Vec<Type> =
            rendered.binds.iter().map(|bind| Type::from_oid(bind.oid).unwrap_or(Type::UUID)).collect();
        let values: Vec<Raw> = rendered.binds.iter().map(|bind| Raw(0, bind.bytes.clone())).collect();
        let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let statement = self.raw.prepare_typed(&rendered.sql, &types).await?;
        let returning = match &case.statement {
            Statement::Read(..) => None,
            Statement::Insert(insert) => Some(&insert.returning),
            Statement::Update(update) => Some(&update.returning),
            Statement::Delete(delete) => Some(&delete.returning),
        };
        if matches!(returning, Some(Returning::Count)) {
            let count = self.raw.execute(&statement, &values).await?;
            return Ok(vec![vec![Value::Int(i64::try_from(count).expect("a few rows"))]]);
        }
        let rows = self.raw.query(&statement, &values).await?;
        let cell = |row: &tokio_postgres::Row, column| {
            let raw: Option<Raw> = row.try_get(column)?;
            Ok(raw.map_or(Value::Null, |raw| {
                Value::decode(raw.0, raw.1.as_deref()).expect("a value of a known type")
            }))
        };
        rows.iter().map(|row| (0..row.len()).map(|column| cell(row, column)).collect()).collect()
    }
}

impl Place {
    pub(crate) async fn open(views: &[View]) -> Result<Self, Failure> {
        listen();
        let db = TestDb::new(MIGRATIONS).await?;
        let superuser = connect(&db.database().superuser_url()).await?;
        // To compile plans of such size takes longer than to run them.
        superuser.batch_execute(&format!("ALTER DATABASE {} SET jit = off", db.database().name())).await?;
        let pool = TenantPool::builder(db.tenant_url()).max_size(1).connect().await?;
        for (table, rows) in
            views.iter().flat_map(|view| [("vehicles", &view.vehicles), ("service_records", &view.records)])
        {
            for row in rows {
                let values: Vec<Raw> = row.iter().map(Raw::of).collect();
                let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
                let holes: Vec<String> = (1..=row.len()).map(|n| format!("${n}")).collect();
                let sql = format!("INSERT INTO {table} VALUES ({})", holes.join(", "));
                superuser.execute(&sql, &values).await?;
            }
        }
        // Sees the rows of all tenants, also from within a transaction that is yet to be rolled back.
        // Made after the pool has looked at the database, which such a function would not pass.
        superuser
            .batch_execute(
                r"CREATE FUNCTION everything() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS $$
                    SELECT concat_ws(E'\t', 'vehicle', tenant_id, id, make, model, year, plate) FROM vehicles
                    UNION ALL
                    SELECT concat_ws(E'\t', 'record', tenant_id, id, vehicle_id, work, cents, done_on)
                    FROM service_records
                $$; ANALYZE",
            )
            .await?;
        Ok(Self { pool, db })
    }

    /// A scope of the tenant with these rows.
    pub(crate) async fn scope<R: Send>(
        &self,
        view: &View,
        work: impl for<'r, 't> AsyncFnOnce(&'r mut TenantConn<'t>) -> Result<R, Error>
        + for<'r, 't> AsyncFunc<&'r mut TenantConn<'t>, Result<R, Error>, Fut: Send>
        + Send,
    ) -> Result<R, Error> {
        let id = TenantId::try_from(view.tenant).map_err(|error| Error::Invalid(error.to_string()))?;
        self.pool.scope(id, work).await
    }

    /// The statement, which is not run.
    pub(crate) async fn render(&self, case: &Case) -> Result<Rendered, Failure> {
        let id = TenantId::try_from(tenant(case.tenant))?;
        let render = async |db: &mut TenantConn<'_>| {
            Ok::<_, Error>(write::statement(&Build { db }, &case.statement).rendered)
        };
        Ok(self.pool.scope(id, render).await?)
    }

    /// Builds the statement and runs it; what it says is `None` if nothing had to be sent.
    async fn run(&self, case: &Case) -> Result<(Option<Rendered>, Observed), String> {
        let id = TenantId::try_from(tenant(case.tenant)).map_err(|error| error.to_string())?;
        heard();
        if let Statement::Read(..) = case.statement {
            let run = self.pool.scope(id, async |db| {
                let Ready { rendered, rows } = write::statement(&Build { db }, &case.statement);
                Ok::<_, Error>((rendered, rows.await))
            });
            let (rendered, answer) = run.await.map_err(|error| error.to_string())?;
            return observed(rendered, answer, None);
        }
        let run = self.pool.transaction(id, async |db| {
            let Ready { rendered, rows } = write::statement(&Build { db }, &case.statement);
            let answer = rows.await;
            let state = if answer.is_ok() { Some(everything(db).await?) } else { None };
            Err::<(), _>(Undone::Wanted(Box::new((rendered, answer, state))))
        });
        match run.await {
            Err(Undone::Wanted(result)) => {
                let (rendered, answer, state) = *result;
                observed(rendered, answer, state)
            }
            Err(Undone::Failed(error)) => Err(error.to_string()),
            Ok(()) => unreachable!("it is always rolled back"),
        }
    }
}

type Answer = Result<Vec<crate::value::Cells>, Error>;

/// Why a transaction is rolled back.
enum Undone {
    Wanted(Box<(Rendered, Answer, Option<Vec<String>>)>),
    Failed(Error),
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn observed(
    rendered: Rendered,
    answer: Answer,
    state: Option<Vec<String>>,
) -> Result<(Option<Rendered>, Observed), String> {
    let fault = answer.as_ref().err().and_then(|error| match error {
        Error::Unique(_) => Some(Fault::Unique),
        Error::ForeignKey(_) => Some(Fault::ForeignKey),
        Error::Check(_) => Some(Fault::Check),
        Error::Other(message) if message.contains("a second time") => Some(Fault::Twice),
        _ => None,
    });
    let answer =
        answer.map(|rows| rows.into_iter().map(|cells| cells.0).collect()).map_err(|error| error.to_string());
    // What is read is what was sent, to the letter.
    let heard = heard();
    let start = format!("{} -- binds", rendered.sql);
    let steering = |sql: &&String| {
        ["BEGIN", "SELECT crow.enter", "COMMIT", "ROLLBACK", "SELECT everything"]
            .iter()
            .any(|word| sql.starts_with(word))
    };
    let rendered = match heard.iter().filter(|sql| !steering(sql)).collect::<Vec<_>>()[..] {
        [] => None,
        [sent] if sent.starts_with(&start) => Some(rendered),
        _ => return Err(format!("sent {heard:#?} in place of {}", rendered.sql)),
    };
    Ok((rendered, Observed { answer, fault, state }))
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

async fn everything(db: &TenantConn<'_>) -> Result<Vec<String>, Error> {
    let lines = db.rls_only(diesel::sql_query("SELECT everything() AS line")).load::<Line>(db).await?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}

fn compare(expected: &Expected, observed: Observed) -> Result<(), String> {
    let rows = match (&expected.answer, observed.answer, observed.fault) {
        (Err(faults), Err(_), Some(fault)) if faults.contains(&fault) => return Ok(()),
        (Ok(_), Ok(rows), _) => rows,
        (Ok(_), Err(error), _) => return Err(format!("failed: {error}")),
        (Err(faults), answer, _) => return Err(format!("{answer:?} in place of {faults:?}")),
    };
    let mut rows: Vec<Row> = rows.into_iter().map(without_new_ids).collect();
    let mut wanted = expected.answer.clone().unwrap_or_default();
    if !expected.ordered {
        rows.sort_unstable();
        wanted.sort_unstable();
    }
    if rows != wanted {
        return Err(format!("gave {rows:?}\n  in place of {wanted:?}"));
    }
    let state = observed.state.map(|lines| {
        let mut lines: Vec<String> = lines.iter().map(|line| without_new_id(line)).collect();
        lines.sort_unstable();
        lines
    });
    if state != expected.state {
        let (state, wanted) = (state.unwrap_or_default(), expected.state.clone().unwrap_or_default());
        let more: Vec<_> = state.iter().filter(|line| !wanted.contains(line)).collect();
        let less: Vec<_> = wanted.iter().filter(|line| !state.contains(line)).collect();
        return Err(format!("left {more:?}\n  in place of {less:?}"));
    }
    Ok(())
}

fn wrong(way: &str, rendered: &Option<Rendered>, fault: &str) -> String {
    let Some(Rendered { sql, binds }) = rendered else { return format!("{way}: {fault}") };
    let binds: Vec<_> = binds
        .iter()
        .map(|bind| {
            let value = Value::decode(bind.oid, bind.bytes.as_deref());
            value.map_or_else(|_| format!("{:?}", bind.bytes), |value| format!("{value:?}"))
        })
        .collect();
    format!("{way}: {fault}\n  {sql}\n  with {}", binds.join(", "))
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A value of whatever type, as the protocol has it.
#[derive(Debug)]
struct Raw(u32, Option<Vec<u8>>);

impl Raw {
    fn uuid(id: uuid::Uuid) -> Self {
        Self(0, Some(id.as_bytes().to_vec()))
    }

    fn of(value: &Value) -> Self {
        Self(
            0,
            match value {
                Value::Null => None,
                Value::Bool(value) => Some(vec![u8::from(*value)]),
                Value::Int(value) => Some(value.to_be_bytes().to_vec()),
                Value::Text(value) => Some(value.as_bytes().to_vec()),
                Value::Uuid(value) => Some(value.as_bytes().to_vec()),
                Value::Date(value) => {
                    let days = (*value - crate::value::epoch()).num_days();
                    Some(i32::try_from(days).expect("a day of this age").to_be_bytes().to_vec())
                }
            },
        )
    }
}

impl ToSql for Raw {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = &self.1 else { return Ok(IsNull::Yes) };
        // The one integer of four bytes among the columns.
        let bytes = if *ty == Type::INT4 && bytes.len() == 8 { &bytes[4..] } else { bytes };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Raw {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(ty.oid(), Some(raw.to_vec())))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
