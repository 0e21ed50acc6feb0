//! The page, without a browser.

use crow_shop::models::Vehicle;
use crow_shop::schema::vehicles;
use crow_testkit::TestDb;
use diesel::ExpressionMethods;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, RequestBuilder, StatusCode};

use crate::visitor::Visitor;
use crate::world::{Outcome, World};

/// Asks as a browser does that has come in by a link.
struct Browser<'w> {
    world: &'w World,
    host: String,
    cookie: String,
}

impl<'w> Browser<'w> {
    async fn enter(world: &'w World, slug: &str, token: &str) -> Outcome<Self> {
        let host = format!("{slug}.localhost");
        let entered = world.request(Method::GET, &host, &format!("/enter?token={token}")).send().await?;
        assert_eq!((entered.status(), &entered.headers()[LOCATION]), (StatusCode::SEE_OTHER, &"/".parse()?));
        let cookie = entered.headers()[SET_COOKIE].to_str()?.to_owned();
        for flag in ["__Host-shop=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { world, host, cookie })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.world.request(method, &self.host, path).header(COOKIE, &self.cookie)
    }
}

#[crow_testkit::test]
async fn a_page_shows_the_shops_own_vehicles_and_history(world: World) -> Outcome {
    let browser = Browser::enter(&world, "honda", &world.honda.token("Ada")).await?;
    let page = world.honda().send(browser.request(Method::GET, "/")).await?;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    for shown in ["honda", "Ada", "HH-CI 1", "Civic", "oil change of HH-JA 2", "49.00", "<form"] {
        assert!(page.text.contains(shown), "no {shown} in {}", page.text);
    }
    Ok(())
}

#[crow_testkit::test]
async fn a_vehicle_is_added_by_the_form(world: World) -> Outcome {
    let browser = Browser::enter(&world, "honda", &world.honda.token("Ada")).await?;
    let honda = world.honda();
    let send = async |form: &[(&str, &str)]| {
        honda
            .send(browser.request(Method::POST, "/").header("sec-fetch-site", "same-origin").form(form))
            .await
    };
    let script = "<script>alert(1)</script>";
    let added = send(&[("make", "Volvo"), ("model", script), ("year", "2004"), ("plate", "V 70")]).await?;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{added:?}");
    let page = honda.send(browser.request(Method::GET, "/")).await?.text;
    assert!(page.contains("V 70") && page.contains("&lt;script&gt;") && !page.contains(script), "{page}");

    for (field, value, status, fault) in [
        ("plate", "V 70", StatusCode::CONFLICT, "Plate: another vehicle has this one"),
        ("year", "soon", StatusCode::UNPROCESSABLE_ENTITY, "Year it was built: no number"),
        ("make", " ", StatusCode::UNPROCESSABLE_ENTITY, "Make: is blank"),
    ] {
        let mut form = vec![("make", "Volvo"), ("model", "kept"), ("year", "2004"), ("plate", "V 71")];
        form.iter_mut().filter(|(name, _)| *name == field).for_each(|entry| entry.1 = value);
        let refused = send(&form).await?;
        assert_eq!(refused.status, status, "{refused:?}");
        assert!(refused.text.contains("alert") && refused.text.contains(fault), "{fault}: {}", refused.text);
        assert!(refused.text.contains(r#"value="kept""#), "what was typed is gone: {}", refused.text);
    }
    Ok(())
}

#[crow_testkit::test]
async fn a_large_shop_is_shown_a_hundred_vehicles_at_a_time(db: &TestDb, world: World) -> Outcome {
    let more: Vec<_> = (0..99).map(|number| vehicles::plate.eq(format!("M {number:02}"))).collect();
    db.tenant("honda").insert_all::<Vehicle>(more).await?;
    let browser = Browser::enter(&world, "honda", &world.honda.token("Ada")).await?;
    let honda = world.honda();
    let open = async |path: &str| honda.send(browser.request(Method::GET, path)).await;
    let plates = |page: &str| page.matches("<h3>").count();

    let first = open("/").await?.text;
    assert!(plates(&first) == 100 && first.contains("HH-CI 1") && first.contains("M 97"), "{first}");
    let link = first.split_once("/?from=").and_then(|(_, rest)| rest.split_once('"')).ok_or("no link")?.0;
    let second = open(&format!("/?from={link}")).await?.text;
    assert!(plates(&second) == 1 && second.contains("M 98") && !second.contains("/?from="), "{second}");

    // What was added is on the page that comes then, wherever it stands in the list.
    for (plate, shown) in [("A 1", 100), ("Z 1", 1)] {
        let form = [("make", "Volvo"), ("model", "V70"), ("year", "2004"), ("plate", plate)];
        let added = browser.request(Method::POST, "/").header("sec-fetch-site", "same-origin").form(&form);
        let added = added.send().await?.headers()[LOCATION].to_str()?.to_owned();
        let page = open(&added).await?.text;
        assert!(plates(&page) == shown && page.contains(plate), "{added}: {page}");
    }

    let theirs = world.toyota.vehicles[0].id;
    assert_eq!(open(&format!("/?from={theirs}")).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(open("/?from=somewhere").await?.status, StatusCode::BAD_REQUEST);
    Ok(())
}

/// What another site makes a browser send has the cookie with it.
#[crow_testkit::test]
async fn a_form_on_another_site_adds_nothing(world: World) -> Outcome {
    let browser = Browser::enter(&world, "honda", &world.honda.token("Ada")).await?;
    let form = [("make", "Volvo"), ("model", "V70"), ("year", "2004"), ("plate", "V 70")];
    for (name, value) in [
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "http://evil.localhost"),
        ("accept", "*/*"),
    ] {
        let refused =
            world.honda().send(browser.request(Method::POST, "/").header(name, value).form(&form)).await?;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    world.honda().has_all_it_had().await
}

#[crow_testkit::test]
async fn a_link_of_one_shop_does_not_open_the_page_of_another(world: World) -> Outcome {
    let browser = Browser::enter(&world, "honda", &world.toyota.token("Eve")).await?;
    let visitor: Visitor<'_> = world.toyota();
    let refused = visitor.send(browser.request(Method::GET, "/")).await?;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[crow_testkit::test]
async fn a_link_with_something_else_in_it_sets_no_cookie(world: World) -> Outcome {
    for token in ["", "a;b", "a%0d%0aset-cookie:x", "a%20b", "%c3%a9"] {
        let answer =
            world.request(Method::GET, "honda.localhost", &format!("/enter?token={token}")).send().await?;
        let set = answer.headers().get(SET_COOKIE).cloned();
        assert!(set.is_none(), "{token}: {set:?}");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{token}");
    }
    Ok(())
}
