//! The queries, as a diesel project has them. Where the port is more than another first line, a comment
//! says what changed and why; where there is none, everything after `db.query::<Model>()` is as it was.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use crow_core::{Error, Optional, TenantConn, TenantQuery, aggregate, any_of, excluded, exists, window};
use diesel::dsl::{case_when, count, count_star, max, min, not, now, row_number, sum};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Text};
use uuid::Uuid;

use crate::models::*;
use crate::schema::*;

type Db<'t> = TenantConn<'t>;
type Result<T, E = Error> = std::result::Result<T, E>;

// -- patients

/// By key.
pub async fn patient(db: &Db<'_>, id: Uuid) -> Result<Option<Patient>> {
    db.query::<Patient>().find(id).first(db).await.optional()
}

/// Insert one, and have the row back.
pub async fn register(db: &Db<'_>, new: NewPatient<'_>) -> Result<Patient> {
    db.insert_into::<Patient>().values(&new).returning(Patient::as_returning()).get_result(db).await
}

/// Insert many, in one statement.
pub async fn import(db: &Db<'_>, new: &[NewPatient<'_>]) -> Result<usize> {
    db.insert_into::<Patient>().values(new).execute(db).await
}

#[derive(Default)]
pub struct Search {
    pub text: Option<String>,
    pub insurers: Vec<String>,
    pub born: Option<(NaiveDate, NaiveDate)>,
    pub in_debt: bool,
    pub page: i64,
    pub per_page: i64,
}

fn found<'t, 'q>(db: &Db<'t>, search: &'q Search) -> TenantQuery<'t, 'q, Patient> {
    let mut query = db.query::<Patient>();
    if let Some(text) = &search.text {
        let pattern = format!("%{text}%");
        query = query.filter(
            patients::name.ilike(pattern.clone()).or(patients::email.ilike(pattern).assume_not_null()),
        );
    }
    if !search.insurers.is_empty() {
        query = query.filter(patients::insurer.eq_any(any_of(&search.insurers)));
    }
    if let Some((from, to)) = search.born {
        query = query.filter(patients::born_on.between(from, to));
    }
    if search.in_debt {
        query = query.filter(patients::balance_cents.gt(0));
    }
    query
}

/// A page of a search with optional parts, and how many there are in all.
pub async fn search(db: &Db<'_>, search: &Search) -> Result<(Vec<Patient>, i64)> {
    let total = found(db, search).count(db).await?;
    let rows = found(db, search)
        .order((patients::name.asc(), patients::id))
        .limit(search.per_page)
        .offset(search.page * search.per_page)
        .select(Patient::as_select())
        .load(db)
        .await?;
    Ok((rows, total))
}

/// A changeset whose `Option<Option<_>>` fields can be left alone, set and emptied.
pub async fn change_patient(db: &Db<'_>, id: Uuid, changes: &PatientChanges) -> Result<Patient> {
    db.update::<Patient>().find(id).set(changes).returning(Patient::as_returning()).get_result(db).await
}

/// Insert those that are new. The unique key is `(tenant_id, email)`; the tenant is understood.
pub async fn register_once(db: &Db<'_>, new: &[NewPatient<'_>]) -> Result<Vec<Uuid>> {
    db.insert_into::<Patient>()
        .values(new)
        .on_conflict(patients::email)
        .do_nothing()
        .returning(patients::id)
        .get_results(db)
        .await
}

/// A correlated `NOT EXISTS`. `correlate` names the table of the query around the subquery, which
/// diesel finds out by itself.
pub async fn never_seen(db: &Db<'_>) -> Result<Vec<(Uuid, String)>> {
    let seen = db
        .query::<Appointment>()
        .correlate(patients::table)
        .filter(appointments::patient_id.eq(patients::id))
        .filter(appointments::status.eq(AppointmentStatus::Seen));
    db.query::<Patient>()
        .filter(not(exists(seen)))
        .select((patients::id, patients::name))
        .order(patients::name)
        .load(db)
        .await
}

/// A page of patients, each with its appointments. `belonging_to` is a method of the query here.
pub async fn with_appointments(db: &Db<'_>, page: i64) -> Result<Vec<(Patient, Vec<Appointment>)>> {
    let parents = db
        .query::<Patient>()
        .order(patients::name)
        .limit(20)
        .offset(20 * page)
        .select(Patient::as_select())
        .load(db)
        .await?;
    let children = db
        .query::<Appointment>()
        .belonging_to(&parents)
        .order(appointments::starts_at)
        .select(Appointment::as_select())
        .load(db)
        .await?
        .grouped_by(&parents);
    Ok(parents.into_iter().zip(children).collect())
}

/// A left join and a count that is 0 where nothing matched.
pub async fn visits(db: &Db<'_>) -> Result<Vec<(String, i64)>> {
    db.query::<Patient>()
        .left_join(appointments::table)
        .group_by((patients::id, patients::name))
        .select((patients::name, count(appointments::id.nullable())))
        .order((count(appointments::id.nullable()).desc(), patients::name))
        .load(db)
        .await
}

/// The same count as a subquery in the selection, correlated as in [`never_seen`].
pub async fn visits_by_subquery(db: &Db<'_>) -> Result<Vec<(String, Option<i64>)>> {
    let visits = db
        .query::<Appointment>()
        .correlate(patients::table)
        .filter(appointments::patient_id.eq(patients::id))
        .select(count_star())
        .single_value();
    db.query::<Patient>().select((patients::name, visits)).order(patients::name).load(db).await
}

// -- clinicians

/// A table joined with itself.
pub async fn with_supervisor(db: &Db<'_>) -> Result<Vec<(Clinician, Option<String>)>> {
    let bosses = diesel::alias!(clinicians as bosses);
    db.query::<Clinician>()
        .left_join(bosses.on(clinicians::supervisor_id.eq(bosses.field(clinicians::id).nullable())))
        .order(clinicians::name)
        .select((Clinician::as_select(), bosses.field(clinicians::name).nullable()))
        .load(db)
        .await
}

/// A join, grouped, with `HAVING`. A list of values is `eq_any(any_of(..))`: the type of a bare list
/// says nothing that crow could check.
pub async fn busy(db: &Db<'_>, since: DateTime<Utc>, least: i64) -> Result<Vec<(String, i64, Option<i64>)>> {
    db.query::<Appointment>()
        .inner_join(clinicians::table)
        .filter(appointments::starts_at.ge(since))
        .filter(appointments::status.eq_any(any_of([AppointmentStatus::Booked, AppointmentStatus::Seen])))
        .group_by((clinicians::id, clinicians::name))
        .having(count_star().ge(least))
        .select((
            clinicians::name,
            aggregate(count(appointments::patient_id)).distinct(),
            sum(appointments::minutes),
        ))
        .order(clinicians::name)
        .load(db)
        .await
}

/// Grouped by an enum.
pub async fn per_speciality(db: &Db<'_>) -> Result<Vec<(Speciality, i64)>> {
    db.query::<Clinician>()
        .filter(clinicians::active)
        .group_by(clinicians::speciality)
        .select((clinicians::speciality, count_star()))
        .order(clinicians::speciality)
        .load(db)
        .await
}

/// Insert or update. `excluded` is crow's; the key's tenant is understood.
pub async fn set_hours(db: &Db<'_>, hours: &[OpeningHours]) -> Result<usize> {
    db.insert_into::<OpeningHours>()
        .values(hours)
        .on_conflict((opening_hours::clinician_id, opening_hours::weekday))
        .do_update()
        .set((
            opening_hours::opens.eq(excluded(opening_hours::opens)),
            opening_hours::closes.eq(excluded(opening_hours::closes)),
        ))
        .execute(db)
        .await
}

/// A key of two columns besides the tenant.
pub async fn hours(db: &Db<'_>, clinician: Uuid, weekday: i16) -> Result<Option<OpeningHours>> {
    db.query::<OpeningHours>()
        .find((clinician, weekday))
        .select(OpeningHours::as_select())
        .first(db)
        .await
        .optional()
}

/// An update that depends on a subquery.
pub async fn retire(db: &Db<'_>, idle_since: DateTime<Utc>) -> Result<usize> {
    let active = db
        .query::<Appointment>()
        .filter(appointments::starts_at.ge(idle_since))
        .select(appointments::clinician_id);
    db.update::<Clinician>()
        .filter(clinicians::id.ne_all(active))
        .set(clinicians::active.eq(false))
        .execute(db)
        .await
}

// -- appointments

/// Three tables, in a range of time.
pub async fn agenda(
    db: &Db<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<(Appointment, Patient, String)>> {
    db.query::<Appointment>()
        .inner_join(patients::table)
        .inner_join(clinicians::table)
        .filter(appointments::starts_at.ge(from).and(appointments::starts_at.lt(to)))
        .filter(appointments::status.ne(AppointmentStatus::Cancelled))
        .order(appointments::starts_at)
        .select((Appointment::as_select(), Patient::as_select(), clinicians::name))
        .load(db)
        .await
}

/// Whether a row exists. What `diesel::select(exists(..))` asks is a method of the query.
pub async fn is_free(db: &Db<'_>, clinician: Uuid, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<bool> {
    let taken = db
        .query::<Appointment>()
        .filter(appointments::clinician_id.eq(clinician))
        .filter(appointments::starts_at.lt(to))
        .filter(appointments::starts_at.ge(from))
        .exists(db)
        .await?;
    Ok(!taken)
}

#[derive(Debug)]
pub enum BookingError {
    Taken,
    Db(Error),
}
impl From<Error> for BookingError {
    fn from(e: Error) -> Self {
        Self::Db(e)
    }
}
impl std::error::Error for BookingError {}
impl std::fmt::Display for BookingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taken => f.write_str("the clinician is not free then"),
            Self::Db(error) => error.fmt(f),
        }
    }
}

/// A transaction that locks a row first, and has errors of its own.
pub async fn book(db: &mut Db<'_>, new: NewAppointment) -> Result<Appointment, BookingError> {
    db.transaction(async |tx| {
        tx.query::<Clinician>()
            .find(new.clinician_id)
            .select(clinicians::id)
            .for_update()
            .first::<Uuid>(tx)
            .await?;
        let end = new.starts_at + TimeDelta::minutes(new.minutes.into());
        if !is_free(tx, new.clinician_id, new.starts_at, end).await? {
            return Err(BookingError::Taken);
        }
        Ok(tx
            .insert_into::<Appointment>()
            .values(&new)
            .returning(Appointment::as_returning())
            .get_result(tx)
            .await?)
    })
    .await
}

/// An update that gives the ids back, and empties a column.
pub async fn cancel(db: &Db<'_>, patient: Uuid) -> Result<Vec<Uuid>> {
    db.update::<Appointment>()
        .filter(appointments::patient_id.eq(patient))
        .filter(appointments::status.eq(AppointmentStatus::Booked))
        .set((appointments::status.eq(AppointmentStatus::Cancelled), appointments::notes.eq(None::<String>)))
        .returning(appointments::id)
        .get_results(db)
        .await
}

/// The last row of each group, by `DISTINCT ON`.
pub async fn last_of_each(db: &Db<'_>) -> Result<Vec<Appointment>> {
    db.query::<Appointment>()
        .distinct_on(appointments::patient_id)
        .order((appointments::patient_id, appointments::starts_at.desc()))
        .select(Appointment::as_select())
        .load(db)
        .await
}

/// A work queue: lock what nobody else has, and mark it.
pub async fn next_overdue(db: &mut Db<'_>, batch: i64) -> Result<Vec<Uuid>> {
    db.transaction(async |tx| {
        let due = tx
            .query::<Appointment>()
            .filter(appointments::status.eq(AppointmentStatus::Booked))
            .filter(appointments::starts_at.lt(now))
            .order(appointments::starts_at)
            .limit(batch)
            .select(appointments::id)
            .for_update()
            .skip_locked()
            .load::<Uuid>(tx)
            .await?;
        tx.update::<Appointment>()
            .filter(appointments::id.eq_any(any_of(&due)))
            .set(appointments::status.eq(AppointmentStatus::NoShow))
            .execute(tx)
            .await?;
        Ok(due)
    })
    .await
}

/// A window function.
pub async fn ranked(db: &Db<'_>) -> Result<Vec<(Uuid, Uuid, i64)>> {
    db.query::<Appointment>()
        .select((
            appointments::patient_id,
            appointments::id,
            window(row_number()).partition_by(appointments::patient_id).order(appointments::starts_at),
        ))
        .order((appointments::patient_id, appointments::starts_at))
        .load(db)
        .await
}

/// A delete that spares what a subquery names.
pub async fn forget(db: &Db<'_>, before: DateTime<Utc>) -> Result<usize> {
    let prescribed = db.query::<Prescription>().select(prescriptions::appointment_id);
    db.delete::<Appointment>()
        .filter(appointments::starts_at.lt(before))
        .filter(appointments::status.eq(AppointmentStatus::Cancelled))
        .filter(appointments::id.ne_all(prescribed))
        .execute(db)
        .await
}

// -- prescriptions

/// A subquery over three tables, one of them shared by all clinics.
pub async fn on_controlled_drugs(db: &Db<'_>) -> Result<Vec<String>> {
    let controlled = db
        .query::<Prescription>()
        .inner_join(drugs::table)
        .inner_join(appointments::table)
        .filter(drugs::controlled)
        .select(appointments::patient_id);
    db.query::<Patient>()
        .filter(patients::id.eq_any(controlled))
        .select(patients::name)
        .order(patients::name)
        .load(db)
        .await
}

/// Appointments with what was prescribed, if anything. diesel nests the second join in the first,
/// `left_join(prescriptions.inner_join(drugs))`; crow's joins are a chain, each with its condition.
pub async fn file_of(db: &Db<'_>, patient: Uuid) -> Result<Vec<(Appointment, Option<(Prescription, Drug)>)>> {
    db.query::<Appointment>()
        .left_join(prescriptions::table)
        .left_join(drugs::table.on(prescriptions::drug_code.nullable().eq(drugs::code.nullable())))
        .filter(appointments::patient_id.eq(patient))
        .order(appointments::starts_at.desc())
        .select((Appointment::as_select(), Option::<(Prescription, Drug)>::as_select()))
        .load(db)
        .await
}

/// An update by an expression, of listed rows.
pub async fn refill(db: &Db<'_>, ids: &[Uuid]) -> Result<usize> {
    db.update::<Prescription>()
        .filter(prescriptions::id.eq_any(any_of(ids)))
        .filter(prescriptions::repeats.gt(0))
        .set(prescriptions::repeats.eq(prescriptions::repeats - 1))
        .execute(db)
        .await
}

// -- invoices

#[derive(Debug, QueryableByName)]
pub struct Month {
    #[diesel(sql_type = Date)]
    pub begin: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub cents: i64,
}

/// Grouped by the value of an SQL function, which diesel can only say with `sql(..)`. Raw SQL does not
/// compile in a scope, so the statement goes through the door that the database alone guards.
pub async fn revenue_by_month(db: &Db<'_>, from: NaiveDate, to: NaiveDate) -> Result<Vec<Month>> {
    let query = sql_query(
        "SELECT date_trunc('month', issued_on)::date AS begin, sum(cents)::bigint AS cents
         FROM invoices
         WHERE issued_on BETWEEN $1 AND $2
         GROUP BY 1
         ORDER BY 1",
    );
    db.rls_only(query.bind::<Date, _>(from).bind::<Date, _>(to)).load(db).await
}

/// `CASE WHEN`.
pub async fn ageing(db: &Db<'_>, today: NaiveDate) -> Result<Vec<(Uuid, String)>> {
    db.query::<Invoice>()
        .filter(invoices::paid_on.is_null())
        .select((
            invoices::id,
            case_when(invoices::issued_on.ge(today - TimeDelta::days(30)), "current".into_sql::<Text>())
                .when(invoices::issued_on.ge(today - TimeDelta::days(60)), "late".into_sql::<Text>())
                .otherwise("overdue".into_sql::<Text>()),
        ))
        .order(invoices::issued_on)
        .load(db)
        .await
}

/// Aggregates without a group.
pub async fn statement(db: &Db<'_>, patient: Uuid) -> Result<(Option<NaiveDate>, Option<NaiveDate>, i64)> {
    db.query::<Invoice>()
        .filter(invoices::patient_id.eq(patient))
        .select((min(invoices::issued_on), max(invoices::paid_on), count(invoices::id)))
        .first(db)
        .await
}

/// Two updates that belong together.
pub async fn pay(db: &mut Db<'_>, patient: Uuid, on: NaiveDate) -> Result<i64> {
    db.transaction(async |tx| {
        let cents: Vec<i64> = tx
            .update::<Invoice>()
            .filter(invoices::patient_id.eq(patient).and(invoices::paid_on.is_null()))
            .set(invoices::paid_on.eq(on))
            .returning(invoices::cents)
            .get_results(tx)
            .await?;
        let total = cents.iter().sum::<i64>();
        tx.update::<Patient>()
            .find(patient)
            .set(patients::balance_cents.eq(patients::balance_cents - total))
            .execute(tx)
            .await?;
        Ok(total)
    })
    .await
}

/// Left joins of three tables: a chain, as in [`file_of`].
pub async fn owed_by_clinician(db: &Db<'_>) -> Result<Vec<(i64, Option<String>)>> {
    db.query::<Invoice>()
        .left_join(appointments::table)
        .left_join(clinicians::table.on(appointments::clinician_id.nullable().eq(clinicians::id.nullable())))
        .filter(invoices::paid_on.is_null())
        .order(invoices::cents.desc())
        .select((invoices::cents, clinicians::name.nullable()))
        .load(db)
        .await
}

/// Insert what a query gives. diesel writes it from the query's end, `.insert_into(..).into_columns(..)`.
pub async fn bill_seen(db: &Db<'_>, today: NaiveDate) -> Result<usize> {
    let billed = db
        .query::<Invoice>()
        .filter(invoices::appointment_id.is_not_null())
        .select(invoices::appointment_id.assume_not_null());
    let seen = db
        .query::<Appointment>()
        .filter(appointments::status.eq(AppointmentStatus::Seen))
        .filter(appointments::id.ne_all(billed))
        .select((
            appointments::patient_id,
            appointments::id.nullable(),
            5_000.into_sql::<BigInt>(),
            today.into_sql::<Date>(),
        ));
    db.insert_into::<Invoice>()
        .from_query(
            (invoices::patient_id, invoices::appointment_id, invoices::cents, invoices::issued_on),
            seen,
        )
        .execute(db)
        .await
}

/// A union.
pub async fn emails_of_note(db: &Db<'_>) -> Result<Vec<Option<String>>> {
    let debtors = db.query::<Patient>().filter(patients::balance_cents.gt(0)).select(patients::email);
    let unseen = db
        .query::<Patient>()
        .left_join(appointments::table)
        .filter(appointments::id.is_null())
        .select(patients::email);
    debtors.union(unseen).load(db).await
}

/// Grouped, with an aggregate over some rows of each group.
pub async fn debts(db: &Db<'_>) -> Result<Vec<(Option<String>, i64, i64)>> {
    db.query::<Patient>()
        .filter(patients::balance_cents.gt(0))
        .group_by(patients::insurer)
        .select((patients::insurer, count_star(), aggregate(count_star()).filter(patients::email.is_null())))
        .load(db)
        .await
}
