//! What a store knows of containers besides CPU and memory: accelerators,
//! servers of models, network, pressure, ends, volumes; and of nodes, when they were
//! short of something.
//!
//! Each is read only where the store has its metric, which the index tells
//! without touching a sample, and in queries that stay under the budget of
//! samples. Counters are read as they are, one point an hour, and subtracted
//! here: a rate over every hour would touch all samples of the window for the
//! same number. What has no metric is absent; what is odd, or refused, is a gap.
//!
//! The number of replicas over time is not among them: the pods that have usage
//! in a slot are those that ran in it, gone ones included, where
//! `kube_deployment_spec_replicas` tells of wishes and of Deployments alone.

mod ask;
mod conditions;
mod counters;
mod ends;
mod gpu;
mod latest;
mod merge;
mod network;
mod place;
mod question;
mod requests;
mod serving;

use std::collections::{BTreeMap, BTreeSet};

use super::options::PrometheusOptions;
use super::plan::More;
use super::server::Server;
use crate::collect::Scope;
use crate::collect::devices::Courses;
use crate::progress::Progress;
use crate::snapshot::{Certificate, Gap, Grid, Metric};
use crate::units::Bytes;
use ask::{Asker, View};
use ends::Ends;
use place::Place;

/// What was read besides CPU and memory, not yet related to workloads.
#[derive(Debug)]
pub struct Signals {
    /// The window that offsets count in.
    grid: Grid,
    /// Samples by place; that of network use names no container.
    samples: BTreeMap<(Place, Metric), Vec<Sample>>,
    /// What each device of a container did, point by point of the window.
    devices: BTreeMap<Place, Courses>,
    /// Devices that work and that no pod is told to hold, by node.
    ownerless: BTreeMap<String, BTreeSet<String>>,
    ends: Ends,
    /// `container_memory_max_usage_bytes`, the largest.
    high_water: BTreeMap<Place, Bytes>,
    /// By namespace and claim.
    volumes: BTreeMap<(String, String), Volume>,
    /// Bytes and inodes in use, by namespace and claim, and by time.
    courses: BTreeMap<(String, String), Course>,
    certificates: Vec<Certificate>,
    /// When nodes were short of something, and seconds between looks; `None` where that
    /// was not told.
    conditions: Option<(conditions::Times, u32)>,
}

/// Bytes and inodes in use by time, in Unix seconds.
type Course = BTreeMap<i64, (Option<f64>, Option<f64>)>;

/// What is in a volume, and goes into it. Inodes are counted in the same type.
#[derive(Debug, Default)]
struct Volume {
    used: Option<Bytes>,
    capacity: Option<Bytes>,
    inodes: Option<Bytes>,
}

/// A value, and the end of the time that it speaks for: seconds after the start
/// of the window. Half the size of a time and a number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    offset: u32,
    value: f32,
}

impl Default for Signals {
    /// Nothing was read.
    fn default() -> Self {
        Self::new(Grid::default())
    }
}

impl Signals {
    fn new(grid: Grid) -> Self {
        Self {
            grid,
            samples: BTreeMap::new(),
            devices: BTreeMap::new(),
            ownerless: BTreeMap::new(),
            ends: Ends::default(),
            high_water: BTreeMap::new(),
            volumes: BTreeMap::new(),
            courses: BTreeMap::new(),
            certificates: Vec::new(),
            conditions: None,
        }
    }

    /// Takes a sample; one outside the window is ignored.
    fn put(&mut self, place: &Place, metric: Metric, time: i64, value: f32) {
        let Some(offset) = self.offset(time) else {
            return;
        };
        let sample = Sample { offset, value };
        let key = (place.clone(), metric);
        self.samples.entry(key).or_default().push(sample);
    }

    fn offset(&self, time: i64) -> Option<u32> {
        let offset = u32::try_from(time - self.grid.start.as_second()).ok()?;
        (offset <= self.grid.span().as_secs()).then_some(offset)
    }
}

/// Reads what there is over the window. Never fails: what is missing is absent
/// or a gap.
pub(super) async fn read(
    server: &Server,
    options: &PrometheusOptions,
    scope: &Scope,
    grid: Grid,
    progress: &dyn Progress,
) -> (Signals, Vec<Gap>) {
    let _task = progress.task("reading further signals from Prometheus", None);
    let view = View::new(options, scope);
    let mut asker = Asker::new(server, options, view, grid, progress);
    let mut signals = Signals::new(grid);
    asker.find(&metrics()).await;
    counters::read(&mut asker, &mut signals).await;
    network::read(&mut asker, &mut signals).await;
    gpu::read(&mut asker, &mut signals).await;
    serving::read(&mut asker, &mut signals).await;
    requests::read(&mut asker, options.traffic.as_deref(), &mut signals).await;
    ends::read(&mut asker, &mut signals).await;
    latest::read(&mut asker, &mut signals).await;
    conditions::read(&mut asker, &mut signals).await;
    (signals, asker.into_gaps())
}

/// The queries that [`read`] would send after it has looked for what there is,
/// and why they cannot be told where it is so.
pub(super) async fn plan(
    server: &Server,
    options: &PrometheusOptions,
    scope: &Scope,
    grid: Grid,
    progress: &dyn Progress,
) -> (Vec<More>, Vec<Gap>) {
    let _task = progress.task("counting further signals in Prometheus", None);
    let view = View::new(options, scope);
    let mut asker = Asker::new(server, options, view, grid, progress);
    asker.find(&metrics()).await;
    let mut questions = counters::questions(&asker);
    questions.extend(network::questions(&asker));
    questions.extend(gpu::questions(&asker));
    questions.extend(serving::questions(&asker));
    questions.extend(requests::questions(&asker, options.traffic.as_deref()));
    questions.extend(ends::questions(&asker));
    questions.extend(latest::questions(&asker));
    questions.extend(conditions::question(&asker));
    let certain = questions.iter().flat_map(|it| it.planned(&asker, None));
    let times = ends::times(&asker);
    let killed = Some("only where containers were killed");
    let times = times.iter().flat_map(|it| it.planned(&asker, killed));
    let lost = Some("only of pods that lose packets");
    let packets = network::packets(&asker);
    let packets = packets.iter().flat_map(|it| it.planned(&asker, lost));
    let more = certain.chain(times).chain(packets).collect();
    (more, asker.into_gaps())
}

/// Every metric that is looked for.
pub(super) fn metrics() -> Vec<&'static str> {
    let mut all = counters::METRICS.to_vec();
    all.extend(network::METRICS);
    all.extend(conditions::METRICS);
    all.extend(gpu::metrics());
    all.extend(serving::metrics());
    all.extend(ends::METRICS);
    all.extend(latest::METRICS);
    all
}
