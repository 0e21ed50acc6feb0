//! rustc, with the libraries that this test was built with.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What a case can name: only what cargo builds once, since rustc would not know which of two is meant.
const VISIBLE: [&str; 8] =
    ["axum", "crow_core", "crow_testkit", "crow_tests", "diesel", "diesel_async", "tokio", "uuid"];

/// Compiles programs of one file against the dependencies of this package.
///
/// `trybuild` and `ui_test` build those a second time in a target directory of their own, and pin
/// either rustc's whole text or every error of a case; what counts here is the first.
#[derive(Default)]
pub(crate) struct Compiler {
    libraries: OnceLock<Result<Vec<OsString>, String>>,
}

/// The part of an error that crow answers for.
pub(crate) struct Diagnostic {
    pub(crate) message: String,
    /// Where its first primary span begins.
    pub(crate) line: Option<usize>,
    pub(crate) notes: Vec<String>,
    pub(crate) rendered: String,
}

impl Compiler {
    /// The errors of a program, in the order in which rustc reports them.
    pub(crate) fn errors(&self, program: &str, cfg: &[&str]) -> Result<Vec<Diagnostic>, String> {
        let libraries = self.libraries.get_or_init(libraries).as_ref().map_err(Clone::clone)?;
        let output = run(
            Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
                // As tests, or those of the cases would not be looked at.
                .args(["--edition=2024", "--test", "--crate-name=case", "--cap-lints=allow"])
                .arg("--error-format=json")
                .args(["--emit=metadata", "--out-dir", env!("CARGO_TARGET_TMPDIR")])
                .args(libraries)
                .args(cfg)
                .arg("-"),
            program,
        )
        .map_err(|error| format!("rustc does not run: {error}"))?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let errors: Vec<_> =
            stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).filter_map(error).collect();
        if output.status.success() == errors.is_empty() {
            Ok(errors)
        } else {
            Err(format!("rustc ended with {} and said:\n{stderr}", output.status))
        }
    }
}

fn run(command: &mut Command, stdin: &str) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(stdin.as_bytes())?;
    }
    child.wait_with_output()
}

fn error(message: Value) -> Option<Diagnostic> {
    if message["level"] != "error" {
        return None;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    Some(Diagnostic {
        message: text(&message["message"]),
        line: list(&message["spans"])
            .iter()
            .find(|span| span["is_primary"] == true)
            .and_then(line_of_the_program),
        notes: list(&message["children"]).iter().map(|child| text(&child["message"])).collect(),
        rendered: text(&message["rendered"]),
    })
}

/// The line of a span; of the call, if the span lies in a macro of another crate. The program comes by
/// standard input.
fn line_of_the_program(span: &Value) -> Option<usize> {
    let mut span = span;
    while span["file_name"] != "<anon>" {
        span = span.pointer("/expansion/span")?;
    }
    usize::try_from(span["line_start"].as_u64()?).ok()
}

/// Asks cargo, for which everything is fresh, what it built this test with.
fn libraries() -> Result<Vec<OsString>, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo makes it `target/tmp`");
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo told this test of its package: a build script that reads as much (ring's does) would run again, and
    // all that depends on it be built again.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            cargo.env_remove(name);
        }
    }
    let output = cargo
        .args(["test", "--no-run", "--package", env!("CARGO_PKG_NAME"), "--test", "compile_fail"])
        .args(["--offline", "--message-format=json", "--target-dir"])
        .arg(target)
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut libraries = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let artifact: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let name = artifact["target"]["name"].as_str().unwrap_or_default().replace('-', "_");
        let files = artifact["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for file in files.map(Path::new) {
            let (Some(folder), Some(kind)) = (file.parent(), file.extension()) else { continue };
            if kind == "rmeta" && VISIBLE.contains(&name.as_str()) {
                libraries.push(format!("--extern={name}={}", file.display()).into());
                libraries.push(format!("-Ldependency={}", folder.display()).into());
            }
        }
    }
    Ok(libraries)
}
