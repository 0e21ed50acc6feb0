//! One misuse and its passing twin.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::compiler::{Compiler, Diagnostic};

/// A program, and what the first error has to say once the misuse is added.
pub(crate) struct Case {
    file: PathBuf,
    /// The first error, and others that come with it. None for a hole: a misuse that is known to
    /// compile, and that the database alone refuses.
    expected: Vec<Expected>,
}

struct Expected {
    line: usize,
    message: String,
    notes: Vec<String>,
}

impl Case {
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        let mut expected: Vec<Expected> = Vec::new();
        let mut hole = false;
        for (line, text) in (1..).zip(fs::read_to_string(file)?.lines()) {
            if let Some((_, message)) = text.split_once("//~ error: ") {
                expected.push(Expected { line, message: message.to_owned(), notes: Vec::new() });
            } else if let (Some((_, note)), Some(expected)) =
                (text.split_once("//~ note: "), expected.last_mut())
            {
                expected.notes.push(note.to_owned());
            }
            hole |= text.contains("//~ compiles");
        }
        if hole != expected.is_empty() {
            return Err(io::Error::other(format!("{} announces no error, nor a hole", file.display())));
        }
        Ok(Self { file: file.to_owned(), expected })
    }

    /// Whether this is what the first error says, as far as the case pins it.
    pub(crate) fn announces(&self, text: &str) -> bool {
        self.expected
            .first()
            .is_some_and(|first| begins(text, &first.message) || first.message.starts_with(text))
    }

    pub(crate) fn check(&self, compiler: &Compiler) -> Result<(), String> {
        let program = fs::read_to_string(&self.file).map_err(|error| error.to_string())?;
        let errors = compiler.errors(&program, &["--cfg", "refused"])?;
        let Some(first) = errors.first() else {
            return if self.expected.is_empty() { Ok(()) } else { Err("it compiles".into()) };
        };
        let Some((expected, others)) = self.expected.split_first() else {
            return Err(format!("this hole is closed, make it a case:\n{}", first.rendered));
        };
        if let Some(difference) = expected.difference(first) {
            return Err(format!("{difference} in the first error:\n{}", first.rendered));
        }
        match others.iter().find(|other| errors.iter().all(|error| other.difference(error).is_some())) {
            Some(missing) => Err(format!("no error `{}` on line {}", missing.message, missing.line)),
            None => Ok(()),
        }
    }
}

/// Compiles the cases without their misuse, all together.
pub(crate) fn check_twins(files: &[PathBuf], compiler: &Compiler) -> Result<(), String> {
    let modules = files.iter().map(|file| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        format!("#[path = {file:?}]\nmod {name};\n")
    });
    match compiler.errors(&modules.collect::<String>(), &[])?.first() {
        Some(error) => Err(format!("a passing twin does not compile:\n{}", error.rendered)),
        None => Ok(()),
    }
}

impl Expected {
    fn difference(&self, error: &Diagnostic) -> Option<String> {
        if !begins(&error.message, &self.message) {
            return Some(format!("not `{}`", self.message));
        }
        if error.line != Some(self.line) {
            return Some(format!("not line {}", self.line));
        }
        let missing = self.notes.iter().find(|note| !error.notes.iter().any(|n| begins(n, note)));
        missing.map(|note| format!("no note `{note}`"))
    }
}

/// Whether a text begins like this, where `…` stands for anything.
fn begins(text: &str, like: &str) -> bool {
    let mut parts = like.split('…');
    let first = parts.next().and_then(|first| text.strip_prefix(first));
    parts.fold(first, |rest, part| Some(rest?.split_once(part)?.1)).is_some()
}
