//! Rows, and what is inserted and changed. Against plain diesel: `TenantModel` or `SharedModel` on the
//! rows, `primary_key(id)` on those of tenants, `TenantChangeset` on what changes them.

use std::io::Write;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use crow_core::{SharedModel, TenantChangeset, TenantModel};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use uuid::Uuid;

use crate::schema::*;

/// An enum for an enum type of PostgreSQL, as projects without a crate for it write it.
macro_rules! pg_enum {
    ($name:ident, $sql:ty, $($variant:ident = $text:literal),+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
        #[diesel(sql_type = $sql)]
        pub enum $name { $($variant),+ }
        impl ToSql<$sql, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(match self { $(Self::$variant => $text),+ }.as_bytes())?;
                Ok(IsNull::No)
            }
        }
        impl FromSql<$sql, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                match std::str::from_utf8(value.as_bytes())? {
                    $($text => Ok(Self::$variant),)+
                    other => Err(format!("unknown variant {other}").into()),
                }
            }
        }
    };
}
pg_enum!(Speciality, sql_types::Speciality, Gp = "gp", Cardiology = "cardiology", Surgery = "surgery");
pg_enum!(
    AppointmentStatus,
    sql_types::AppointmentStatus,
    Booked = "booked",
    Seen = "seen",
    NoShow = "no_show",
    Cancelled = "cancelled"
);

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = clinicians, primary_key(id), check_for_backend(Pg))]
pub struct Clinician {
    pub id: Uuid,
    pub name: String,
    pub speciality: Speciality,
    pub supervisor_id: Option<Uuid>,
    pub active: bool,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = patients, primary_key(id), check_for_backend(Pg))]
pub struct Patient {
    pub id: Uuid,
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub born_on: NaiveDate,
    pub insurer: Option<String>,
    pub balance_cents: i64,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, Associations, TenantModel)]
#[diesel(table_name = appointments, primary_key(id), belongs_to(Patient), belongs_to(Clinician), check_for_backend(Pg))]
pub struct Appointment {
    pub id: Uuid,
    pub patient_id: Uuid,
    pub clinician_id: Uuid,
    pub starts_at: DateTime<Utc>,
    pub minutes: i32,
    pub status: AppointmentStatus,
    pub notes: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, SharedModel)]
#[diesel(table_name = drugs, primary_key(code), check_for_backend(Pg))]
pub struct Drug {
    pub code: String,
    pub name: String,
    pub controlled: bool,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, Associations, TenantModel)]
#[diesel(table_name = prescriptions, primary_key(id), belongs_to(Appointment), belongs_to(Drug, foreign_key = drug_code), check_for_backend(Pg))]
pub struct Prescription {
    pub id: Uuid,
    pub appointment_id: Uuid,
    pub drug_code: String,
    pub dose: String,
    pub repeats: i32,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, Associations, TenantModel)]
#[diesel(table_name = invoices, primary_key(id), belongs_to(Patient), belongs_to(Appointment), check_for_backend(Pg))]
pub struct Invoice {
    pub id: Uuid,
    pub patient_id: Uuid,
    pub appointment_id: Option<Uuid>,
    pub cents: i64,
    pub issued_on: NaiveDate,
    pub paid_on: Option<NaiveDate>,
}

#[derive(
    Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, Insertable, Associations, TenantModel,
)]
#[diesel(table_name = opening_hours, primary_key(clinician_id, weekday), belongs_to(Clinician), check_for_backend(Pg))]
pub struct OpeningHours {
    pub clinician_id: Uuid,
    pub weekday: i16,
    pub opens: NaiveTime,
    pub closes: NaiveTime,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = clinicians)]
pub struct NewClinician<'a> {
    pub name: &'a str,
    pub speciality: Speciality,
    pub supervisor_id: Option<Uuid>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = patients)]
pub struct NewPatient<'a> {
    pub name: &'a str,
    pub email: Option<&'a str>,
    pub born_on: NaiveDate,
    pub insurer: Option<&'a str>,
}

#[derive(Debug, Clone, Default, AsChangeset, TenantChangeset)]
#[diesel(table_name = patients)]
pub struct PatientChanges {
    pub name: Option<String>,
    pub email: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub insurer: Option<Option<String>>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = appointments)]
pub struct NewAppointment {
    pub patient_id: Uuid,
    pub clinician_id: Uuid,
    pub starts_at: DateTime<Utc>,
    pub minutes: i32,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = prescriptions)]
pub struct NewPrescription<'a> {
    pub appointment_id: Uuid,
    pub drug_code: &'a str,
    pub dose: &'a str,
    pub repeats: i32,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = invoices)]
pub struct NewInvoice {
    pub patient_id: Uuid,
    pub appointment_id: Option<Uuid>,
    pub cents: i64,
    pub issued_on: NaiveDate,
}
