//! A headless Chromium with its driver, which ends with the test.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Stdio;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::world::Outcome;

const INSTALL: &str = "Chromium and its driver: `apt-get install chromium-driver`";

pub(super) struct Chromium {
    page: Client,
    _driver: Child,
    /// Open, so that the driver can go on writing.
    _output: Lines<BufReader<ChildStdout>>,
    /// For profiles, which a browser that was killed leaves behind.
    _directory: TempDir,
}

impl Chromium {
    /// `None` where there is no driver, which is no excuse in CI.
    pub(super) async fn start() -> Outcome<Option<Self>> {
        let Some(program) = installed() else {
            if env::var("CI").is_ok_and(|ci| ci == "true") {
                return Err(format!("this test needs {INSTALL}").into());
            }
            let test = std::thread::current().name().unwrap_or_default().to_owned();
            // Past the harness, which hides what a test that passes prints.
            writeln!(io::stderr(), "test {test} was SKIPPED: it needs {INSTALL}")?;
            return Ok(None);
        };
        let directory = tempfile::tempdir()?;
        let mut driver = Command::new(program)
            .env("TMPDIR", directory.path())
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut output = BufReader::new(driver.stdout.take().ok_or("no output")?).lines();
        let port = loop {
            let line = output.next_line().await?.ok_or("the driver of Chromium ended before it listened")?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await?;
        Ok(Some(Self { page, _driver: driver, _output: output, _directory: directory }))
    }

    pub(super) fn page(&self) -> &Client {
        &self.page
    }

    /// What stands in the console and was not read before.
    pub(super) async fn console(&self) -> Outcome<Vec<String>> {
        let said = self.page.issue_cmd(Extra { path: "se/log", body: json!({ "type": "browser" }) }).await?;
        Ok(said.as_array().into_iter().flatten().map(|line| line["message"].to_string()).collect())
    }

    /// A command of the DevTools protocol.
    pub(super) async fn devtools(&self, command: &str, params: Value) -> Outcome {
        let body = json!({ "cmd": command, "params": params });
        self.page.issue_cmd(Extra { path: "goog/cdp/execute", body }).await?;
        Ok(())
    }

    pub(super) async fn close(self) -> Outcome {
        Ok(self.page.close().await?)
    }
}

fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join("chromedriver")).find(|path| path.is_file())
}

fn capabilities() -> serde_json::Map<String, Value> {
    let args = [
        "--headless=new",
        // It shows our own pages, and root has no sandbox.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        // A browser whose driver is gone notices.
        "--remote-debugging-pipe",
        "--window-size=1280,900",
    ];
    let all = json!({ "goog:chromeOptions": { "args": args }, "goog:loggingPrefs": { "browser": "ALL" } });
    all.as_object().cloned().unwrap_or_default()
}

/// What Chromium's driver can do beyond the standard.
#[derive(Debug)]
struct Extra {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
