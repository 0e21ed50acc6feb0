//! A run of one of the failing tests, in a process of its own.

use std::env;
use std::process::Command;

/// What a run left on the terminal.
pub(crate) struct Play {
    pub(crate) passed: bool,
    pub(crate) text: String,
}

/// Runs one test of [`failing`](crate::failing).
pub(crate) fn play(test: &str, variables: &[(&str, &str)]) -> Play {
    let output = Command::new(env::current_exe().expect("the path of the test binary"))
        .args(["--exact", "--ignored", "--nocapture", &format!("failing::{test}")])
        .env_remove("CROW_KEEP")
        .env_remove("CROW_SEED")
        // What is kept here is of use to nobody.
        .env("CROW_PG_LINGER", "1")
        .envs(variables.iter().copied())
        .output()
        .expect("the test binary starts again");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(text.contains("running 1 test"), "there is no test {test}: {text}");
    Play { passed: output.status.success(), text }
}

impl Play {
    /// The word that follows another.
    pub(crate) fn after(&self, word: &str) -> &str {
        let (_, rest) = self.text.split_once(word).unwrap_or_else(|| panic!("no {word:?}: {}", self.text));
        rest.split([' ', '\n', '.']).next().expect("split gives one at least")
    }
}
