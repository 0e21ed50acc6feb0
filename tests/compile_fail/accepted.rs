//! Models of every shape that the derives have to cope with. They compile with this test.

#![expect(dead_code, reason = "nothing here runs")]

use crow_core::{SharedModel, TenantChangeset, TenantConn, TenantModel};
use diesel::prelude::*;
use uuid::Uuid;

mod schema {
    pub(super) mod of_the_shop {
        diesel::table! {
            lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, name -> Text, opposite -> Nullable<Uuid> }
        }
    }

    diesel::table! {
        /// Columns named like modules, keywords and the table itself.
        checks (tenant_id, number, part) {
            tenant_id -> Uuid,
            number -> Int4,
            part -> Int4,
            lift_id -> Nullable<Uuid>,
            other_lift_id -> Uuid,
            grade_id -> Int4,
            #[sql_name = "type"]
            type_ -> Text,
            r#final -> Bool,
            models -> Text,
            checks_ -> Text,
            schema -> Text,
        }
    }

    diesel::table! {
        grades (id) { id -> Int4, name -> Text }
    }

    diesel::table! {
        /// The tenant stands last, and is no part of the key.
        settings (id) { id -> Uuid, tenant_id -> Uuid }
    }

    diesel::joinable!(checks -> grades (grade_id));
    use of_the_shop::lifts;
    diesel::allow_tables_to_appear_in_same_query!(lifts, checks, grades, settings);
}

mod models {
    use super::schema::of_the_shop::lifts;
    use super::*;

    #[derive(Queryable, Selectable, Identifiable, TenantModel)]
    #[diesel(table_name = lifts)]
    pub(super) struct Lift {
        id: Uuid,
        /// Wished for, and seen.
        tenant_id: Uuid,
        opposite: Option<Uuid>,
    }
}

#[derive(Queryable, Selectable, SharedModel)]
#[diesel(table_name = schema::grades)]
struct Grade {
    id: i32,
}

/// Two columns in the key, a parent in another module and twice, and one that is shared.
#[derive(Queryable, Selectable, Identifiable, TenantModel)]
#[diesel(table_name = crate::accepted::schema::checks, primary_key(number, part))]
#[diesel(belongs_to(models::Lift, foreign_key = lift_id), belongs_to(models::Lift, foreign_key = other_lift_id))]
struct Check {
    number: i32,
    part: i32,
    #[diesel(column_name = type_)]
    kind: String,
    r#final: bool,
    models: String,
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = schema::settings)]
struct Setting {
    id: Uuid,
}

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = schema::checks)]
struct Changes<'a> {
    #[diesel(column_name = type_)]
    kind: &'a str,
    r#final: Option<bool>,
    #[diesel(treat_none_as_null = true)]
    lift_id: Option<Uuid>,
    #[diesel(embed)]
    names: Names,
}

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = schema::checks)]
struct Names {
    models: String,
}

#[derive(Insertable)]
#[diesel(table_name = schema::checks)]
struct NewCheck {
    number: i32,
    #[diesel(column_name = type_)]
    kind: String,
}

/// A parent that is referred to twice is joined by a condition, a shared one by diesel's `joinable!`.
fn use_them(db: &TenantConn<'_>, new: NewCheck, changes: Changes<'_>) {
    use schema::{checks, grades, of_the_shop::lifts};
    let _ = db.query::<Check>().find((1, 2)).inner_join(grades::table);
    let _ = db.query::<Check>().left_join(lifts::table.on(checks::lift_id.eq(lifts::id.nullable())));
    let _ = db.query::<Grade>().find(1);
    let _ = db.query::<Setting>();
    let _ = db.insert_into::<Check>().values(new);
    let _ = db.update::<Check>().find((1, 2)).set(changes);
}
