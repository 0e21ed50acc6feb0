//! Partitions and views.

#![allow(dead_code, reason = "a suite needs the rows alone")]

use chrono::NaiveDate;
use crow_core::TenantModel;
use diesel::prelude::*;
use uuid::Uuid;

diesel::table! {
    events (tenant_id, id, day) {
        tenant_id -> Uuid,
        id -> Int8,
        day -> Date,
        serial -> Nullable<Text>,
    }
}

diesel::table! {
    comments (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        event_id -> Int8,
        event_day -> Date,
        body -> Text,
    }
}

diesel::table! {
    readings (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        value -> Float8,
    }
}

#[derive(Debug, Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = events, primary_key(id, day))]
pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) day: NaiveDate,
    pub(crate) serial: Option<String>,
}

#[derive(Debug, Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = comments, primary_key(id))]
pub(crate) struct Comment {
    pub(crate) id: Uuid,
    pub(crate) body: String,
}

#[derive(Debug, Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = readings, primary_key(id))]
pub(crate) struct Reading {
    pub(crate) id: Uuid,
    pub(crate) value: f64,
}

crow_testkit::isolation!(migrations = "isolation/migrations"; Event, Comment { body: "well done" }, Reading);

crow_testkit::mutate!(migrations = "isolation/migrations"; Event, Comment);
