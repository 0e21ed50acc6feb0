//! The page in a browser, as somebody sees it who works at a shop.

mod chromium;
mod form;
mod refusals;
mod shops;

use crow_shop::Config;
use crow_testkit::TestDb;
use fantoccini::{Client, Locator};

use crate::shops::{Shop, config};
use crate::visitor::Visitor;
use crate::world::{Outcome, World};
use chromium::Chromium;

/// To a browser its subdomains are one site, as those of a real service are, and those of `localhost` are not.
const DOMAIN: &str = "shops.localhost";

/// A browser before two shops.
struct Visit {
    world: World,
    chromium: Chromium,
}

impl Visit {
    /// `None`, having said so, where no browser is installed.
    async fn begin(db: &TestDb) -> Outcome<Option<Self>> {
        let Some(chromium) = Chromium::start().await? else { return Ok(None) };
        let config = Config { domain: DOMAIN.into(), ..config(db)? };
        Ok(Some(Self { world: World::open(db, config).await?, chromium }))
    }

    /// The console is empty at the end, but for what the browser itself says of answers that are refusals.
    async fn end(self) -> Outcome {
        let said = self.chromium.console().await?;
        let refused = |line: &String| line.contains("the server responded with a status of 4");
        let said: Vec<_> = said.into_iter().filter(|line| !refused(line)).collect();
        assert!(said.is_empty(), "{said:#?}");
        self.chromium.close().await
    }

    fn page(&self) -> &Client {
        self.chromium.page()
    }

    fn honda(&self) -> Visitor<'_> {
        self.world.honda().at(&host(&self.world.honda))
    }

    fn toyota(&self) -> Visitor<'_> {
        self.world.toyota().at(&host(&self.world.toyota))
    }

    fn url(&self, shop: &Shop, path: &str) -> String {
        format!("http://{}:{}{path}", host(shop), self.world.address.port())
    }

    async fn open(&self, shop: &Shop, path: &str) -> Outcome {
        Ok(self.page().goto(&self.url(shop, path)).await?)
    }

    /// Follows a link that somebody at this shop was given, and returns its token.
    async fn enter(&self, shop: &Shop) -> Outcome<String> {
        let token = shop.token("Ada");
        self.open(shop, &format!("/enter?token={token}")).await?;
        Ok(token)
    }

    /// What is there to be read, in which, as in the source, nothing is another shop's.
    async fn read(&self, visitor: &Visitor<'_>) -> Outcome<String> {
        let text = self.page().find(Locator::Css("body")).await?.text().await?;
        let source = self.page().source().await?;
        for foreign in visitor.foreign() {
            assert!(!text.contains(&foreign) && !source.contains(&foreign), "{foreign} in {source}");
        }
        Ok(text)
    }

    /// Types into the fields with these labels.
    async fn fill(&self, fields: &[(&str, &str)]) -> Outcome {
        for (label, text) in fields {
            let field = format!("//input[@id=//label[.='{label}']/@for]");
            let field = self.page().find(Locator::XPath(&field)).await?;
            field.clear().await?;
            field.send_keys(text).await?;
        }
        Ok(())
    }

    /// Presses the button, and waits for the page that comes then.
    async fn send(&self) -> Outcome {
        let page = self.page();
        page.execute("document.documentElement.id = 'before'", vec![]).await?;
        page.find(Locator::Css("button")).await?.click().await?;
        page.wait().for_element(Locator::Css("html:not(#before) body")).await?;
        Ok(())
    }

    /// What a script that is put into the page finds out.
    async fn ask(&self, script: &str) -> Outcome<serde_json::Value> {
        Ok(self.page().execute(&format!("return {script}"), vec![]).await?)
    }
}

fn host(shop: &Shop) -> String {
    format!("{}.{DOMAIN}", shop.slug)
}

/// How many vehicles a shop has, asked without the browser.
async fn vehicles(visitor: &Visitor<'_>) -> Outcome<usize> {
    let listed = visitor.get("/api/vehicles").await?.json();
    Ok(listed["vehicles"].as_array().ok_or("no vehicles")?.len())
}
