// As `diesel print-schema` writes it.

diesel::table! {
    shops (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
    }
}

diesel::table! {
    vehicles (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        make -> Text,
        model -> Text,
        year -> Int4,
        plate -> Text,
    }
}

diesel::table! {
    service_records (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        vehicle_id -> Uuid,
        work -> Text,
        cents -> Int4,
        done_on -> Date,
    }
}

diesel::table! {
    reminders (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        vehicle_id -> Uuid,
        due_on -> Date,
    }
}

diesel::allow_tables_to_appear_in_same_query!(shops, vehicles, service_records, reminders);
