//! What a log says of runs: what each wrote, and what of that is left.

use jiff::Timestamp;

use super::{Action, Actor, Became, Ended, Event, Intent, Line};
use crate::apply::plan::Write;

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: String,
    pub action: Action,
    /// The run that it took back.
    pub of: Option<String>,
    pub started: Timestamp,
    pub actor: Actor,
    /// `None` where it was ended from outside.
    pub ended: Option<Ended>,
    pub writes: Vec<Done>,
    /// Workloads of which it was seen that they are well, or not.
    pub judged: Vec<usize>,
}

/// One write, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub intent: Intent,
    /// `None` where the run was ended before that was known.
    pub became: Option<Became>,
}

/// The runs of a log, the oldest first.
pub fn runs(lines: &[Line]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for line in lines {
        if let Event::Start { action, of, .. } = &line.event {
            runs.push(Run {
                id: line.run.clone(),
                action: *action,
                of: of.clone(),
                started: line.time,
                actor: line.actor.clone(),
                ended: None,
                writes: Vec::new(),
                judged: Vec::new(),
            });
            continue;
        }
        let Some(run) = runs.iter_mut().rev().find(|run| run.id == line.run) else {
            continue;
        };
        match &line.event {
            Event::Intent(intent) => run.writes.push(Done {
                intent: intent.clone(),
                became: None,
            }),
            Event::Outcome { write, result, .. } => {
                let mut writes = run.writes.iter_mut().rev();
                if let Some(done) = writes.find(|it| it.intent.write == *write) {
                    done.became = Some(*result);
                }
            }
            Event::Health { steps, .. } => run.judged.extend(steps),
            Event::End { result } => run.ended = Some(*result),
            Event::Start { .. } | Event::Mended { .. } => {}
        }
    }
    runs
}

impl Run {
    /// What the run has left behind, as writes from what was before to what is there now;
    /// the last first, so that they are taken back in the other order.
    pub fn left(&self) -> Vec<(String, Write)> {
        self.left_of(|_| true)
    }

    /// The same of one of its workloads.
    pub fn left_of_step(&self, step: usize) -> Vec<(String, Write)> {
        self.left_of(|intent| intent.step == step)
    }

    fn left_of(&self, wanted: impl Fn(&Intent) -> bool) -> Vec<(String, Write)> {
        let mut left: Vec<(String, Write)> = Vec::new();
        for Done { intent, became } in &self.writes {
            if !became.is_some_and(Became::is_there) || !wanted(intent) {
                continue;
            }
            let target = &intent.target;
            let is_it =
                |it: &(String, Write)| it.1.object == target.object && it.1.uid == target.uid;
            let place = left.iter().position(is_it).unwrap_or_else(|| {
                let write = Write {
                    object: target.object.clone(),
                    uid: target.uid.clone(),
                    verb: target.verb.back(),
                    fields: Vec::new(),
                };
                left.push((intent.workload.clone(), write));
                left.len() - 1
            });
            let fields = &mut left[place].1.fields;
            for field in &target.fields {
                match fields.iter_mut().find(|it| it.path == field.path) {
                    Some(held) => held.after.clone_from(&field.after),
                    None => fields.push(field.clone()),
                }
            }
        }
        for (_, write) in &mut left {
            write.fields.retain(|field| field.before != field.after);
            write.fields.sort_by(|a, b| a.path.cmp(&b.path));
        }
        left.retain(|(_, write)| !write.fields.is_empty());
        left.reverse();
        left
    }

    /// The workloads of which something is left but not all is there.
    pub fn halves(&self) -> Vec<usize> {
        let mut steps: Vec<usize> = self.writes.iter().map(|it| it.intent.step).collect();
        steps.sort_unstable();
        steps.dedup();
        steps.retain(|step| {
            let own = || self.writes.iter().filter(|it| it.intent.step == *step);
            let parts = own().next().map_or(0, |it| it.intent.parts);
            let is_there = |it: &&Done| {
                it.became
                    .is_some_and(|it| it.is_there() || it == Became::Already)
            };
            let there = own().filter(|it| !it.intent.undo).filter(is_there).count();
            let undone = own().any(|it| it.intent.undo);
            (there < parts || undone) && !self.left_of_step(*step).is_empty()
        });
        steps
    }

    /// Whole workloads that were written, and of which nobody knows whether they are well.
    pub fn unjudged(&self) -> Vec<usize> {
        let mut steps: Vec<usize> = self.writes.iter().map(|it| it.intent.step).collect();
        steps.sort_unstable();
        steps.dedup();
        steps.retain(|step| !self.judged.contains(step) && !self.left_of_step(*step).is_empty());
        steps
    }

    /// The number of the next write.
    pub fn next_write(&self) -> u64 {
        let last = self.writes.iter().map(|it| it.intent.write).max();
        last.map_or(0, |last| last + 1)
    }
}
