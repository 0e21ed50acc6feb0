//! Conditions of every kind, each against the same condition in Rust.

use crow_core::{Error, any_of};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use diesel::dsl::{case_when, not};
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::shop::{Outcome, Shops, chooses};

#[diesel::declare_sql_function]
extern "SQL" {
    fn lower(text: Text) -> Text;
}

diesel::infix_operator!(StartsWith, " ^@ ", backend: diesel::pg::Pg);

fn starts_with<L, R>(left: L, right: R) -> StartsWith<L, R::Expression>
where
    R: diesel::expression::AsExpression<Text>,
{
    StartsWith::new(left, right.as_expression())
}

#[crow_testkit::test(migrations = "../examples/migrations")]
async fn conditions_choose_the_rows_that_they_describe(shops: Shops) -> Outcome {
    shops
        .pool
        .scope(shops.ours, async |db| {
            chooses!(db, vehicles::make.eq("Honda"), ["Accord", "Civic"]);
            chooses!(db, vehicles::make.ne("Honda"), ["V70"]);
            chooses!(db, vehicles::year.gt(2004).and(vehicles::year.lt(2021)), ["Civic"]);
            chooses!(db, vehicles::make.eq("Volvo").or(vehicles::year.eq(2021)), ["Accord", "V70"]);
            chooses!(db, not(vehicles::make.eq("Honda").or(vehicles::year.eq(0))), ["V70"]);
            chooses!(db, vehicles::year.between(2004, 2019), ["Civic", "V70"]);
            chooses!(db, vehicles::year.not_between(2004, 2019), ["Accord"]);
            chooses!(db, vehicles::model.like("%c%"), ["Accord", "Civic"]);
            chooses!(db, vehicles::model.ilike("c%"), ["Civic"]);
            chooses!(db, vehicles::model.not_like("%c%"), ["V70"]);
            chooses!(db, vehicles::model.similar_to("(A|V)%"), ["Accord", "V70"]);
            chooses!(db, starts_with(vehicles::model, "A"), ["Accord"]);
            chooses!(db, vehicles::model.eq_any(any_of(["Civic", "V70", "T1"])), ["Civic", "V70"]);
            chooses!(db, vehicles::model.ne_all(any_of(["Civic", "V70"])), ["Accord"]);
            chooses!(db, vehicles::model.eq_any(any_of::<&str>([])), []);
            chooses!(db, (vehicles::year + 2).eq(2021), ["Civic"]);
            chooses!(db, vehicles::year.is_null(), []);
            chooses!(db, vehicles::year.is_not_null(), ["Accord", "Civic", "V70"]);
            chooses!(db, vehicles::make.nullable().is_not_distinct_from("Volvo"), ["V70"]);
            chooses!(db, lower(vehicles::model).eq("civic"), ["Civic"]);
            chooses!(db, vehicles::make.concat(vehicles::model).eq("VolvoV70"), ["V70"]);
            chooses!(
                db,
                case_when(vehicles::year.gt(2020), "new".into_sql::<Text>())
                    .otherwise("old".into_sql::<Text>())
                    .eq("new"),
                ["Accord"]
            );
            chooses!(db, vehicles::model.eq("'; DROP TABLE vehicles; --"), []);
            chooses!(db, vehicles::model.eq("\") OR true --"), []);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}
