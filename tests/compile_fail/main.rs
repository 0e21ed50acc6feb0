//! Programs that must not compile, each beside one that must.
//!
//! A case is a file in `cases/`, named by what it promises. It compiles as it stands: that is the
//! passing twin, checked for a folder at once. With `--cfg refused`, which adds the misuse, its first
//! error must be the one that a comment announces on the same line, with the announced notes:
//!
//! ```text
//! db.query::<Vehicle>().filter(sql::<Bool>("true")) //~ error: this expression could see rows of another tenant
//!                                                   //~ note: raw SQL and boxed expressions
//! ```
//!
//! Texts are prefixes, and `…` in them stands for anything. What rustc adds of its own is not pinned: it changes with the compiler, with
//! its installed components and with diesel. `cargo test --test compile_fail brand` runs the cases
//! of one folder. Those in `holes` say `//~ compiles`: nobody found a way to refuse them, and the
//! database alone keeps tenants apart there.

mod accepted;
mod case;
mod compiler;
mod page;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use case::Case;
use compiler::Compiler;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::from_args();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("compile_fail/cases");
    let compiler = Arc::new(Compiler::default());
    let page = cases.clone();
    let mut trials =
        vec![Trial::test("the_page_on_errors_quotes_the_cases", move || Ok(page::check(&page)?))];
    for group in sorted(&cases)? {
        let files = sorted(&group)?;
        for file in &files {
            let case = Case::read(file)?;
            let compiler = Arc::clone(&compiler);
            trials.push(Trial::test(name(file, &cases)?, move || Ok(case.check(&compiler)?)));
        }
        let compiler = Arc::clone(&compiler);
        let twins = format!("{}::the_twins_pass", name(&group, &cases)?);
        trials.push(Trial::test(twins, move || Ok(case::check_twins(&files, &compiler)?)));
    }
    libtest_mimic::run(&arguments, trials).exit()
}

/// `cases/brand/a_scope_cannot_shrink.rs` is the test `brand::a_scope_cannot_shrink`.
fn name(path: &Path, cases: &Path) -> Result<String, Box<dyn Error>> {
    let path = path.strip_prefix(cases)?.with_extension("");
    Ok(path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("::"))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    Ok(paths)
}
