//! What a command is going to do, before it does it.

use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::Args;

use super::failure::Failure;

#[derive(Args)]
pub(crate) struct Consent {
    /// Show the plan, and change nothing.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask: for scripts.
    #[arg(long, short)]
    yes: bool,
}

impl Consent {
    /// Prints the plan; whether to go on.
    pub(crate) fn to(&self, plan: &str) -> Result<bool, Failure> {
        print(plan)?;
        if self.dry_run || self.yes {
            return Ok(self.yes);
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::new(
                "nobody is there to ask: say --yes, or --dry-run to see the plan alone",
            ));
        }
        eprint!("Go on? [y/N] ");
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        match matches!(answer.trim(), "y" | "Y" | "yes") {
            true => Ok(true),
            false => {
                eprintln!("Nothing was changed.");
                Ok(false)
            }
        }
    }
}

/// To standard output; whoever reads it may stop early.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// How far long work has come, for whoever sits at a terminal.
pub(crate) struct Progress {
    of: usize,
    shown: bool,
}

impl Progress {
    pub(crate) fn of(of: usize) -> Self {
        Self { of, shown: io::stderr().is_terminal() }
    }

    pub(crate) fn show(&self, done: usize) {
        if self.shown {
            eprint!("\r\x1b[K{done}/{}", self.of);
        }
    }

    /// As [`show`](Self::show), with what has been done; where nobody sits there, a line for whoever reads the log.
    pub(crate) fn tell(&self, done: usize, what: &str) {
        self.show(done);
        if self.shown {
            eprint!(" {what}");
        } else {
            eprintln!("{done}/{} {what}", self.of);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
