// As `diesel print-schema` writes it.

diesel::table! {
    makes (name) {
        name -> Text,
        country -> Text,
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
        cents -> Int8,
        done_on -> Date,
    }
}

diesel::allow_tables_to_appear_in_same_query!(makes, service_records, vehicles);
