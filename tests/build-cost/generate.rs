//! Writes the crates: the templates, filled in once a table.

use std::fmt;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use crate::name;

#[derive(Clone, Copy)]
pub(crate) enum Style {
    Diesel,
    Crow,
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Diesel => "diesel",
            Self::Crow => "crow",
        })
    }
}

impl Style {
    /// A table with its models and nine queries. `TABLE`, `PARENT`, `Row` and `Owner` are names in it.
    fn template(self) -> &'static str {
        match self {
            Self::Diesel => include_str!("diesel.rs.in"),
            Self::Crow => include_str!("crow.rs.in"),
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Diesel => "id",
            Self::Crow => "tenant_id, id",
        }
    }
}

const COLUMNS: &str = "tenant_id -> Uuid, id -> Uuid, owner_id -> Uuid, name -> Text, cents -> Int4, \
                       note -> Nullable<Text>, made_on -> Date";

/// A workspace of its own, so that nobody builds it by accident, with the repository's versions.
pub(crate) fn workspace(directory: &Path, repository: &Path, sizes: &[usize]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut manifest = String::from("[workspace]\nresolver = \"3\"\nmembers = [\n");
    for &size in sizes {
        for style in [Style::Diesel, Style::Crow] {
            let _ = writeln!(manifest, "    \"{}\",", name(style, size));
            package(directory, repository, style, size)?;
        }
    }
    manifest.push_str("]\n");
    fs::write(directory.join("Cargo.toml"), manifest)?;
    fs::copy(repository.join("Cargo.lock"), directory.join("Cargo.lock"))?;
    Ok(())
}

fn package(directory: &Path, repository: &Path, style: Style, size: usize) -> io::Result<()> {
    let name = name(style, size);
    let source = directory.join(&name).join("src");
    fs::create_dir_all(&source)?;
    let core = repository.join("crow-core");
    let manifest = format!(
        r#"[package]
name = "{name}"
version = "0.0.0"
edition = "2024"

[dependencies]
chrono = {{ version = "0.4", default-features = false }}
crow-core = {{ path = {core:?} }}
diesel = {{ version = "~2.3", default-features = false, features = ["32-column-tables", "chrono", "postgres_backend", "uuid"] }}
diesel-async = "~0.9"
futures-util = {{ version = "0.3", default-features = false }}
uuid = "1"
"#
    );
    fs::write(directory.join(&name).join("Cargo.toml"), manifest)?;

    let mut schema = String::new();
    let mut root = String::from("pub mod schema;\n");
    let mut tables = Vec::new();
    for number in 0..size {
        // Each table refers to the one before it, and the first to the last.
        let owner = (number + size - 1) % size;
        let module = style
            .template()
            .replace("TABLE", &format!("table_{number:02}"))
            .replace("PARENT", &format!("table_{owner:02}"))
            .replace("Row", &format!("Row{number:02}"))
            .replace("Owner", &format!("Row{owner:02}"));
        fs::write(source.join(format!("table_{number:02}.rs")), module)?;
        let _ = writeln!(root, "pub mod table_{number:02};");
        let key = style.key();
        let _ = writeln!(schema, "diesel::table! {{ table_{number:02} ({key}) {{ {COLUMNS} }} }}");
        if let Style::Diesel = style {
            let _ = writeln!(schema, "diesel::joinable!(table_{number:02} -> table_{owner:02} (owner_id));");
        }
        tables.push(format!("table_{number:02}"));
    }
    let _ = writeln!(schema, "diesel::allow_tables_to_appear_in_same_query!({});", tables.join(", "));
    fs::write(source.join("schema.rs"), schema)?;
    fs::write(source.join("lib.rs"), root)
}
