//! A chain of clinics: thirty-five queries of an ordinary diesel project, ported to crow.
//!
//! `cargo run --example clinic` runs them for two clinics on one database, each on its own rows.
//! `queries.rs` is the file to read; where a query is not what diesel would have, its comment says
//! what changed and why.

#![allow(missing_docs, unreachable_pub)]

mod models;
mod queries;
mod schema;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use crow_core::{TenantConn, TenantId, TenantPool, any_of};
use crow_testkit::TestDb;
use diesel::prelude::*;
use uuid::Uuid;

use models::{Appointment, Clinician, Invoice, Patient, PatientChanges, Prescription, Speciality};
use models::{AppointmentStatus, NewAppointment, NewClinician, NewPatient, NewPrescription, OpeningHours};
use queries::{BookingError, Search};
use schema::{appointments, clinicians, patients};

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clinic/migrations");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let db = TestDb::new(MIGRATIONS).await?;
    let pool = TenantPool::builder(db.tenant_url()).connect().await?;
    // The second clinic does the same beside the rows of the first, and counts the same.
    for clinic in [TenantId::random(), TenantId::random()] {
        pool.scope(clinic, a_month).await?;
        println!("clinic {clinic}: every query gave what was expected");
    }
    Ok(())
}

async fn a_month(db: &mut TenantConn<'_>) -> Result<(), BookingError> {
    let today = day(2026, 3, 2);
    let [house, cameron] = staff(db).await?;
    let [ann, bob, cid] = registration(db).await?;
    let visits = appointments_of(db, [house, cameron], [ann, bob]).await?;
    prescriptions_of(db, visits, ann).await?;
    reports(db, [ann, bob, cid]).await?;
    billing(db, today, ann).await?;
    tidying(db, house).await
}

async fn staff(db: &TenantConn<'_>) -> Result<[Uuid; 2], BookingError> {
    let new = NewClinician { name: "House", speciality: Speciality::Cardiology, supervisor_id: None };
    let house: Clinician = db.insert_into::<Clinician>().values(new).get_result(db).await?;
    let new = NewClinician { name: "Cameron", speciality: Speciality::Gp, supervisor_id: Some(house.id) };
    let cameron: Clinician = db.insert_into::<Clinician>().values(new).get_result(db).await?;

    let supervised = queries::with_supervisor(db).await?;
    let names: Vec<_> = supervised.iter().map(|(who, by)| (who.name.as_str(), by.as_deref())).collect();
    assert_eq!(names, [("Cameron", Some("House")), ("House", None)]);
    assert_eq!(queries::per_speciality(db).await?, [(Speciality::Gp, 1), (Speciality::Cardiology, 1)]);

    let hours = |opens, closes| OpeningHours {
        clinician_id: house.id,
        weekday: 1,
        opens: at(opens),
        closes: at(closes),
    };
    assert_eq!(queries::set_hours(db, &[hours(9, 17)]).await?, 1);
    assert_eq!(queries::set_hours(db, &[hours(10, 16)]).await?, 1);
    assert_eq!(queries::hours(db, house.id, 1).await?, Some(hours(10, 16)));
    assert_eq!(queries::hours(db, house.id, 2).await?, None);
    Ok([house.id, cameron.id])
}

async fn registration(db: &TenantConn<'_>) -> Result<[Uuid; 3], BookingError> {
    let born_on = day(1980, 5, 17);
    let new = |name, email, insurer| NewPatient { name, email, born_on, insurer };
    let ann = queries::register(db, new("Ann", Some("ann@example.org"), Some("Red"))).await?;
    let others = [new("Bob", None, Some("Blue")), new("Cid", Some("cid@example.org"), None)];
    assert_eq!(queries::import(db, &others).await?, 2);
    let again = [new("Ann", Some("ann@example.org"), None), new("Dee", Some("dee@example.org"), None)];
    let fresh = queries::register_once(db, &again).await?;
    assert_eq!(fresh.len(), 1);
    assert_eq!(queries::patient(db, ann.id).await?.as_ref(), Some(&ann));
    assert_eq!(db.delete::<Patient>().find(fresh[0]).execute(db).await?, 1);
    assert_eq!(queries::patient(db, fresh[0]).await?, None);

    let search = Search { text: Some("EXAMPLE".into()), per_page: 1, ..Search::default() };
    let (page, total) = queries::search(db, &search).await?;
    assert_eq!((page.as_slice(), total), ([ann.clone()].as_slice(), 2));
    let insured = Search {
        insurers: vec!["Blue".into(), "Green".into()],
        born: Some((born_on, born_on)),
        per_page: 10,
        ..Search::default()
    };
    assert_eq!(queries::search(db, &insured).await?.1, 1);
    let in_debt = Search { in_debt: true, per_page: 10, ..Search::default() };
    assert_eq!(queries::search(db, &in_debt).await?, (vec![], 0));

    let changes =
        PatientChanges { phone: Some(Some("555".into())), insurer: Some(None), ..Default::default() };
    let changed = queries::change_patient(db, ann.id, &changes).await?;
    assert_eq!(changed, Patient { phone: Some("555".into()), insurer: None, ..ann.clone() });

    let ids = db.query::<Patient>().select(patients::id).order(patients::name).load(db).await?;
    Ok(ids.try_into().expect("three patients"))
}

/// Ann is seen twice by House and once by Cameron, Bob once by Cameron; then both book again.
async fn appointments_of(
    db: &mut TenantConn<'_>,
    [house, cameron]: [Uuid; 2],
    [ann, bob]: [Uuid; 2],
) -> Result<Vec<Uuid>, BookingError> {
    let first = noon(day(2026, 1, 12));
    let plan = [
        (ann, house, 0),
        (ann, house, 7),
        (ann, cameron, 8),
        (bob, cameron, 14),
        (ann, house, 21),
        (bob, cameron, 22),
    ];
    let mut booked = Vec::new();
    for (patient_id, clinician_id, days) in plan {
        let new = NewAppointment {
            patient_id,
            clinician_id,
            starts_at: first + TimeDelta::days(days),
            minutes: 30,
        };
        booked.push(queries::book(db, new).await?.id);
    }
    let clash = NewAppointment {
        patient_id: bob,
        clinician_id: house,
        starts_at: first - TimeDelta::minutes(10),
        minutes: 30,
    };
    assert!(matches!(queries::book(db, clash).await, Err(BookingError::Taken)));
    assert!(queries::is_free(db, house, first - TimeDelta::days(2), first - TimeDelta::days(1)).await?);

    let seen = booked[..4].to_vec();
    let set = appointments::status.eq(AppointmentStatus::Seen);
    db.update::<Appointment>().filter(appointments::id.eq_any(any_of(&seen))).set(set).execute(db).await?;
    assert_eq!(queries::cancel(db, bob).await?, [booked[5]]);
    assert_eq!(queries::next_overdue(db, 10).await?, [booked[4]]);
    assert!(queries::next_overdue(db, 10).await?.is_empty());

    let agenda = queries::agenda(db, first, first + TimeDelta::days(8)).await?;
    let agenda: Vec<_> =
        agenda.iter().map(|(visit, patient, by)| (visit.id, patient.name.as_str(), by.as_str())).collect();
    assert_eq!(agenda, [(seen[0], "Ann", "House"), (seen[1], "Ann", "House")]);
    Ok(seen)
}

async fn prescriptions_of(db: &TenantConn<'_>, seen: Vec<Uuid>, ann: Uuid) -> Result<(), BookingError> {
    let new = [
        NewPrescription { appointment_id: seen[0], drug_code: "MORPH", dose: "5 mg", repeats: 1 },
        NewPrescription { appointment_id: seen[3], drug_code: "AMOX", dose: "500 mg", repeats: 0 },
    ];
    let prescribed: Vec<Prescription> = db.insert_into::<Prescription>().values(&new).get_results(db).await?;
    let ids = [prescribed[0].id, prescribed[1].id];
    assert_eq!(queries::refill(db, &ids).await?, 1);
    assert_eq!(queries::refill(db, &ids).await?, 0);
    assert_eq!(queries::on_controlled_drugs(db).await?, ["Ann"]);

    let file = queries::file_of(db, ann).await?;
    let file: Vec<_> =
        file.iter().map(|(_, given)| given.as_ref().map(|(_, drug)| drug.name.as_str())).collect();
    assert_eq!(file, [None, None, None, Some("Morphine")]);
    Ok(())
}

async fn reports(db: &TenantConn<'_>, [ann, bob, cid]: [Uuid; 3]) -> Result<(), BookingError> {
    let counts = |rows: Vec<(String, i64)>| rows.into_iter().map(|(_, visits)| visits).collect::<Vec<_>>();
    assert_eq!(counts(queries::visits(db).await?), [4, 2, 0]);
    let visits = queries::visits_by_subquery(db).await?;
    assert_eq!(visits, [("Ann".into(), Some(4)), ("Bob".into(), Some(2)), ("Cid".into(), Some(0))]);
    assert_eq!(queries::never_seen(db).await?, [(cid, "Cid".into())]);

    let files = queries::with_appointments(db, 0).await?;
    let sizes: Vec<_> = files.iter().map(|(patient, visits)| (patient.id, visits.len())).collect();
    assert_eq!(sizes, [(ann, 4), (bob, 2), (cid, 0)]);

    let busy = queries::busy(db, noon(day(2026, 1, 1)), 2).await?;
    assert_eq!(busy, [("Cameron".into(), 2, Some(60)), ("House".into(), 1, Some(60))]);
    let last = queries::last_of_each(db).await?;
    assert_eq!(last.len(), 2);
    let mut ranks: Vec<_> = queries::ranked(db).await?.into_iter().map(|(_, _, rank)| rank).collect();
    ranks.sort_unstable();
    assert_eq!(ranks, [1, 1, 2, 2, 3, 4]);
    Ok(())
}

async fn billing(db: &mut TenantConn<'_>, today: NaiveDate, ann: Uuid) -> Result<(), BookingError> {
    assert_eq!(queries::bill_seen(db, today - Days::new(45)).await?, 4);
    assert_eq!(queries::bill_seen(db, today).await?, 0);
    let ageing = queries::ageing(db, today).await?;
    assert!(ageing.iter().all(|(_, age)| age == "late"));
    let owed = queries::owed_by_clinician(db).await?;
    assert_eq!(owed.iter().filter(|(_, name)| name.as_deref() == Some("Cameron")).count(), 2);

    let owes = patients::balance_cents.eq(15_000);
    db.update::<Patient>().find(ann).set(owes).execute(db).await?;
    assert_eq!(queries::debts(db).await?, [(None, 1, 0)]);
    let of_note = queries::emails_of_note(db).await?;
    assert_eq!(of_note.len(), 2);

    assert_eq!(queries::pay(db, ann, today).await?, 15_000);
    assert_eq!(queries::statement(db, ann).await?, (Some(today - Days::new(45)), Some(today), 3));
    assert_eq!(db.query::<Patient>().find(ann).first(db).await?.balance_cents, 0);
    let months = queries::revenue_by_month(db, day(2026, 1, 1), today).await?;
    let months: Vec<_> = months.iter().map(|month| (month.begin, month.cents)).collect();
    assert_eq!(months, [(day(2026, 1, 1), 20_000)]);
    assert_eq!(db.query::<Invoice>().count(db).await?, 4);
    Ok(())
}

async fn tidying(db: &TenantConn<'_>, house: Uuid) -> Result<(), BookingError> {
    assert_eq!(queries::forget(db, Utc::now()).await?, 1);
    assert_eq!(queries::retire(db, noon(day(2026, 2, 1))).await?, 1);
    let active: Vec<Uuid> =
        db.query::<Clinician>().filter(clinicians::active).select(clinicians::id).load(db).await?;
    assert_eq!(active, [house]);
    Ok(())
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar")
}

fn at(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).expect("a time of the day")
}

fn noon(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(at(12)).and_utc()
}

#[cfg(test)]
mod tests {
    use crow_testkit::{Tenant, TestDb};

    use super::*;

    crow_testkit::isolation!(migrations = "clinic/migrations";
        Clinician, Patient, Appointment, Prescription, Invoice, OpeningHours);

    #[crow_testkit::test(migrations = "clinic/migrations")]
    async fn a_month_is_the_same_beside_another_clinic(clinics: [Tenant; 2]) -> Result<(), BookingError> {
        clinics[0].scope(a_month).await?;
        clinics[1].scope(a_month).await
    }

    #[crow_testkit::test(migrations = "clinic/migrations")]
    async fn a_clinic_finds_only_its_own_patients(db: TestDb) -> Result<(), Box<dyn std::error::Error>> {
        let (north, south) = (db.tenant("north"), db.tenant("south"));
        let ann = north.insert::<Patient>(patients::name.eq("Ann")).await?;
        south.insert::<Patient>(patients::name.eq("Ann")).await?;
        let search = Search { text: Some("ann".into()), per_page: 10, ..Search::default() };
        assert_eq!(north.scope(async |db| queries::search(db, &search).await).await?, (vec![ann.clone()], 1));
        assert_eq!(south.scope(async |db| queries::patient(db, ann.id).await).await?, None);
        Ok(())
    }
}
