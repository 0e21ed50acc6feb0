//! docs/errors.md says what the cases pin.

use std::fs;
use std::path::Path;

use crate::case::Case;

const PAGE: &str = include_str!("../../docs/errors.md");

/// Below each text the page names the cases that pin it: the first has to announce that text, the
/// others have to exist. Every hole has to be told of.
pub(crate) fn check(cases: &Path) -> Result<(), String> {
    let mut text = "";
    for line in PAGE.lines() {
        if let Some(error) = line.strip_prefix("error: ") {
            text = error;
        } else if line.starts_with('`') && line.ends_with('`') && line.contains("::") {
            for (n, name) in line.split(" · ").map(|name| name.trim_matches('`')).enumerate() {
                let file = cases.join(name.replace("::", "/")).with_extension("rs");
                let case = Case::read(&file).map_err(|error| format!("{name}: {error}"))?;
                if n == 0 && !case.announces(text) {
                    return Err(format!("{name} does not pin: {text}"));
                }
            }
        }
    }
    for hole in fs::read_dir(cases.join("holes")).map_err(|error| error.to_string())? {
        let file = hole.map_err(|error| error.to_string())?.path();
        let name = format!("`holes::{}`", file.file_stem().unwrap_or_default().to_string_lossy());
        if !PAGE.contains(&name) {
            return Err(format!("the page does not tell of {name}"));
        }
    }
    Ok(())
}
