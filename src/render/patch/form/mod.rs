//! Ways to write a change down, one file each.

use std::io::{self, Write};

mod apply;
mod command;
mod json_patch;
mod kustomize;
mod resize;
mod set;
mod strategic;
mod vpa;

pub(in crate::render) use apply::{APPLY, DIFF};
pub(super) use command::at_home;

use super::frame::File;
use crate::change::Change;
use crate::snapshot::Workload;

/// How texts of changes stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// YAML documents.
    Documents,
    /// Lines of a shell script.
    Commands,
    /// Entries of one document.
    List,
}

/// One way to write a change down.
///
/// Implement it in a new file of this folder and add the value to [`ALL`].
pub trait Form: Sync {
    /// The `--output` value. Never renamed.
    fn name(&self) -> &'static str;
    /// One line for the help.
    fn summary(&self) -> &'static str;
    fn kind(&self) -> Kind;
    /// Lines that say how to use it: of one file of several with this name, or of all. Where
    /// each file has a command of its own it says so itself.
    fn usage(&self, file: &str, alone: bool) -> Vec<String>;
    /// Whether pods are made anew when it is used.
    fn restarts(&self) -> bool {
        true
    }
    /// What stands before the first of so many changes in a stream.
    fn opening(&self, changes: usize) -> String {
        let _ = changes;
        String::new()
    }
    /// Whether it leaves fields to those who own them.
    fn leaves_owners(&self) -> bool {
        true
    }
    /// Objects that it changes; none where it only says how to.
    fn objects(&self, change: &Change<'_>) -> usize {
        1 + usize::from(change.autoscaler.is_some())
    }
    /// When the money comes, where that is not when it is applied.
    fn condition(&self) -> &'static str {
        ""
    }
    /// What of the advice it leaves undone.
    fn undone(&self, change: &Change<'_>) -> Option<String> {
        let _ = change;
        None
    }
    /// The change, into a stream or into a file of its own.
    fn write(&self, change: &Change<'_>, sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()>;
    /// Of files of their own, how they end.
    fn extension(&self) -> &'static str {
        match self.kind() {
            Kind::Documents | Kind::List => "yaml",
            Kind::Commands => "sh",
        }
    }
    /// A file beside those of the changes: its name and text.
    fn beside(
        &self,
        files: &[File],
        changes: &[Change<'_>],
        workloads: &[Workload],
    ) -> Option<(String, String)> {
        let _ = (files, changes, workloads);
        None
    }
}

/// What a change is written on.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    /// The file of its own; `None` in a stream of all.
    pub file: Option<&'a str>,
    /// All that runs.
    pub workloads: &'a [Workload],
}

/// Every form, in the order shown to users; the first is the default.
pub static ALL: &[&dyn Form] = &[
    &apply::Apply,
    &strategic::Strategic,
    &json_patch::JsonPatch,
    &kustomize::Kustomize,
    &vpa::Vpa,
    &resize::Resize,
    &set::Set,
];

/// The form of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Form> {
    ALL.iter().copied().find(|form| form.name() == name)
}
