//! As `diesel print-schema` writes it, but for `joinable!`: `belongs_to` on a model says more.

pub mod sql_types {
    #[derive(diesel::query_builder::QueryId, Clone, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "speciality"))]
    pub struct Speciality;
    #[derive(diesel::query_builder::QueryId, Clone, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "appointment_status"))]
    pub struct AppointmentStatus;
}
diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::Speciality;
    clinicians (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        name -> Text,
        speciality -> Speciality,
        supervisor_id -> Nullable<Uuid>,
        active -> Bool,
    }
}
diesel::table! {
    patients (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        name -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        born_on -> Date,
        insurer -> Nullable<Text>,
        balance_cents -> Int8,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::AppointmentStatus;
    appointments (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        patient_id -> Uuid,
        clinician_id -> Uuid,
        starts_at -> Timestamptz,
        minutes -> Int4,
        status -> AppointmentStatus,
        notes -> Nullable<Text>,
    }
}
diesel::table! {
    drugs (code) { code -> Text, name -> Text, controlled -> Bool }
}
diesel::table! {
    prescriptions (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        appointment_id -> Uuid,
        drug_code -> Text,
        dose -> Text,
        repeats -> Int4,
    }
}
diesel::table! {
    invoices (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        patient_id -> Uuid,
        appointment_id -> Nullable<Uuid>,
        cents -> Int8,
        issued_on -> Date,
        paid_on -> Nullable<Date>,
    }
}
diesel::table! {
    opening_hours (tenant_id, clinician_id, weekday) {
        tenant_id -> Uuid,
        clinician_id -> Uuid,
        weekday -> Int2,
        opens -> Time,
        closes -> Time,
    }
}
diesel::allow_tables_to_appear_in_same_query!(
    appointments,
    clinicians,
    drugs,
    invoices,
    opening_hours,
    patients,
    prescriptions
);
