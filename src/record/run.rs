//! One run of kcost that records: rounds of samples until there is as much as was asked for.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::time::MissedTickBehavior;

use super::log::{Incident, Trouble};
use super::options::{RecordOptions, Recorded};
use super::session::{self, Session};
use super::state::{self, Objects};
use super::timeline::{self, Jump, Timeline};
use super::{RecordError, bundle, reading};
use crate::collect::kubernetes::{self, Connection, Failure};
use crate::collect::metrics_api::{self, PodMetrics};
use crate::collect::{live, resolve};
use crate::error::Error;
use crate::progress::{Progress, Task};
use crate::units::Span;

/// Shortest time between two readings of all objects for the sake of new pods.
const SOONEST: Duration = Duration::from_secs(60);

/// Begins a recording, or goes on with the one that is there.
///
/// # Errors
///
/// When the cluster or its metrics API cannot be read at the start, when what is
/// at `output` is no recording of this cluster, and when it cannot be written.
pub async fn record(options: &RecordOptions, progress: &dyn Progress) -> Result<Recorded, Error> {
    let mut found = bundle::open(&options.output)?;
    let mut done = Span::default();
    if let Some(found) = &mut found {
        done = state::covered(&found.snapshot, &found.tail);
        if done >= options.length {
            return Ok(Recorded {
                snapshot: session::complete(found, options)?,
                already: true,
            });
        }
    }
    let started = Instant::now();
    let connection = kubernetes::connect(&options.cluster, progress).await?;
    if !metrics_api::is_served(&connection) {
        return Err(RecordError::NoMetrics.into());
    }
    let first = metrics_api::pods(&connection, &options.scope, progress).await;
    refuse(&first)?;
    let objects = objects(&connection, options, progress).await?;
    // A clock that is wrong does not take the recording with it.
    let held = found.as_ref().and_then(|found| found.tail.at);
    let base = timeline::vote(Timestamp::now(), reading::median(&first.0), held);
    let session = Session::begin(options, found, objects, base)?;
    let run = Run {
        options,
        progress,
        started,
        timeline: Timeline::new(base, started.elapsed()),
        connection,
        refreshed: started.elapsed(),
        left: Span::from_secs(options.length.as_secs() - done.as_secs()),
    };
    run.sample(session, first).await
}

/// A way to the metrics API that will not open by itself ends the recording
/// before it begins.
fn refuse((pods, failures): &(Vec<PodMetrics>, Vec<Failure>)) -> Result<(), RecordError> {
    let codes = || failures.iter().map(Failure::code);
    if !pods.is_empty() || failures.is_empty() {
        return Ok(());
    }
    if codes().all(|code| code == Some(404)) {
        return Err(RecordError::NoMetrics);
    }
    let forbidden = failures.iter().find(|failure| failure.code() == Some(403));
    match forbidden {
        Some(failure) if codes().all(|code| code == Some(403)) => Err(RecordError::Forbidden {
            text: failure.to_string(),
            rule: metrics_api::rule().to_string(),
        }),
        _ => Ok(()),
    }
}

async fn objects(
    connection: &Connection,
    options: &RecordOptions,
    progress: &dyn Progress,
) -> Result<Objects, Error> {
    let listed = kubernetes::list(connection, &options.scope, progress).await;
    let (mut objects, mut gaps) = listed?;
    live::name(&mut objects, connection);
    let resolved = resolve(objects);
    gaps.extend(resolved.gaps.iter().cloned());
    gaps.sort();
    gaps.dedup();
    Ok(Objects { resolved, gaps })
}

/// One run of kcost that records.
struct Run<'a> {
    options: &'a RecordOptions,
    progress: &'a dyn Progress,
    started: Instant,
    timeline: Timeline,
    connection: Connection,
    /// When objects were last read, as [`Timeline`] counts.
    refreshed: Duration,
    /// How much is to be recorded in this run.
    left: Span,
}

impl Run<'_> {
    async fn sample(
        mut self,
        mut session: Session,
        first: (Vec<PodMetrics>, Vec<Failure>),
    ) -> Result<Recorded, Error> {
        let every = Duration::from(self.options.every);
        let rounds = self
            .left
            .as_secs()
            .div_ceil(self.options.every.as_secs().max(1));
        let rounds = u64::from(rounds);
        let task = self.progress.task("recording", Some(rounds));
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks.tick().await;
        let began = self.started.elapsed();
        let mut answer = first;
        let mut done = 0;
        loop {
            self.round(&mut session, answer, &*task)?;
            // Rounds that were due, of which some may have been skipped: a tick may
            // come a little early or late.
            let passed = self.started.elapsed().saturating_sub(began) + every / 2;
            let due = u64::try_from(passed.as_millis() / every.as_millis().max(1));
            let due = due.unwrap_or(u64::MAX).saturating_add(1);
            task.advance(due.saturating_sub(done));
            done = due.max(done);
            if done >= rounds {
                break;
            }
            self.refresh_if_due(&mut session).await?;
            ticks.tick().await;
            self.connection.deadline.restart();
            answer = metrics_api::pods(&self.connection, &self.options.scope, self.progress).await;
        }
        let objects = self.read_objects().await;
        let now = self.timeline.now(self.started.elapsed());
        Ok(Recorded {
            snapshot: session.finish(objects, now)?,
            already: false,
        })
    }

    fn round(
        &mut self,
        session: &mut Session,
        (pods, failures): (Vec<PodMetrics>, Vec<Failure>),
        task: &dyn Task,
    ) -> Result<(), Error> {
        let ran = self.started.elapsed();
        let jump = self
            .timeline
            .check(ran, Timestamp::now(), reading::median(&pods));
        let now = self.timeline.now(ran);
        let mut incidents: Vec<Incident> = jump.map(|jump| told(&jump, now)).into_iter().collect();
        let mut causes: Vec<String> = failures.iter().map(ToString::to_string).collect();
        if pods.is_empty() && failures.is_empty() {
            causes.push("it knows no pods".to_owned());
        }
        causes.dedup();
        let missed = |cause: String| Incident::new(Trouble::Missed, cause, now);
        incidents.extend(causes.into_iter().map(missed));
        session.take(&pods, incidents, now)?;
        task.describe(&format!(
            "recording {} pods, {} samples",
            pods.len(),
            session.state().samples
        ));
        Ok(())
    }

    async fn refresh_if_due(&mut self, session: &mut Session) -> Result<(), Error> {
        let since = self.started.elapsed().saturating_sub(self.refreshed);
        let refresh = Duration::from(self.options.refresh);
        let strangers = session.state().has_strangers() && since >= SOONEST.min(refresh);
        if since < refresh && !strangers {
            return Ok(());
        }
        let objects = self.read_objects().await;
        let now = self.timeline.now(self.started.elapsed());
        session.checkpoint(objects, now)?;
        self.progress.detail(&format!(
            "wrote tables: {} samples, {} workloads",
            session.state().samples,
            session.state().snapshot.workloads.len()
        ));
        Ok(())
    }

    /// Objects as they are now, over a new connection with new credentials;
    /// a text where they cannot be read.
    async fn read_objects(&mut self) -> Result<Objects, String> {
        self.refreshed = self.started.elapsed();
        self.connection.deadline.restart();
        let connection = kubernetes::connect(&self.options.cluster, self.progress).await;
        self.connection = connection.map_err(|error| error.to_string())?;
        let objects = objects(&self.connection, self.options, self.progress).await;
        objects.map_err(|error| error.to_string())
    }
}

fn told(jump: &Jump, now: Timestamp) -> Incident {
    match jump {
        Jump::Slept { from, to } => {
            let text = "this machine was asleep";
            Incident::new(Trouble::Paused, text, *to).since(*from)
        }
        Jump::Clock { seconds } => Incident::new(Trouble::Clock, format!("{seconds} s"), now),
    }
}
