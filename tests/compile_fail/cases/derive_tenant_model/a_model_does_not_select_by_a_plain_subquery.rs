use crow_tests::prelude::*;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, name -> Nullable<Text> }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift { //~ error: this expression could see rows of another tenant
    id: Uuid,
    #[cfg_attr(refused, diesel(select_expression = secrets::table.select(secrets::content).single_value()))]
    name: Option<String>,
}
