//! What the document says is so: schemathesis sends what it allows and what it forbids, and looks whether the answers are as it
//! says. `openapi/hooks.py` mixes in ids of the other shop, and looks for what is the other shop's.

mod fuzzer;

use crow_testkit::TestDb;
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::shops::Shop;
use crate::world::{Outcome, World};
use fuzzer::Fuzzer;

#[crow_testkit::test(timeout = "60m")]
async fn answers_are_as_the_document_says_and_have_no_foreign_row(world: World, db: &TestDb) -> Outcome {
    let (ours, theirs) = (rows(db, &world.honda).await?, rows(db, &world.toyota).await?);
    let visitor = world.honda();
    let fuzzer =
        Fuzzer { address: world.address, visitor: &visitor, their_ids: ids(&theirs), elsewhere: false };
    let Some(report) = fuzzer.run().await? else { return Ok(()) };

    assert_eq!(rows(db, &world.toyota).await?, theirs);
    assert_ne!(rows(db, &world.honda).await?, ours);
    // It got through everywhere, however often a plate was taken already, and tried their ids.
    assert_eq!(report.operations.len(), 11, "{report:?}");
    for (name, operation) in &report.operations {
        assert!(operation.accepted * 20 >= operation.valid, "{name}: {operation:?}");
    }
    let attacks: usize = report.operations.values().map(|operation| operation.attacks).sum();
    assert!(attacks >= 20, "{report:?}");
    Ok(())
}

/// Whatever is asked, with the token of one shop at the host of the other.
#[crow_testkit::test(timeout = "60m")]
async fn a_token_opens_no_operation_of_another_shop(world: World, db: &TestDb) -> Outcome {
    let all = async || Outcome::Ok((rows(db, &world.honda).await?, rows(db, &world.toyota).await?));
    let before = all().await?;
    for (visitor, theirs) in
        [(world.honda().at("toyota.localhost"), &before.1), (world.toyota().at("honda.localhost"), &before.0)]
    {
        let fuzzer =
            Fuzzer { address: world.address, visitor: &visitor, their_ids: ids(theirs), elsewhere: true };
        fuzzer.run().await?;
    }
    assert_eq!(all().await?, before);
    Ok(())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

/// All that a shop has.
async fn rows(db: &TestDb, shop: &Shop) -> Outcome<Vec<Value>> {
    let mut superuser = AsyncPgConnection::establish(&db.database().superuser_url()).await?;
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT to_jsonb(v)::text AS row FROM vehicles AS v WHERE v.tenant_id = $1
         UNION ALL SELECT to_jsonb(s)::text FROM service_records AS s WHERE s.tenant_id = $1
         UNION ALL SELECT to_jsonb(r)::text FROM reminders AS r WHERE r.tenant_id = $1
         ORDER BY 1",
    )
    .bind::<diesel::sql_types::Uuid, _>(shop.id.as_uuid())
    .load(&mut superuser)
    .await?;
    Ok(rows.iter().map(|row| serde_json::from_str(&row.row)).collect::<Result<_, _>>()?)
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect()
}
