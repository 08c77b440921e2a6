//! A question to a person, or to nobody.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::error::Error;

/// Whether somebody can be asked, or has said yes already.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Asking {
    pub(in crate::cli) yes: bool,
    /// Whether the answer is for a program, into which no question fits.
    pub(in crate::cli) json: bool,
}

impl Asking {
    /// Refuses a run that would have to ask and cannot.
    pub(in crate::cli) fn check(self) -> Result<(), Error> {
        if self.yes {
            return Ok(());
        }
        let refused = |text: &str| Error::Usage {
            text: text.to_owned(),
            hint: Some(
                "see what would change with `--dry-run`, then say yes with `--yes`".to_owned(),
            ),
        };
        if self.json {
            return Err(refused("`-o json` has no place for a question"));
        }
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            return Ok(());
        }
        Err(refused("nobody can be asked: this is no terminal"))
    }
}

/// What a person answers; anything but a yes is a no.
pub(in crate::cli) fn yes(question: &str) -> bool {
    let mut err = io::stderr().lock();
    // Where the question cannot be read, the answer is no.
    let asked = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    let answer = answer.trim().to_lowercase();
    asked.is_ok() && read.is_ok() && matches!(answer.as_str(), "y" | "yes")
}
