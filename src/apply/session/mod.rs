//! One run: each write between two lines of the log, each wave followed until it is well.

mod follow;
mod recover;
mod restore;

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Why;
use super::freeze;
use super::log::{Action, Actor, Became, Book, Ended, Event, Intent, LogError};
use super::plan::{AUTOSCALER, Step, Write, rolling};
use super::rules::{CLOSED, Rules};
use super::server::{Put, Refusal, Server};
use super::throttle::Throttle;
use crate::collect::kubernetes::KubernetesError;
use crate::progress::Progress;
use follow::Followed;

pub use recover::Recovered;

/// How long a run waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a rollout may take.
    pub rollout: Duration,
    /// How long pods are watched once it is through.
    pub watch: Duration,
}

/// What ends a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    #[error(transparent)]
    Log(#[from] LogError),
    /// The cluster that is to be written to cannot be reached.
    #[error(transparent)]
    Cluster(#[from] KubernetesError),
    /// Nobody knows whether the last write is there.
    #[error("{}", why.text)]
    Lost { why: Why },
    /// What there is to change could not be read.
    #[error("{}", why.text)]
    Server { why: Why },
}

impl From<Refusal> for ApplyError {
    fn from(refusal: Refusal) -> Self {
        Self::Server { why: refusal.why }
    }
}

impl ApplyError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Log(error) => Some(error.hint()),
            Self::Cluster(error) => error.hint_to_write(),
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
    /// All but fields that somebody has changed since.
    Partly,
    Already,
    Refused,
    RolledBack,
    /// It should have been rolled back, and could not.
    LeftBehind,
    /// The owner stopped it while the run went on: its window closed, or it was frozen.
    LeftAlone,
    NotTried,
}

impl State {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Partly => "partly",
            Self::Already => "already",
            Self::Refused => "refused",
            Self::RolledBack => "rolled_back",
            Self::LeftBehind => "left_behind",
            Self::LeftAlone => "left_alone",
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
    /// What the owner lets it do, looked at before each change; nothing bounds what takes back.
    pub rules: Option<&'a Rules>,
    /// Where throttling is read from while pods are watched.
    pub throttle: Option<&'a Throttle>,
    /// The number of the next write.
    pub next: u64,
}

/// Why the server would not take a write; `None` where it would. Nothing is written.
///
/// # Errors
///
/// Where no answer came.
pub async fn refused(server: &Server<'_>, write: &Write) -> Result<Option<Why>, ApplyError> {
    match server.try_out(write).await {
        Ok(_) => Ok(None),
        Err(refusal) if refusal.open => Err(refusal.into()),
        Err(refusal) => Ok(Some(refusal.why)),
    }
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
                    Ok(Ok(before)) => {
                        let done = self.write(*place, step).await?;
                        if done.0.state == State::Applied {
                            followed.extend(before);
                        }
                        done
                    }
                    Ok(Err(why)) => {
                        let outcome = Outcome::of(State::LeftAlone, Some(why));
                        (outcome, Vec::new())
                    }
                    // What cannot be followed is not begun.
                    Err(refusal) => {
                        let outcome = Outcome::of(State::Refused, Some(refusal.why));
                        (outcome, Vec::new())
                    }
                };
                outcomes[*place] = outcome;
                there.push((*place, written));
            }
            let written: Vec<usize> = wave
                .iter()
                .copied()
                .filter(|place| outcomes[*place].state == State::Applied)
                .collect();
            if wave
                .iter()
                .all(|place| outcomes[*place].state == State::LeftAlone)
            {
                continue;
            }
            let (ill, seconds) = self.judged(&written, &followed).await?;
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
        let waits = |it: &Outcome| it.why.as_ref().is_some_and(|why| why.code == CLOSED);
        let all = !outcomes.iter().any(waits);
        self.end(if all { Ended::Done } else { Ended::Stopped })?;
        Ok(outcomes)
    }

    /// What is followed of a step, with what its pods have restarted before it; or why its
    /// owner does not let it begin now.
    async fn before(
        &self,
        place: usize,
        step: &Step,
    ) -> Result<Result<Vec<Followed>, Why>, Refusal> {
        let closed = || self.rules.and_then(|rules| rules.closed(Timestamp::now()));
        if let Some(why) = closed() {
            return Ok(Err(why));
        }
        let mut followed = Vec::new();
        for write in &step.writes {
            followed.extend(self.watched(place, &step.workload, &write.object).await?);
        }
        if let Some(why) = self.frozen(step).await? {
            return Ok(Err(why));
        }
        // All of that takes its time.
        Ok(closed().map_or(Ok(followed), Err))
    }

    /// That an owner stops kcost by anything that a step is about.
    async fn frozen(&self, step: &Step) -> Result<Option<Why>, Refusal> {
        for write in &step.writes {
            let own = if write.object.kind == AUTOSCALER {
                "its autoscaler"
            } else {
                "it"
            };
            let object = self.server.get(&write.object).await?;
            let borrower = match rolling(&step.workload, &write.object) {
                Some(borrower) => self.server.get(&borrower).await?,
                None => None,
            };
            let objects = [(own, object.as_ref()), ("it", borrower.as_ref())];
            if let Some(why) = freeze::frozen(objects) {
                return Ok(Some(why));
            }
        }
        let Some(first) = step.writes.first() else {
            return Ok(None);
        };
        let namespace = self.server.namespace(&first.object.namespace).await?;
        Ok(freeze::frozen([("its namespace", namespace.as_ref())]))
    }

    /// Follows what has changed together, and writes down whether it is well. Gives what is
    /// not, and how long that took.
    async fn judged(
        &mut self,
        steps: &[usize],
        followed: &[Followed],
    ) -> Result<(Option<Why>, u64), LogError> {
        let begun = Instant::now();
        let ill = self.follow(followed).await;
        let seconds = begun.elapsed().as_secs();
        self.add(Event::Health {
            steps: steps.to_vec(),
            healthy: ill.is_none(),
            why: ill.as_ref().map(|why| why.text.clone()),
            seconds,
        })?;
        Ok((ill, seconds))
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
                    let state = if why.code == freeze::CODE {
                        State::LeftAlone
                    } else {
                        State::Refused
                    };
                    return Ok((Outcome::of(state, Some(why)), Vec::new()));
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
        let put = if self.rules.is_some() && !at.undo {
            self.server.change(write).await
        } else {
            self.server.restore(write).await
        };
        let put = match put {
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
        Ok(if !write.is_of(&object) {
            Became::FoundNotApplied
        } else if write.is_in(&object) {
            Became::FoundApplied
        } else if write.is_not_in(&object) {
            Became::FoundNotApplied
        } else {
            Became::FoundOther
        })
    }
}
