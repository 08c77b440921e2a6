//! A recording on disk: what is in memory is there too, before the next round.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::bundle::{self, Found};
use super::error::RecordError;
use super::log::{Incident, Log, Trouble, fold};
use super::options::RecordOptions;
use super::state::{Objects, State};
use crate::collect::metrics_api::PodMetrics;
use crate::error::Error;
use crate::snapshot::{BundleError, Snapshot};

/// Samples may be so much older than when they are read, in seconds; what is
/// older goes into the tables.
const OPEN: i64 = 180;

pub(super) struct Session {
    state: State,
    log: Log,
    output: PathBuf,
}

impl Session {
    /// Writes the first tables of this run, so that nothing is sampled in vain.
    pub(super) fn begin(
        options: &RecordOptions,
        found: Option<Found>,
        objects: Objects,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let (mut state, fresh, mut found) = match found {
            None => (State::new(options, objects, now), false, None),
            Some(mut found) => {
                check(&found.snapshot, &objects, options)?;
                let (snapshot, tail) = found.take();
                let mut state = State::found(snapshot, tail);
                state.set_back(now);
                paused(&mut state, now);
                let fresh = state.renew(Ok(objects), now);
                (state, fresh, Some(found))
            }
        };
        state.close(now.as_second() - OPEN, fresh, now);
        let held = found.as_ref().and_then(Found::log);
        let log = write(&mut state, &options.output, held)?;
        if let Some(found) = &mut found {
            found.release();
        }
        Ok(Self {
            state,
            log,
            output: options.output.clone(),
        })
    }

    /// Adds a reading; it is on disk when this returns.
    pub(super) fn take(
        &mut self,
        pods: &[PodMetrics],
        incidents: Vec<Incident>,
        now: Timestamp,
    ) -> Result<(), BundleError> {
        let mut round = self.state.round(pods, now);
        round.incidents.extend(incidents);
        let written = self.log.append(&round);
        self.state.tail.add(round);
        written.map_err(|source| BundleError::Write {
            path: self.log.path().to_owned(),
            source,
        })
    }

    /// New objects, and new tables.
    pub(super) fn checkpoint(
        &mut self,
        objects: Result<Objects, String>,
        now: Timestamp,
    ) -> Result<(), BundleError> {
        let fresh = self.state.renew(objects, now);
        self.state.close(now.as_second() - OPEN, fresh, now);
        self.log = write(&mut self.state, &self.output, Some(self.log.file()))?;
        Ok(())
    }

    /// The last tables, with everything in them.
    pub(super) fn finish(
        mut self,
        objects: Result<Objects, String>,
        now: Timestamp,
    ) -> Result<Snapshot, BundleError> {
        let fresh = self.state.renew(objects, now);
        self.state.close(i64::MAX, fresh, now);
        write(&mut self.state, &self.output, Some(self.log.file()))?;
        Ok(whole(self.state))
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }
}

/// Puts what is left in the log of a recording into its tables.
pub(super) fn complete(found: &mut Found, options: &RecordOptions) -> Result<Snapshot, Error> {
    let (snapshot, tail) = found.take();
    let now = tail.at.unwrap_or(snapshot.taken_at);
    let mut state = State::found(snapshot, tail);
    if !state.tail.samples.is_empty() {
        state.close(i64::MAX, false, now);
        write(&mut state, &options.output, found.log())?;
    }
    found.release();
    Ok(whole(state))
}

fn write(state: &mut State, output: &Path, held: Option<&File>) -> Result<Log, BundleError> {
    bundle::write(&mut state.snapshot, &state.tail, output, held)
}

/// The snapshot as a reader of the bundle sees it.
fn whole(state: State) -> Snapshot {
    let State {
        mut snapshot, tail, ..
    } = state;
    fold(&mut snapshot.usage, &tail);
    let gaps = tail.incidents.iter().filter_map(Incident::gap);
    snapshot.gaps.extend(gaps);
    snapshot.gaps.sort();
    snapshot
}

/// Whether a recording can go on as it is asked to.
fn check(found: &Snapshot, objects: &Objects, options: &RecordOptions) -> Result<(), RecordError> {
    let (recorded, asked) = (&found.cluster.name, &objects.resolved.cluster.name);
    if recorded != asked {
        return Err(RecordError::OtherCluster {
            recorded: recorded.clone(),
            asked: asked.clone(),
        });
    }
    let step = found.usage.grid.step;
    if options.every > step {
        let every = options.every;
        return Err(RecordError::Coarser { step, every });
    }
    Ok(())
}

/// Names the time since the last round, in which nothing was recorded.
fn paused(state: &mut State, now: Timestamp) {
    let Some(at) = state.tail.at else { return };
    let step = i64::from(state.snapshot.usage.grid.step.as_secs());
    if now.as_second() - at.as_second() > 2 * step {
        let text = "kcost was not running";
        state.notice(Incident::new(Trouble::Paused, text, now).since(at));
    }
}
