//! What is told of a run that writes when somebody ends it.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::apply::log::{Book, runs};
use crate::text::{count, escape};

/// The run that writes now.
static WRITES: Mutex<Option<Writes>> = Mutex::new(None);

struct Writes {
    /// Of the audit log.
    folder: PathBuf,
    run: String,
    /// The run that it takes back, where it is a rollback.
    back: Option<String>,
    program: &'static str,
}

fn writes() -> MutexGuard<'static, Option<Writes>> {
    WRITES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run writes until this is dropped.
pub(in crate::cli) struct Begun(());

impl Begun {
    pub(super) fn new(folder: PathBuf, run: String, program: &'static str) -> Self {
        Self::writes(folder, run, None, program)
    }

    /// A run that takes another one back.
    pub(in crate::cli) fn rollback(
        folder: PathBuf,
        (run, back): (String, String),
        program: &'static str,
    ) -> Self {
        Self::writes(folder, run, Some(back), program)
    }

    fn writes(folder: PathBuf, run: String, back: Option<String>, program: &'static str) -> Self {
        *writes() = Some(Writes {
            folder,
            run,
            back,
            program,
        });
        Self(())
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        *writes() = None;
    }
}

/// Says what the run has changed so far and both ways on, where one writes.
pub(in crate::cli) fn interrupted() {
    let guard = writes();
    let Some(it) = guard.as_ref() else { return };
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{}", it.told());
}

impl Writes {
    fn told(&self) -> String {
        let (run, program) = (&self.run, self.program);
        let ways = match &self.back {
            Some(back) => format!(
                "  `{program} rollback {back}` again looks up what it has done, and takes back what \
                 is left"
            ),
            None => format!(
                "  `{program} rollback {run}` takes it back; `{program} apply` again looks up what \
                 it has done, watches that and goes on"
            ),
        };
        let Ok(kept) = Book::look(&self.folder) else {
            return format!(
                "run {run} was interrupted, and its log cannot be read: it may have changed the \
                 cluster\n{ways}"
            );
        };
        let all = runs(&kept.lines);
        let Some(own) = all.iter().find(|it| it.id == *run) else {
            return format!("run {run} was interrupted before it wrote anything");
        };
        let left = own.left();
        let open = own.writes.iter().filter(|it| it.became.is_none());
        let open: Vec<String> = open.map(|it| it.intent.target.object.to_string()).collect();
        if left.is_empty() && open.is_empty() {
            return format!("run {run} was interrupted: nothing is changed");
        }
        let mut text = format!(
            "run {run} was interrupted: {} {}, and nobody watches that now",
            count(left.len(), "object"),
            self.back.as_ref().map_or("changed", |_| "restored"),
        );
        for (_, write) in left.iter().rev() {
            text += "\n  ";
            text += &escape(&write.object.to_string());
        }
        for object in open {
            text += "\n  ";
            text += &escape(&object);
            text += ": may be changed, no answer came yet";
        }
        format!("{text}\n{ways}")
    }
}
