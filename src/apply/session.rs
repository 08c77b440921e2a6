//! One run: each write between two lines of the log, each wave followed until it is well.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::sleep;

use super::Why;
use super::field::same;
use super::health::{self, Restarts, Rollout};
use super::log::{Action, Actor, Became, Book, Done, Ended, Event, Intent, LogError, Run};
use super::plan::{Object, Step, Write};
use super::server::{Put, Refusal, Server};
use crate::progress::Progress;

/// How long a run waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a rollout may take.
    pub rollout: Duration,
    /// How long pods are watched once it is through.
    pub watch: Duration,
}

/// First and longest pause between two looks at a rollout.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// What has no rollout.
const AUTOSCALER: &str = "HorizontalPodAutoscaler";

/// What ends a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    #[error(transparent)]
    Log(#[from] LogError),
    /// Nobody knows whether the last write is there.
    #[error("{}", why.text)]
    Lost { why: Why },
    /// What there is to change could not be read.
    #[error("{}", why.text)]
    Server { why: Why },
}

impl ApplyError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Log(error) => Some(error.hint()),
            Self::Lost { .. } => Some(
                "run again: what was written is looked up first, from the audit log".to_owned(),
            ),
            Self::Server { .. } => None,
        }
    }
}

/// What became of one workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Applied,
    Already,
    Refused,
    RolledBack,
    /// It should have been rolled back, and could not.
    LeftBehind,
    NotTried,
}

impl State {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Already => "already",
            Self::Refused => "refused",
            Self::RolledBack => "rolled_back",
            Self::LeftBehind => "left_behind",
            Self::NotTried => "not_tried",
        }
    }

    /// Whether it is as it was wanted.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Applied | Self::Already)
    }
}

/// What became of one workload, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub state: State,
    pub why: Option<Why>,
    /// How long it took until it was well.
    pub seconds: Option<u64>,
}

impl Outcome {
    fn of(state: State, why: Option<Why>) -> Self {
        Self {
            state,
            why,
            seconds: None,
        }
    }
}

/// A run that writes.
pub struct Session<'a> {
    pub server: &'a Server<'a>,
    pub book: &'a mut Book,
    pub actor: Actor,
    pub run: String,
    pub pace: Pace,
    pub progress: &'a dyn Progress,
    /// The number of the next write.
    pub next: u64,
}

/// A workload that is followed.
struct Followed {
    step: usize,
    name: String,
    object: Object,
    selector: Option<String>,
    before: Restarts,
    through: bool,
}

/// One write in its run.
#[derive(Clone, Copy)]
struct Place<'a> {
    step: usize,
    parts: usize,
    workload: &'a str,
    reasons: &'a [String],
    undo: bool,
}

impl Session<'_> {
    /// Begins the run in the log.
    pub fn begin(
        &mut self,
        action: Action,
        of: Option<&str>,
        steps: usize,
    ) -> Result<(), LogError> {
        let of = of.map(str::to_owned);
        self.add(Event::Start { action, of, steps })
    }

    /// Ends it.
    pub fn end(&mut self, result: Ended) -> Result<(), LogError> {
        self.add(Event::End { result })
    }

    fn add(&mut self, event: Event) -> Result<(), LogError> {
        self.book.add(&self.run, &self.actor, event).map(|_| ())
    }

    /// Writes wave by wave, and stops where one is not well: that wave is rolled back.
    pub async fn apply(
        &mut self,
        steps: &[Step],
        waves: &[Vec<usize>],
    ) -> Result<Vec<Outcome>, ApplyError> {
        let mut outcomes = vec![Outcome::of(State::NotTried, None); steps.len()];
        for (number, wave) in waves.iter().enumerate() {
            let label = format!("wave {} of {}", number + 1, waves.len());
            let _task = self.progress.task(&label, None);
            let (mut followed, mut there) = (Vec::new(), Vec::new());
            for place in wave {
                let step = &steps[*place];
                let (outcome, written) = match self.before(*place, step).await {
                    Ok(before) => {
                        let done = self.write(*place, step).await?;
                        if done.0.state == State::Applied {
                            followed.extend(before);
                        }
                        done
                    }
                    // What cannot be followed is not begun.
                    Err(why) => (Outcome::of(State::Refused, Some(why)), Vec::new()),
                };
                outcomes[*place] = outcome;
                there.push((*place, written));
            }
            let begun = Instant::now();
            let ill = self.follow(&mut followed).await;
            let seconds = begun.elapsed().as_secs();
            let written: Vec<usize> = wave
                .iter()
                .copied()
                .filter(|place| outcomes[*place].state == State::Applied)
                .collect();
            self.add(Event::Health {
                steps: written.clone(),
                healthy: ill.is_none(),
                why: ill.as_ref().map(|why| why.text.clone()),
                seconds,
            })?;
            for place in &written {
                outcomes[*place].seconds = Some(seconds);
            }
            if let Some(why) = ill {
                for (place, writes) in there.iter().rev() {
                    if outcomes[*place].state == State::Applied {
                        let step = &steps[*place];
                        outcomes[*place] = self.take_back((*place, step), writes, &why).await?;
                    }
                }
                self.settle_down(&mut followed).await;
                self.end(Ended::Stopped)?;
                return Ok(outcomes);
            }
        }
        self.end(Ended::Done)?;
        Ok(outcomes)
    }

    /// What is followed of a step, with what its pods have restarted before it.
    async fn before(&self, place: usize, step: &Step) -> Result<Vec<Followed>, Why> {
        let mut followed = Vec::new();
        for write in step.writes.iter().filter(|it| it.object.kind != AUTOSCALER) {
            followed.extend(self.watched(place, &step.workload, &write.object).await?);
        }
        Ok(followed)
    }

    /// `None` where there is no rollout to follow.
    async fn watched(
        &self,
        step: usize,
        name: &str,
        object: &Object,
    ) -> Result<Option<Followed>, Why> {
        let live = self.server.get(object).await;
        let Some(live) = live.map_err(|refusal| refusal.why)? else {
            return Ok(None);
        };
        if health::is_on_delete(&live) || object.kind == "CronJob" {
            return Ok(None);
        }
        let selector = health::selector(&live);
        let pods = match &selector {
            Some(selector) => self.server.pods(&object.namespace, selector).await,
            None if object.kind == "Pod" => Ok(vec![live]),
            None => Ok(Vec::new()),
        };
        // Without them nobody knows what is new of what goes wrong.
        let pods = pods.map_err(|refusal| refusal.why)?;
        Ok(Some(Followed {
            step,
            name: name.to_owned(),
            object: object.clone(),
            selector,
            before: health::restarts(&pods),
            through: false,
        }))
    }

    /// Writes all of a step, or nothing of it; gives what it has written.
    async fn write<'s>(
        &mut self,
        place: usize,
        step: &'s Step,
    ) -> Result<(Outcome, Vec<&'s Write>), ApplyError> {
        let mut written = Vec::new();
        for write in &step.writes {
            let at = Place {
                step: place,
                parts: step.writes.len(),
                workload: &step.workload,
                reasons: &step.reasons,
                undo: false,
            };
            match self.put(write, at).await? {
                Ok(Put::Written) => written.push(write),
                Ok(Put::Already) => {}
                Err(why) => {
                    let at = Place { undo: true, ..at };
                    for write in written.into_iter().rev() {
                        if let Err(worse) = self.put(&write.turned(), at).await? {
                            let behind = Outcome::of(State::LeftBehind, Some(worse));
                            return Ok((behind, Vec::new()));
                        }
                    }
                    return Ok((Outcome::of(State::Refused, Some(why)), Vec::new()));
                }
            }
        }
        let state = if written.is_empty() {
            State::Already
        } else {
            State::Applied
        };
        Ok((Outcome::of(state, None), written))
    }

    /// Rolls a step back because its wave is not well.
    async fn take_back(
        &mut self,
        (place, step): (usize, &Step),
        writes: &[&Write],
        why: &Why,
    ) -> Result<Outcome, ApplyError> {
        let at = Place {
            step: place,
            parts: step.writes.len(),
            workload: &step.workload,
            reasons: std::slice::from_ref(&why.text),
            undo: true,
        };
        for write in writes.iter().rev() {
            if let Err(worse) = self.put(&write.turned(), at).await? {
                return Ok(Outcome::of(State::LeftBehind, Some(worse)));
            }
        }
        Ok(Outcome::of(State::RolledBack, Some(why.clone())))
    }

    /// Brings single objects back to what they were; each stands for itself.
    pub async fn restore(&mut self, left: &[(String, Write)]) -> Result<Vec<Outcome>, ApplyError> {
        let mut outcomes = Vec::new();
        let mut followed = Vec::new();
        for (place, (workload, write)) in left.iter().enumerate() {
            let at = Place {
                step: place,
                parts: 1,
                workload,
                reasons: &[],
                undo: false,
            };
            // What goes back goes back, whether it can be followed or not.
            let before = self.watched(place, workload, &write.object).await;
            let before = before.ok().flatten();
            let outcome = match self.put(&write.turned(), at).await? {
                Ok(Put::Written) => Outcome::of(State::Applied, None),
                Ok(Put::Already) => Outcome::of(State::Already, None),
                Err(why) => Outcome::of(State::Refused, Some(why)),
            };
            if outcome.state == State::Applied && write.object.kind != AUTOSCALER {
                followed.extend(before);
            }
            outcomes.push(outcome);
        }
        let begun = Instant::now();
        self.settle_down(&mut followed).await;
        for it in followed.iter().filter(|it| it.through) {
            outcomes[it.step].seconds = Some(begun.elapsed().as_secs());
        }
        let all = outcomes.iter().all(|it| it.state.is_done());
        self.end(if all { Ended::Done } else { Ended::Stopped })?;
        Ok(outcomes)
    }

    /// One write between its two lines. Where no answer came, the server is asked what is
    /// there; where that brings none either, the run ends as if it was ended from outside.
    async fn put(&mut self, write: &Write, at: Place<'_>) -> Result<Result<Put, Why>, ApplyError> {
        let number = self.next;
        self.next += 1;
        self.add(Event::Intent(Intent {
            write: number,
            step: at.step,
            parts: at.parts,
            workload: at.workload.to_owned(),
            undo: at.undo,
            target: write.clone(),
            reasons: at.reasons.to_vec(),
        }))?;
        let put = match self.server.put(write).await {
            Err(Refusal { why, open: true }) => match self.look(write).await {
                Ok(Became::FoundApplied) => Ok(Put::Written),
                Ok(_) => Err(why),
                Err(_) => return Err(ApplyError::Lost { why }),
            },
            put => put.map_err(|refusal| refusal.why),
        };
        let (result, error) = match &put {
            Ok(Put::Written) => (Became::Applied, None),
            Ok(Put::Already) => (Became::Already, None),
            Err(why) => (Became::Refused, Some(why.text.clone())),
        };
        self.add(Event::Outcome {
            write: number,
            result,
            error,
        })?;
        Ok(put)
    }

    /// What is there of a write of which nobody knows.
    async fn look(&self, write: &Write) -> Result<Became, Refusal> {
        let Some(object) = self.server.get(&write.object).await? else {
            return Ok(Became::FoundNotApplied);
        };
        if object["metadata"]["uid"].as_str().unwrap_or_default() != write.uid {
            return Ok(Became::FoundNotApplied);
        }
        let holds = |value: fn(&super::Field) -> Option<&Value>| {
            let mut fields = write.fields.iter();
            fields.all(|field| same(field.path.get(&object), value(field)))
        };
        Ok(if holds(|field| field.after.as_ref()) {
            Became::FoundApplied
        } else if holds(|field| field.before.as_ref()) {
            Became::FoundNotApplied
        } else {
            Became::FoundOther
        })
    }

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
            let found = self.look(&write).await;
            let found = found.map_err(|refusal| ApplyError::Server { why: refusal.why })?;
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
                if write.object.kind != AUTOSCALER {
                    let watched = self.watched(*step, &workload, &write.object).await;
                    let watched = watched.map_err(|why| ApplyError::Server { why })?;
                    followed.extend(watched);
                }
            }
        }
        let begun = Instant::now();
        let ill = self.follow(&mut followed).await;
        self.add(Event::Health {
            steps: steps.clone(),
            healthy: ill.is_none(),
            why: ill.as_ref().map(|why| why.text.clone()),
            seconds: begun.elapsed().as_secs(),
        })?;
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

    /// Follows rollouts to their end and watches their pods. Says what is not well.
    async fn follow(&self, followed: &mut [Followed]) -> Option<Why> {
        if followed.is_empty() {
            return None;
        }
        let begun = Instant::now();
        let mut through_since: Option<Instant> = None;
        let mut pause = PAUSES.0;
        loop {
            let mut waits = None;
            for it in followed.iter_mut() {
                match self.look_after(it).await {
                    Ok(None) => it.through = true,
                    Ok(Some(what)) => {
                        it.through = false;
                        waits = Some(format!("{}: {what}", it.name));
                    }
                    Err(why) => return Some(why),
                }
            }
            match &waits {
                None => {
                    let since = *through_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= self.pace.watch {
                        return None;
                    }
                }
                Some(what) => {
                    if begun.elapsed() >= self.pace.rollout + self.pace.watch
                        || (through_since.is_none() && begun.elapsed() >= self.pace.rollout)
                    {
                        let span = self.pace.rollout.as_secs();
                        let text = format!("not through after {span} s: {what}");
                        return Some(Why::new("rollout", text));
                    }
                }
            }
            let left = through_since.map_or(self.pace.rollout, |since| {
                self.pace.watch.saturating_sub(since.elapsed())
            });
            sleep(pause.min(left.max(PAUSES.0))).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// What a workload waits for; `None` where its rollout is through and its pods are well.
    async fn look_after(&self, it: &Followed) -> Result<Option<String>, Why> {
        let object = match self.server.get(&it.object).await {
            Ok(Some(object)) => object,
            Ok(None) => {
                let text = format!("{} is gone", it.name);
                return Err(Why::new("gone", text));
            }
            // A server that is away for a moment says nothing of the workload.
            Err(refusal) if refusal.open => return Ok(Some(refusal.why.text)),
            Err(refusal) => return Err(refusal.why),
        };
        let pods = match &it.selector {
            Some(selector) => Some(self.server.pods(&it.object.namespace, selector).await),
            None if it.object.kind == "Pod" => Some(Ok(vec![object.clone()])),
            None => None,
        };
        if let Some(pods) = pods {
            match pods {
                Ok(pods) => {
                    if let Some(trouble) = health::trouble(&pods, &it.before, Timestamp::now()) {
                        let text = format!("{}: {trouble}", it.name);
                        return Err(Why::new("pods", text));
                    }
                }
                Err(refusal) if refusal.open => return Ok(Some(refusal.why.text)),
                Err(refusal) => return Err(refusal.why),
            }
        }
        match health::rollout(&object) {
            Rollout::Through => Ok(None),
            Rollout::Waiting(what) => Ok(Some(what)),
            Rollout::Failed(why) => {
                let text = format!("{}: {why}", it.name);
                Err(Why::new("rollout", text))
            }
        }
    }

    /// Waits until rollouts are through, whatever their pods do, as long as one may take.
    async fn settle_down(&self, followed: &mut [Followed]) {
        let begun = Instant::now();
        let mut pause = PAUSES.0;
        while begun.elapsed() < self.pace.rollout {
            let mut all = true;
            for it in followed.iter_mut() {
                let object = self.server.get(&it.object).await;
                let object = object.ok().flatten().unwrap_or_default();
                it.through = health::rollout(&object) == Rollout::Through;
                all &= it.through;
            }
            if all {
                return;
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }
}
