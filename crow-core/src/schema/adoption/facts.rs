//! What the catalog says of the tables that are to be adopted.

use diesel::sql_types::{Array, Bool, Nullable, Oid, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::Error;
use crate::schema::table::Name;

/// All that a plan is made from.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) tables: Vec<Table>,
    pub(super) indexes: Vec<Index>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) obstacles: Vec<String>,
}

#[derive(Debug, QueryableByName)]
pub(super) struct Table {
    #[diesel(sql_type = Oid)]
    pub(super) oid: u32,
    #[diesel(sql_type = Text)]
    pub(super) schema: String,
    #[diesel(sql_type = Text)]
    pub(super) bare: String,
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    /// The type of `tenant_id`, if there is one.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) tenant: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) not_null: bool,
    /// Whether the check that stands in for NOT NULL is valid, if there is one.
    #[diesel(sql_type = Nullable<Bool>)]
    pub(super) checked: Option<bool>,
    #[diesel(sql_type = Bool)]
    pub(super) filling: bool,
    #[diesel(sql_type = Bool)]
    pub(super) protected: bool,
    /// Whether row-level security hides its rows from who is asking.
    #[diesel(sql_type = Bool)]
    pub(super) hidden: bool,
    #[diesel(sql_type = Bool)]
    pub(super) owned: bool,
    /// Whether it is a partition, a parent or a child.
    #[diesel(sql_type = Bool)]
    pub(super) related: bool,
}

impl Table {
    pub(super) fn name(&self) -> String {
        self.beside(&self.bare)
    }

    /// Another name in its schema.
    pub(super) fn beside(&self, name: &str) -> String {
        Name::from((&*self.schema, name)).to_string()
    }
}

#[derive(Debug, QueryableByName)]
pub(super) struct Index {
    #[diesel(sql_type = Oid)]
    pub(super) relation: u32,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Bool, column_name = unique_)]
    pub(super) unique: bool,
    #[diesel(sql_type = Bool, column_name = primary_)]
    pub(super) primary: bool,
    #[diesel(sql_type = Bool)]
    pub(super) exclusion: bool,
    #[diesel(sql_type = Bool)]
    pub(super) valid: bool,
    #[diesel(sql_type = Text)]
    pub(super) method: String,
    #[diesel(sql_type = Nullable<Text>, column_name = constraint_)]
    pub(super) constraint: Option<String>,
    #[diesel(sql_type = Bool, column_name = deferrable_)]
    pub(super) deferrable: bool,
    #[diesel(sql_type = Bool)]
    pub(super) deferred: bool,
    /// Whether `tenant_id` is its first column.
    #[diesel(sql_type = Bool)]
    pub(super) led: bool,
    #[diesel(sql_type = Bool)]
    pub(super) has_tenant: bool,
    #[diesel(sql_type = Text)]
    pub(super) rest: String,
    #[diesel(sql_type = Array<Text>)]
    pub(super) columns: Vec<String>,
}

impl Index {
    /// Whether it is `other` with the tenant before its columns.
    pub(super) fn leads(&self, other: &Self) -> bool {
        let same =
            self.relation == other.relation && self.unique == other.unique && self.method == other.method;
        same && self.led && self.rest == format!("tenant_id, {}", other.rest)
    }
}

#[derive(Debug, QueryableByName)]
pub(super) struct ForeignKey {
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Oid)]
    pub(super) child: u32,
    #[diesel(sql_type = Oid)]
    pub(super) parent: u32,
    #[diesel(sql_type = Text)]
    pub(super) child_name: String,
    #[diesel(sql_type = Text)]
    pub(super) parent_name: String,
    #[diesel(sql_type = Text)]
    pub(super) child_bare: String,
    #[diesel(sql_type = Array<Text>)]
    pub(super) columns: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub(super) parent_columns: Vec<String>,
    #[diesel(sql_type = Text)]
    pub(super) on_delete: String,
    #[diesel(sql_type = Text)]
    pub(super) on_update: String,
    #[diesel(sql_type = Bool, column_name = deferrable_)]
    pub(super) deferrable: bool,
    #[diesel(sql_type = Bool)]
    pub(super) deferred: bool,
    #[diesel(sql_type = Bool)]
    pub(super) validated: bool,
    #[diesel(sql_type = Bool)]
    pub(super) parent_has_tenant: bool,
    #[diesel(sql_type = Bool)]
    pub(super) hidden: bool,
}

impl ForeignKey {
    pub(super) fn pairs_tenants(&self) -> bool {
        self.columns
            .iter()
            .zip(&self.parent_columns)
            .any(|pair| pair.0 == "tenant_id" && pair.1 == "tenant_id")
    }

    /// Whether it is `other` with the tenants before the columns.
    pub(super) fn leads(&self, other: &Self) -> bool {
        let led = |columns: &[String], behind: &[String]| {
            columns.split_first().is_some_and(|(first, rest)| first == "tenant_id" && rest == behind)
        };
        (self.child, self.parent) == (other.child, other.parent)
            && led(&self.columns, &other.columns)
            && led(&self.parent_columns, &other.parent_columns)
    }
}

/// What a column draws from.
#[derive(Debug, QueryableByName)]
pub(super) struct Sequence {
    #[diesel(sql_type = Oid)]
    pub(super) relation: u32,
    #[diesel(sql_type = Text, column_name = column_)]
    pub(super) column: String,
    #[diesel(sql_type = Text)]
    pub(super) sequence: String,
    /// Whether the sequence is the column's own.
    #[diesel(sql_type = Bool)]
    pub(super) serial: bool,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Nullable<Oid>)]
    oid: Option<u32>,
}

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    entitled: bool,
}

/// What others may not even ask.
async fn entitled(connection: &mut AsyncPgConnection) -> Result<(), Error> {
    let sql =
        "SELECT pg_catalog.quote_ident(current_user) AS name, EXISTS (SELECT FROM pg_catalog.pg_roles AS r
                 WHERE r.rolname = 'crow_owner' AND pg_catalog.pg_has_role(r.oid, 'USAGE')) AS entitled";
    match sql_query(sql).get_result(connection).await? {
        Role { entitled: true, .. } => Ok(()),
        Role { name, .. } => Err(Error::Invalid(format!(
            "{name} cannot adopt tables: install crow, and connect as a superuser, or as a role with BYPASSRLS that owns the tables, \
             after GRANT crow_owner TO {name}"
        ))),
    }
}

#[derive(QueryableByName)]
struct Obstacle {
    #[diesel(sql_type = Text)]
    defect: String,
}

impl Facts {
    /// Changes nothing.
    pub(super) async fn load(connection: &mut AsyncPgConnection, names: &[&Name]) -> Result<Self, Error> {
        entitled(connection).await?;
        let mut oids = Vec::new();
        for name in names {
            let found: Found = sql_query("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid")
                .bind::<Text, _>(name.to_string())
                .get_result(connection)
                .await?;
            oids.push(
                found
                    .oid
                    .ok_or_else(|| Error::Invalid(format!("cannot adopt {name}: there is no such table")))?,
            );
        }
        macro_rules! load {
            ($file:literal) => {
                sql_query(include_str!($file)).bind::<Array<Oid>, _>(&oids).load(connection).await?
            };
        }
        let obstacles: Vec<Obstacle> = load!("obstacles.sql");
        Ok(Self {
            tables: load!("tables.sql"),
            indexes: load!("indexes.sql"),
            foreign_keys: load!("foreign_keys.sql"),
            sequences: load!("sequences.sql"),
            obstacles: obstacles.into_iter().map(|obstacle| obstacle.defect).collect(),
        })
    }

    pub(super) fn has(&self, oid: u32) -> bool {
        self.table(oid).is_some()
    }

    pub(super) fn table(&self, oid: u32) -> Option<&Table> {
        self.tables.iter().find(|table| table.oid == oid)
    }
}
