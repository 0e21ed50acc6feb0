//! The form, and what people type into it.

use crow_testkit::TestDb;
use fantoccini::Locator;
use serde_json::json;

use super::{Visit, vehicles};
use crate::world::Outcome;

#[crow_testkit::test]
async fn what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    visit.enter(&visit.world.honda).await?;
    let long = "x".repeat(300);
    for (label, id, typed, fault) in [
        ("Year it was built", "year", "soon", "no number"),
        ("Year it was built", "year", "1066", "lower than 1886"),
        ("Make", "make", " ", "is blank"),
        ("Model", "model", &*long, "length is greater than 60"),
        ("Plate", "plate", "HH-CI 1", "another vehicle has this one"),
    ] {
        visit
            .fill(&[("Make", "Volvo"), ("Model", "V70"), ("Year it was built", "2004"), ("Plate", "V 70")])
            .await?;
        visit.fill(&[(label, typed)]).await?;
        visit.send().await?;

        let text = visit.read(&visit.honda()).await?;
        assert!(text.contains("The vehicle was not added.") && !text.contains("Volvo"), "{text}");
        assert!(visit.page().title().await?.starts_with("Not added: "));
        // The field has what was typed and the focus, and its description is what is wrong.
        let field = visit.page().active_element().await?;
        assert_eq!(field.attr("id").await?.as_deref(), Some(id));
        assert_eq!(field.prop("value").await?.as_deref(), Some(typed));
        assert_eq!(field.attr("aria-invalid").await?.as_deref(), Some("true"));
        let description = field.attr("aria-describedby").await?.ok_or("no description")?;
        let description = visit.page().find(Locator::Id(&description)).await?.text().await?;
        assert_eq!(description, format!("{label}: {fault}"));
        // So have the others.
        let values = visit
            .ask("[...document.querySelectorAll('input:not([aria-invalid])')].map(i => i.value)")
            .await?;
        assert_eq!(values.as_array().map(Vec::len), Some(3), "{values}");
        assert!(!values.to_string().contains(r#""""#), "{values}");
        assert_eq!(vehicles(&visit.honda()).await?, 2);
    }
    // The other shop's plate is free.
    visit.fill(&[("Plate", &visit.world.toyota.vehicles[0].plate)]).await?;
    visit.send().await?;
    assert_eq!(vehicles(&visit.toyota()).await?, 1);
    visit.end().await
}

#[crow_testkit::test]
async fn what_is_hostile_is_shown_as_text(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    visit.enter(&visit.world.honda).await?;
    for (plate, hostile) in [
        ("X 1", "<script>document.title = 'run'</script>"),
        ("X 2", "<img src=x onerror=\"document.title='run'\">"),
        ("X 3", "\"><b>'`{{7*7}}&lt;&#x3c;"),
        ("X 4", "'; DROP TABLE vehicles; --"),
        ("X 5", "\u{202e}backwards"),
        ("X 6", "Wide".repeat(15).as_str()),
    ] {
        visit
            .fill(&[("Make", hostile), ("Model", "V70"), ("Year it was built", "soon"), ("Plate", plate)])
            .await?;
        visit.send().await?;
        let typed = visit.page().find(Locator::Id("make")).await?.prop("value").await?;
        assert_eq!(typed.as_deref(), Some(hostile), "beside a fault");
        visit.fill(&[("Year it was built", "2004")]).await?;
        visit.send().await?;

        let card = format!("//section[h3='{plate}']/p[1]/*");
        let shown = visit.page().find_all(Locator::XPath(&card)).await?;
        assert_eq!(shown[0].text().await?, hostile);
        assert_eq!(visit.page().title().await?, "honda: vehicles");
        // What stands behind it stands behind it, in the order in which it was written.
        let (make, model) = (shown[0].rectangle().await?, shown[1].rectangle().await?);
        assert!(model.0 >= make.0 + make.2 || model.1 > make.1, "{make:?} {model:?}");
    }
    visit.end().await
}

#[crow_testkit::test]
async fn the_longest_values_fit_a_phone(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    let (honda, long) = (visit.honda(), "W".repeat(60));
    let vehicle = json!({ "make": long, "model": long, "year": 2004, "plate": "W".repeat(20) });
    let vehicle = honda.post("/api/vehicles", &vehicle).await?.json();
    let record = json!({ "work": "W".repeat(500), "cents": 100_000_000, "done_on": "2026-03-02" });
    let id = vehicle["id"].as_str().ok_or("no id")?;
    honda.post(&format!("/api/vehicles/{id}/records"), &record).await?;
    let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
    visit.chromium.devtools("Emulation.setDeviceMetricsOverride", phone).await?;
    visit.enter(&visit.world.honda).await?;
    assert!(visit.read(&honda).await?.contains("1000000.00"));
    assert_eq!(visit.ask("document.documentElement.scrollWidth").await?, 360);
    visit.end().await
}

/// What would run if a page were ever to let markup through.
#[crow_testkit::test]
async fn no_script_in_the_page_runs(db: TestDb) -> Outcome {
    let Some(visit) = Visit::begin(&db).await? else { return Ok(()) };
    visit.enter(&visit.world.honda).await?;
    let title = "(() => { const script = document.createElement('script'); script.text = \"document.title = 'run'\"; \
                 document.body.append(script); return document.title })()";
    assert_eq!(visit.ask(title).await?, "honda: vehicles");
    let said = visit.chromium.console().await?;
    assert!(said.len() == 1 && said[0].contains("Content Security Policy"), "{said:?}");
    visit.end().await
}
