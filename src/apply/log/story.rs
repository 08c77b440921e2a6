//! What a log says of runs: what each wrote, and what of that is left.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Action, Actor, Became, Ended, Event, Intent, Line};
use crate::apply::field::{Field, Path};
use crate::apply::plan::{Object, Verb, Write};

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

/// A field of an object that is meant by its uid.
type Key = (Object, String, Path);

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
        let mut fields: BTreeMap<Key, (Option<Value>, Option<Value>)> = BTreeMap::new();
        let mut order: Vec<(String, Object, String, Verb)> = Vec::new();
        for done in &self.writes {
            let there = done.became.is_some_and(Became::is_there);
            if !there || !wanted(&done.intent) {
                continue;
            }
            let Write {
                object, uid, verb, ..
            } = &done.intent.target;
            if !order.iter().any(|it| it.1 == *object && it.2 == *uid) {
                let workload = done.intent.workload.clone();
                order.push((workload, object.clone(), uid.clone(), *verb));
            }
            for field in &done.intent.target.fields {
                let key = (object.clone(), uid.clone(), field.path.clone());
                let held = fields
                    .entry(key)
                    .or_insert_with(|| (field.before.clone(), None));
                held.1.clone_from(&field.after);
            }
        }
        let left = order.into_iter().rev().filter_map(|it| {
            let (workload, object, uid, verb) = it;
            let own = fields.iter().filter(|(key, (before, after))| {
                key.0 == object && key.1 == uid && before != after
            });
            let fields: Vec<Field> = own
                .map(|(key, (before, after))| Field {
                    path: key.2.clone(),
                    before: before.clone(),
                    after: after.clone(),
                })
                .collect();
            let verb = match verb {
                Verb::Resize => Verb::Resize,
                Verb::Apply | Verb::Patch => Verb::Patch,
            };
            let write = Write {
                object,
                uid,
                verb,
                fields,
            };
            (!write.fields.is_empty()).then_some((workload, write))
        });
        left.collect()
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
