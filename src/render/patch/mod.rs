//! What to change, in the forms that kubectl, kustomize and others take.
//!
//! Every form is one file of [`form`]: a text a change. What stands around it, who changes
//! and why and what it is worth, is written here for all of them.

use std::cmp::Reverse;
use std::io;

mod applied;
mod form;
mod frame;
mod json;
mod placed;
mod restored;
mod runs;

pub use applied::{Applied, applied_json, applied_outcome, applied_plan};
pub use form::{ALL as FORMS, Form, Sheet, by_name as form_by_name};
pub use frame::{File, patch_files, patch_stream};
pub use json::patch_json;
pub use placed::{placed_markdown, placed_text};
pub use restored::{restored_json, restored_text};
pub use runs::{runs_json, runs_text};

pub(super) use form::{APPLY, DIFF};

use super::pick::Row;
use super::{Fleet, Look, Renderer};
use crate::change::{Change, Unplaced, changes};
use crate::pipeline::Analysis;
use crate::price::Bill;
use crate::schedule::Peak;
use crate::snapshot::{Snapshot, Workload};
use crate::text::escape;

/// Changes, and what there is to say of them.
pub struct Patches<'a> {
    analysis: &'a Analysis<'a>,
    snapshot: &'a Snapshot,
    bill: &'a Bill,
    changes: Vec<Change<'a>>,
    unplaced: Vec<Unplaced<'a>>,
}

impl<'a> Patches<'a> {
    /// Of the workloads that the view lists, in its order; of these alone where `only` says
    /// so, one `bool` for each workload of the snapshot.
    pub fn new(analysis: &'a Analysis<'a>, look: &Look, only: Option<&[bool]>) -> Self {
        let rows = look.view.to_change(analysis);
        let wanted = |row: &&Row<'_>| {
            only.is_none_or(|only| only.get(row.advice.workload).copied().unwrap_or(false))
        };
        let advice = rows.iter().filter(wanted).map(|row| row.advice);
        let (changes, unplaced) = changes(&analysis.snapshot.workloads, advice);
        Self {
            analysis,
            snapshot: analysis.snapshot,
            bill: &analysis.bill,
            changes,
            unplaced,
        }
    }

    /// The peak that the sizes of a workload do not hold, and what covers it.
    fn peak(&self, workload: usize) -> Option<String> {
        self.analysis.peak_of(workload).map(Peak::text)
    }

    /// What changes, in the order of the view.
    pub fn changes(&self) -> &[Change<'a>] {
        &self.changes
    }

    /// The same with custom resources that take sizes from a field of their own, for whoever
    /// changes objects or files and not pod templates alone.
    #[must_use]
    pub fn with_homes(mut self) -> Self {
        for unplaced in std::mem::take(&mut self.unplaced) {
            let (change, rest) = unplaced.homed();
            self.changes.extend(change);
            self.unplaced.extend(rest);
        }
        self
    }

    /// Places of changes: what gets more first, then what is in danger, then what frees the
    /// most.
    pub fn by_urgency(&self) -> Vec<usize> {
        let key = |place: &usize| {
            let change = &self.changes[*place];
            let bill = self.bill.workloads.get(change.advice.workload);
            let worth = bill.map(|it| (it.severity, it.savings()));
            (!change.rises(), Reverse(worth), *place)
        };
        let mut places: Vec<usize> = (0..self.changes.len()).collect();
        places.sort_by_key(key);
        places
    }

    /// All that runs, whether it changes or not.
    pub fn workloads(&self) -> &'a [Workload] {
        &self.snapshot.workloads
    }
}

/// `analyze -o patch`: the first form.
pub(super) struct Patch;

impl Renderer for Patch {
    fn name(&self) -> &'static str {
        "patch"
    }

    fn summary(&self) -> &'static str {
        "YAML for `kubectl apply --server-side`, only what changes"
    }

    fn render(
        &self,
        analysis: &Analysis<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        patch_stream(FORMS[0], &Patches::new(analysis, look, None), out)
    }

    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        for analysis in fleet.analyses() {
            let name = escape(&analysis.snapshot.cluster.name);
            writeln!(
                out,
                "# Cluster {name}: apply this part to this cluster only."
            )?;
            self.render(analysis, look, out)?;
        }
        Ok(())
    }
}
