//! A run that was ended from outside, brought to an end by a later one.

use super::{ApplyError, Place, Session};
use crate::apply::Why;
use crate::apply::log::{Action, Became, Done, Ended, Event, Intent, Run};
use crate::apply::plan::Write;

impl Session<'_> {
    /// Closes a run that was ended from outside: looks up what it may have done, takes back
    /// what it did by half, and follows what nobody has seen well where that is asked for.
    /// Gives what is left of it.
    pub async fn recover(
        &mut self,
        run: &mut Run,
        judge: bool,
    ) -> Result<Vec<(String, Write)>, ApplyError> {
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
        if judge && run.action == Action::Apply {
            self.judge(run).await?;
        }
        self.end(Ended::Interrupted)?;
        run.ended = Some(Ended::Interrupted);
        Ok(run.left())
    }

    /// Follows what an interrupted run has written last.
    async fn judge(&mut self, run: &mut Run) -> Result<(), ApplyError> {
        let steps = run.unjudged();
        let mut followed = Vec::new();
        for step in &steps {
            for (workload, write) in run.left_of_step(*step) {
                followed.extend(self.watched(*step, &workload, &write.object).await?);
            }
        }
        let (ill, _) = self.judged(&steps, &followed).await?;
        if let Some(why) = ill {
            for step in steps.into_iter().rev() {
                self.undo(run, step, &why).await?;
            }
        }
        Ok(())
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
        }
        Ok(())
    }
}
