//! The guide's page "Your first crow service" has the files of this package, word for word, and is right about the rest.

use std::fs;
use std::path::Path;
use std::process::Command;

use crow_core::Error;
use crow_core::audit::Severity;
use crow_core::schema::TableMigrations;
use crow_testkit::TestDb;
use garage::schema::tables;
use garage::vehicles::Vehicle;

const PAGE: &str = include_str!("../../../docs/first-service.md");
const ERRORS: &str = include_str!("../../../docs/errors.md");

/// Each block that stands below the name of a file.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let block = |part: &'static str| {
        let (name, rest) = part.split_once("`**\n\n```")?;
        let (_, rest) = rest.split_once('\n')?;
        Some((name, rest.split_once("```\n")?.0))
    };
    let parts = PAGE.split("\n**`").skip(1);
    let mut blocks: Vec<_> =
        parts.map(|part| block(part).unwrap_or_else(|| panic!("a name without a block: {part}"))).collect();
    blocks.sort_unstable();
    blocks
}

/// What a reader has in the end, without this file.
fn files() -> Vec<(String, String)> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directories = ["", "src", "examples", "tests"].map(|directory| package.join(directory));
    let entries = directories.iter().flat_map(|directory| fs::read_dir(directory).expect("a directory"));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths
        .filter(|path| path.is_file() && !path.ends_with("tests/page.rs"))
        .map(|path| {
            let name = path.strip_prefix(package).expect("a file of the package").display().to_string();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    files.sort_unstable();
    files
}

#[test]
fn the_page_has_each_file() {
    let (blocks, files) = (blocks(), files());
    let named: Vec<_> = blocks.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, files.iter().map(|(name, _)| &**name).collect::<Vec<_>>());
    for ((name, block), (_, text)) in blocks.into_iter().zip(files) {
        if name == "Cargo.toml" {
            // This package is part of crow's workspace, and the reader's stands beside it.
            assert!(
                text.replace("../../", "../crow/").ends_with(block),
                "{text}\ndoes not end with\n{block}"
            );
        } else {
            assert_eq!(text, block, "{name}");
        }
    }
}

/// What the compiler says is pinned by the compile-fail suite, as far as the page of errors has it.
#[test]
fn the_compile_error_is_one_that_is_pinned() {
    let texts: Vec<_> =
        PAGE.lines().filter_map(|line| line.strip_prefix("error[")?.split_once(": ")).collect();
    assert!(!texts.is_empty());
    for (_, text) in texts {
        assert!(ERRORS.contains(&format!("error: {text}\n")), "docs/errors.md does not have: {text}");
    }
}

#[crow_testkit::test(migrations = TableMigrations::new())]
async fn the_service_makes_its_tables(db: TestDb) -> Result<(), Box<dyn std::error::Error>> {
    let mut migrate = Command::new(env!("CARGO_BIN_EXE_garage"));
    migrate.arg("migrate").env("DATABASE_URL", db.owner_url());
    for made in ["20261127090000\n", ""] {
        let output = migrate.output()?;
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout)?, made);
    }
    db.tenant("honda-shop").some::<Vehicle>().await?;
    Ok(())
}

/// The migration of the section "A column more".
const COLUMN: [&str; 3] = [
    "2026-12-01-090000_vehicles_have_a_year",
    "ALTER TABLE vehicles ADD COLUMN year int4 CHECK (year > 1885)",
    "ALTER TABLE vehicles DROP COLUMN year",
];

fn with_a_column_more() -> Result<TableMigrations, Error> {
    let [name, up, down] = COLUMN;
    tables()?.sql(name, up, down)
}

#[crow_testkit::test(migrations = with_a_column_more())]
async fn a_column_more_keeps_tenants_apart(db: TestDb) -> Result<(), Box<dyn std::error::Error>> {
    for text in COLUMN {
        assert!(PAGE.contains(&format!("            {text:?},\n")), "the page does not have: {text}");
    }
    let honda = db.tenant("honda-shop");
    db.filler().await?.row("vehicles", honda.id()).set("year", 2019).insert().await?;
    honda.some::<Vehicle>().await?;
    let report = db.audit().await?;
    assert!(report.worst() < Some(Severity::Medium), "{report}");
    Ok(())
}
