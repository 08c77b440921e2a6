//! A run that was ended from outside, brought to an end by a later one.

use super::{ApplyError, Place, Session};
use crate::apply::Why;
use crate::apply::log::{Action, Became, Done, Ended, Event, Intent, Run};
use crate::apply::plan::Write;
use crate::text::count;

/// What became of an interrupted run.
#[derive(Debug)]
pub struct Recovered {
    /// What it has changed, the last first.
    pub left: Vec<(String, Write)>,
    /// Workloads whose watch had not ended.
    waited: usize,
    /// What the watch that made up for it has seen; `None` where there was none.
    seen: Option<Result<(), Why>>,
}

impl Recovered {
    /// A sentence on the watch of the last wave; `None` where it had ended.
    pub fn unwatched(&self) -> Option<String> {
        if self.waited == 0 {
            return None;
        }
        let never = format!(
            "the watch of its last wave, {}, had never ended",
            count(self.waited, "workload")
        );
        Some(match &self.seen {
            None => format!("{never}: what that changed is unwatched"),
            Some(Ok(())) => {
                format!("{never}: it was watched anew, from now on, and nothing is wrong")
            }
            Some(Err(why)) => {
                format!("{never}: it was watched anew, and taken back: {}", why.text)
            }
        })
    }
}

impl Session<'_> {
    /// Closes a run that was ended from outside: looks up what it may have done, takes back
    /// what it did by half, and follows what nobody has seen well where that is asked for.
    /// Gives what is left of it.
    pub async fn recover(&mut self, run: &mut Run, judge: bool) -> Result<Recovered, ApplyError> {
        self.run.clone_from(&run.id);
        self.next = run.next_write();
        for place in 0..run.writes.len() {
            let Done { intent, became } = &run.writes[place];
            if became.is_some() {
                continue;
            }
            let (write, number) = (intent.target.clone(), intent.write);
            let found = self.look(&write).await?;
            self.add(Event::Outcome {
                write: number,
                result: found,
                error: None,
            })?;
            run.writes[place].became = Some(found);
        }
        let halves = match run.action {
            Action::Apply => run.halves(),
            // What is rolled back by half is rolled back further.
            Action::Rollback => Vec::new(),
        };
        for step in halves {
            let why = Why::new("interrupted", "the run was interrupted".to_owned());
            self.undo(run, step, &why).await?;
        }
        let (mut waited, mut seen) = (0, None);
        if run.action == Action::Apply {
            waited = run.unjudged().len();
            if judge {
                seen = Some(self.judge(run).await?);
            }
        }
        self.end(Ended::Interrupted)?;
        run.ended = Some(Ended::Interrupted);
        Ok(Recovered {
            left: run.left(),
            waited,
            seen,
        })
    }

    /// Follows what an interrupted run has written last.
    async fn judge(&mut self, run: &mut Run) -> Result<Result<(), Why>, ApplyError> {
        let steps = run.unjudged();
        let mut followed = Vec::new();
        for step in &steps {
            for (workload, write) in run.left_of_step(*step) {
                followed.extend(self.watched(*step, &workload, &write.object).await?);
            }
        }
        let (ill, _) = self.judged(&steps, &followed).await?;
        let Some(why) = ill else { return Ok(Ok(())) };
        for step in steps.into_iter().rev() {
            self.undo(run, step, &why).await?;
        }
        Ok(Err(why))
    }

    /// Takes back what is left of one workload of an earlier run.
    async fn undo(&mut self, run: &mut Run, step: usize, why: &Why) -> Result<(), ApplyError> {
        let left = run.left_of_step(step);
        for (workload, write) in &left {
            let at = Place {
                step,
                parts: left.len(),
                workload,
                reasons: std::slice::from_ref(&why.text),
                undo: true,
            };
            let back = write.turned();
            let number = self.next;
            let put = self.put(&back, at).await?;
            let fails = put.is_err();
            let became = match put {
                Ok(_) => Became::Applied,
                Err(_) => Became::Refused,
            };
            run.writes.push(Done {
                intent: Intent {
                    write: number,
                    step,
                    parts: left.len(),
                    workload: workload.clone(),
                    undo: true,
                    target: back,
                    reasons: Vec::new(),
                },
                became: Some(became),
            });
            // What was written before it belongs to it.
            if fails {
                break;
            }
        }
        Ok(())
    }
}
