//! A table with a PostgreSQL enum, a nullable column and a foreign key that is checked at COMMIT.

use std::io::Write;

use crow_core::{TenantChangeset, TenantModel};
use crow_examples::schema::{service_records, vehicles};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::query_builder::QueryId;
use diesel::query_source::TableNotEqual;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::SqlType;
use uuid::Uuid;

#[derive(Clone, SqlType, QueryId)]
#[diesel(postgres_type(name = "job_state"))]
pub struct JobState;

#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = JobState)]
pub enum State {
    Waiting,
    Done,
}

impl ToSql<JobState, Pg> for State {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(match self {
            Self::Waiting => b"waiting",
            Self::Done => b"done",
        })?;
        Ok(IsNull::No)
    }
}

impl FromSql<JobState, Pg> for State {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        match bytes.as_bytes() {
            b"waiting" => Ok(Self::Waiting),
            b"done" => Ok(Self::Done),
            _ => Err("no such state".into()),
        }
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text, Uuid};
    use super::JobState;

    jobs (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        vehicle_id -> Nullable<Uuid>,
        state -> JobState,
        note -> Nullable<Text>,
    }
}

// What `allow_tables_to_appear_in_same_query!` says, for tables of two crates.
impl TableNotEqual<vehicles::table> for jobs::table {}
impl TableNotEqual<jobs::table> for vehicles::table {}
impl TableNotEqual<service_records::table> for jobs::table {}
impl TableNotEqual<jobs::table> for service_records::table {}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = jobs, primary_key(id))]
pub struct Job {
    pub id: Uuid,
    pub vehicle_id: Option<Uuid>,
    pub state: State,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Default, Insertable)]
#[diesel(table_name = jobs)]
pub struct NewJob<'a> {
    pub vehicle_id: Option<Uuid>,
    pub state: Option<State>,
    pub note: Option<&'a str>,
}

#[derive(Debug, Clone, Default, AsChangeset, TenantChangeset)]
#[diesel(table_name = jobs)]
pub struct JobChanges {
    pub state: Option<State>,
    pub note: Option<String>,
}
