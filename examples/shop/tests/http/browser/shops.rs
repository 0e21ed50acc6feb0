//! What somebody finds who opens the page of a shop.

use crow_testkit::TestDb;
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::json;

use super::{Visit, vehicles};
use crate::world::Outcome;

#[crow_testkit::test]
async fn two_shops_are_open_side_by_side_in_one_browser(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    let (honda, toyota) = (&visit.world.honda, &visit.world.toyota);
    let (hondas, toyotas) = (visit.enter(honda).await?, visit.enter(toyota).await?);
    // Neither link is needed again, and neither sign-in has taken the place of the other.
    for (shop, token, visitor, shown) in [
        (
            honda,
            hondas,
            visit.honda(),
            &["Honda", "Ada", "HH-CI 1", "HH-JA 2", "oil change of HH-CI 1", "49.00"][..],
        ),
        (toyota, toyotas, visit.toyota(), &["Toyota", "Ada", "B-YA 3", "Yaris", "oil change of B-YA 3"]),
    ] {
        visit.open(shop, "/").await?;
        let text = visit.read(&visitor).await?;
        for shown in shown {
            assert!(text.contains(shown), "no {shown} in {text}");
        }
        let cookies = visit.page().get_all_cookies().await?;
        let cookies: Vec<_> = cookies.iter().map(|cookie| (cookie.name(), cookie.value())).collect();
        assert_eq!(cookies, [("__Host-shop", &*token)]);
    }
    visit.end().await
}

#[crow_testkit::test]
async fn a_vehicle_that_is_added_is_in_this_shop_alone_and_once(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    let (honda, toyota) = (&visit.world.honda, &visit.world.toyota);
    visit.enter(toyota).await?;
    visit.enter(honda).await?;
    visit
        .fill(&[("Make", "Volvo"), ("Model", "V70"), ("Year it was built", "2004"), ("Plate", "V 70")])
        .await?;
    visit.send().await?;
    assert!(visit.read(&visit.honda()).await?.contains("V 70\nVolvo V70, 2004\nNever serviced."));

    // Reload, back to the page with the form, and forward again: none of them sends it a second time.
    let page = visit.page();
    page.refresh().await?;
    assert_eq!(page.title().await?, "honda: vehicles");
    page.back().await?;
    page.refresh().await?;
    page.forward().await?;
    page.refresh().await?;
    assert_eq!(page.title().await?, "honda: vehicles");
    assert_eq!(visit.read(&visit.honda()).await?.matches("V 70\nVolvo").count(), 1);
    assert_eq!(vehicles(&visit.honda()).await?, 3);

    visit.open(toyota, "/").await?;
    assert!(!visit.read(&visit.toyota()).await?.contains("V 70"));
    assert_eq!(vehicles(&visit.toyota()).await?, 1);
    visit.end().await
}

#[crow_testkit::test]
async fn an_empty_shop_says_so(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    let toyota = &visit.world.toyota;
    visit.toyota().delete(&format!("/api/vehicles/{}", toyota.vehicles[0].id)).await?;
    visit.enter(toyota).await?;
    assert!(visit.read(&visit.toyota()).await?.contains("No vehicles yet."));
    visit.end().await
}

#[crow_testkit::test]
async fn scripts_and_a_mouse_are_not_needed(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    visit.chromium.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await?;
    visit.page().goto("data:text/html,<title>off</title><script>document.title = 'on'</script>").await?;
    assert_eq!(visit.page().title().await?, "off");

    visit.enter(&visit.world.honda).await?;
    let keys = |text: &str| format!("{text}{}", char::from(Key::Tab));
    let first = visit.page().active_element().await?;
    first.send_keys(&keys("")).await?;
    for text in ["Volvo", "V70", "2004"] {
        visit.page().active_element().await?.send_keys(&keys(text)).await?;
    }
    visit.page().active_element().await?.send_keys(&format!("V 70{}", char::from(Key::Enter))).await?;
    visit.page().wait().for_element(Locator::XPath("//h3[.='V 70']")).await?;
    assert!(visit.read(&visit.honda()).await?.contains("V 70\nVolvo V70, 2004"));
    visit.end().await
}

/// What a screen reader goes by, on the page and on a refusal.
#[crow_testkit::test]
async fn the_page_can_be_read_aloud(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    let honda = &visit.world.honda;
    for (enter, title) in [(false, "You are not signed in"), (true, "honda: vehicles")] {
        if enter {
            visit.enter(honda).await?;
        } else {
            visit.open(honda, "/").await?;
        }
        assert_eq!(visit.page().title().await?, title);
        assert_eq!(visit.ask("document.documentElement.lang").await?, "en");
        assert_eq!(visit.ask("document.querySelectorAll('h1').length").await?, 1);
        assert_eq!(visit.ask("document.querySelectorAll('main').length").await?, 1);
    }
    assert_eq!(
        visit.ask("[...document.querySelectorAll('input')].map(i => i.labels.length)").await?,
        json!([1, 1, 1, 1])
    );
    assert_eq!(visit.ask("document.querySelectorAll('th:not([scope])').length").await?, 0);
    visit.end().await
}
