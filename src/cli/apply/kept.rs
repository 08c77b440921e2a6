//! What a run that writes leaves in the history.

use super::plan::Plan;
use super::{ApplyArgs, Writing};
use crate::apply::Outcome;
use crate::apply::log::Run;
use crate::collect::kubernetes::ClusterOptions;
use crate::error::Error;
use crate::history::{Record, Tried, Written};
use crate::ui::Ui;

impl ApplyArgs {
    /// Writes down what became of runs that were ended before they could tell.
    pub(super) fn settle(
        &self,
        records: &[Record],
        all: &[Run],
        cluster: &ClusterOptions,
        ui: &Ui,
    ) -> Result<(), Error> {
        let Some(shelf) = self.learning.shelf() else {
            return Ok(());
        };
        for record in records {
            let open = record.applied.as_ref().filter(|it| it.is_open());
            let run = open.and_then(|it| all.iter().find(|run| run.id == it.run));
            if let Some((written, run)) = open.zip(run.filter(|run| run.ended.is_some())) {
                let applied = Some(of_interrupted(written, run));
                let record = Record {
                    applied,
                    ..record.clone()
                };
                shelf.keep(&record, cluster, ui)?;
            }
        }
        Ok(())
    }
}

impl Writing<'_> {
    /// Keeps a record of what is about to be written, so that a run which is ended at any
    /// moment is in the history.
    pub(super) async fn keep(&self, run: &str, plan: &Plan, ui: &Ui) -> Result<(), Error> {
        let Some(shelf) = self.args.learning.shelf() else {
            return Ok(());
        };
        let changes = plan.steps.iter().map(|it| it.change);
        let changes = changes.filter_map(|place| self.patches.changes().get(place));
        let begun = Written::begun(run, changes.map(|it| it.workload.id.clone()));
        let record = Record {
            applied: Some(begun),
            ..self.record.clone()
        };
        shelf.keep_within(&record, self.cluster, ui).await
    }

    /// What became of each workload, for the record of the run.
    pub(super) fn written(&self, run: &str, plan: &Plan, outcomes: &[Outcome]) -> Written {
        let each = plan.steps.iter().zip(outcomes);
        let tried = each.filter_map(|(step, outcome)| {
            let change = self.patches.changes().get(step.change)?;
            Some(Tried {
                id: change.workload.id.clone(),
                outcome: outcome.state.name().to_owned(),
            })
        });
        Written {
            run: run.to_owned(),
            workloads: tried.collect(),
        }
    }
}

/// What became of each workload of a run that could not tell, by the audit log.
fn of_interrupted(written: &Written, run: &Run) -> Written {
    let left = run.left();
    let tried = written.workloads.iter().map(|it| {
        let name = it.id.to_string();
        let outcome = if left.iter().any(|(workload, _)| *workload == name) {
            "applied"
        } else if run.writes.iter().any(|done| done.intent.workload == name) {
            "rolled_back"
        } else {
            "not_tried"
        };
        Tried {
            id: it.id.clone(),
            outcome: outcome.to_owned(),
        }
    });
    Written {
        run: written.run.clone(),
        workloads: tried.collect(),
    }
}
