use crow_tests::prelude::*;
use diesel::expression::SqlLiteral;

diesel::table! {
    lifts (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, name -> Text }
}

#[derive(Queryable, Selectable, TenantModel)]
#[diesel(table_name = lifts)]
struct Lift { //~ error: this expression could see rows of another tenant
    id: Uuid,
    #[cfg_attr(refused, diesel(select_expression = sql("(SELECT content FROM secrets)")))]
    #[cfg_attr(refused, diesel(select_expression_type = SqlLiteral<Text>))]
    name: String,
}
