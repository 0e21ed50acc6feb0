//! What the command says of itself. `CROW_BLESS=1` writes the texts anew.

use std::fs;
use std::path::Path;

use crate::crow;

#[test]
fn the_help_texts_are_as_they_were_read_last() {
    let mut differ = Vec::new();
    for command in
        ["", "install", "upgrade", "uninstall", "protect", "adopt", "table", "audit", "roles", "matrix"]
    {
        let (name, arguments) =
            if command.is_empty() { ("crow", vec!["--help"]) } else { (command, vec![command, "--help"]) };
        let run = crow("", &arguments).expect(0, &["Usage: crow", "Examples:"], &[]);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/help/{name}.txt"));
        if std::env::var_os("CROW_BLESS").is_some() {
            fs::write(&file, &run.out).unwrap();
        }
        if fs::read_to_string(&file).unwrap_or_default() != run.out {
            differ.push(format!("{}:\n{}", file.display(), run.out));
        }
        assert!(run.out.lines().all(|line| line.chars().count() <= 100), "{}", run.out);
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn what_is_misspelt_is_told_what_was_meant_and_could_not_run() {
    crow("", &["protekt", "vehicles"]).expect(2, &[], &["unrecognized subcommand 'protekt'", "'protect'"]);
    crow("", &["audit", "--fail-on", "bad"]).expect(
        2,
        &[],
        &["[possible values: critical, high, medium, low, info, never]"],
    );
    crow("", &["audit", "--at-least", "15"]).expect(2, &[], &["a release is written like 15.21"]);
    crow("", &["protect"]).expect(2, &[], &["<TABLE>..."]);
    crow("", &["install", "--yes", "--dry-run"]).expect(2, &[], &["cannot be used with"]);
}
