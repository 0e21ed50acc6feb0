//! What somebody is told whom the page is not open to, and what a page of another shop cannot make a browser do.

use crow_testkit::TestDb;
use fantoccini::Locator;
use serde_json::json;

use super::Visit;
use crate::shops::token;
use crate::world::Outcome;

#[crow_testkit::test]
async fn the_link_of_one_shop_does_not_open_the_page_of_another(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    let toyotas = visit.world.toyota.token("Eve");
    visit.open(&visit.world.honda, &format!("/enter?token={toyotas}")).await?;
    let text = visit.read(&visit.toyota()).await?;
    assert!(text.starts_with("This is not open to you\nYour link is for another shop"), "{text}");
    assert!(!text.contains('{') && !text.contains("HH-CI 1"), "{text}");
    visit.end().await
}

#[crow_testkit::test]
async fn whoever_cannot_be_let_in_reads_why_and_what_to_do(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    let honda = &visit.world.honda;
    let expired =
        token(&json!({ "aud": "shops", "sub": "Ada", "shop": honda.id.as_uuid(), "exp": 1_700_000_000 }));
    for (path, title, advice) in [
        ("/", "You are not signed in", "Open the link that you were given."),
        ("/enter", "This did not work", "This link has no token in it."),
        ("/enter?token=a;b", "This did not work", "This link has no token in it."),
        (&*format!("/enter?token={expired}"), "Your link is not valid any more", "for a new one."),
        ("/enter?token=forged", "Your link is not valid any more", "for a new one."),
        ("/nowhere", "There is nothing here", "The address is mistyped"),
    ] {
        visit.page().delete_all_cookies().await?;
        visit.open(honda, path).await?;
        let text = visit.read(&visit.honda()).await?;
        assert!(text.starts_with(title) && text.contains(advice), "{path}: {text}");
        assert!(!text.contains('{') && !text.contains("HH-CI 1"), "{path}: {text}");
    }
    visit.end().await
}

/// Somebody who works at Toyota has Honda's page open, and something on it sends a form to Toyota.
const ATTACK: &str = "const form = document.createElement('form'); form.method = 'post'; form.action = arguments[0]; \
    for (const [name, value] of [['make', 'Evil'], ['model', 'E'], ['year', '2004'], ['plate', 'E 1']]) { \
    const input = document.createElement('input'); input.name = name; input.value = value; form.append(input) } \
    document.body.append(form); form.submit()";

#[crow_testkit::test]
async fn a_form_on_the_page_of_one_shop_adds_nothing_to_another(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    let (honda, toyota) = (&visit.world.honda, &visit.world.toyota);
    visit.enter(toyota).await?;
    visit.enter(honda).await?;
    let target = json!(visit.url(toyota, "/"));

    // The policy of the page keeps the browser from sending it.
    visit.page().execute(ATTACK, vec![target.clone()]).await?;
    let said = visit.chromium.console().await?;
    assert!(said.len() == 1 && said[0].contains("form-action"), "{said:?}");
    visit.toyota().has_all_it_had().await?;

    // Without the policy it is sent, with the cookie since it is the same site, and refused.
    visit.chromium.devtools("Page.setBypassCSP", json!({ "enabled": true })).await?;
    visit.page().refresh().await?;
    visit.page().execute(ATTACK, vec![target]).await?;
    visit.page().wait().for_element(Locator::XPath("//h1[.='This is not open to you']")).await?;
    visit.toyota().has_all_it_had().await?;
    visit.end().await
}
