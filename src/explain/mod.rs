//! One workload's way from usage to size, gathered from an analysis.

use crate::cohort::Cohort;
use crate::forecast::{self, Season};
use crate::gpu::Judged;
use crate::pipeline::Analysis;
use crate::price::WorkloadBill;
use crate::profile::Profile;
use crate::recommend::{ContainerAdvice, WorkloadAdvice};
use crate::risk::{Incident, Risk};
use crate::schedule::{self, Peak};
use crate::snapshot::{Container, Snapshot, Workload};
use crate::units::Currency;

mod curve;
mod find;
mod mark;

pub use curve::{Curve, Point};
pub use find::{FindError, find, find_main};
pub use mark::Mark;

/// Everything there is to say about one workload.
pub struct Explanation<'a> {
    pub workload: &'a Workload,
    pub advice: &'a WorkloadAdvice,
    pub bill: &'a WorkloadBill,
    /// ISO 4217.
    pub currency: Currency,
    pub cohort: Option<&'a Cohort>,
    /// Other workloads of its cohort, the most alike first; at most [`ALIKE`].
    pub alike: Vec<String>,
    pub containers: Vec<ContainerStory<'a>>,
    /// What is about to break of it, the worst first.
    pub risks: Vec<&'a Risk>,
    /// What it is part of, together with others.
    pub incidents: Vec<Incident>,
    /// What comes again of its CPU, in UTC.
    pub seasons: Vec<Season>,
    /// That is known to come, and that the advised size alone does not hold.
    pub peak: Option<&'a Peak>,
    /// What it does with accelerators, where it has any.
    pub gpu: Option<&'a Judged>,
    /// What else its owner makes pods of: the names of other templates.
    pub others: Vec<String>,
    /// All of them, which that is one of.
    pub snapshot: &'a Snapshot,
}

/// Members of the cohort that are named.
pub const ALIKE: usize = 5;

/// One container: what it used, and what is said about it.
pub struct ContainerStory<'a> {
    pub container: &'a Container,
    pub profile: &'a Profile,
    pub advice: &'a ContainerAdvice,
    /// What happened to it within the window.
    pub marks: Vec<Mark>,
    /// CPU of a replica over time, in cores.
    pub cpu: Curve,
    /// Working set of a replica over time, in bytes.
    pub memory: Curve,
}

/// Gathers what `analysis` holds about the workload with this index.
pub fn explain<'a>(analysis: &'a Analysis<'_>, index: usize, points: usize) -> Explanation<'a> {
    let snapshot = analysis.snapshot;
    let workload = &snapshot.workloads[index];
    let advice = &analysis.advised.workloads[index];
    let cohort = advice.cohort.map(|group| &analysis.cohorts.groups[group]);
    let pool = u32::try_from(index).unwrap_or(u32::MAX);
    let containers = advice.containers.iter().map(|advice| {
        let container = &workload.containers[advice.container];
        let series: Vec<_> = snapshot.usage.pool(pool, &container.name).collect();
        let grid = snapshot.usage.grid;
        ContainerStory {
            container,
            profile: &analysis.profiles[advice.profile],
            advice,
            marks: mark::marks(workload, container, &grid),
            cpu: Curve::new(grid, &series, points, |series| &series.cpu_cores),
            memory: Curve::new(grid, &series, points, |series| &series.memory_bytes),
        }
    });
    Explanation {
        workload,
        advice,
        bill: &analysis.bill.workloads[index],
        currency: analysis.bill.currency,
        cohort,
        alike: cohort.map_or_else(Vec::new, |cohort| alike(analysis, cohort, index)),
        containers: containers.collect(),
        risks: analysis.risks.of_workload(index),
        peak: analysis.peak_of(index),
        incidents: analysis.risks.incidents_of(snapshot, index),
        seasons: forecast::seasons_of(
            snapshot,
            index,
            &schedule::clock_of(
                workload,
                &analysis.settings.clock,
                &analysis.settings.recommend.policy,
            ),
        ),
        gpu: analysis
            .gpus
            .place_of(index)
            .map(|place| &analysis.gpus.workloads[place]),
        others: others(snapshot, index),
        snapshot,
    }
}

/// Full names of the other parts of the owner of a workload.
fn others(snapshot: &Snapshot, index: usize) -> Vec<String> {
    let own = &snapshot.workloads[index].id;
    let all = snapshot.workloads.iter().enumerate();
    let beside = all.filter(|(at, it)| *at != index && it.id.is_beside(own));
    beside.map(|(_, it)| it.id.to_string()).collect()
}

/// The other workloads of a cohort, by how near their CPU's burstiness and
/// variation are on a logarithmic scale.
fn alike(analysis: &Analysis<'_>, cohort: &Cohort, index: usize) -> Vec<String> {
    let position = |profile: &Profile| {
        let cpu = profile.cpu.as_ref()?;
        let log = |value: f64| value.max(1e-3).ln();
        Some((log(cpu.burstiness), log(cpu.variation)))
    };
    let members = cohort
        .members
        .iter()
        .map(|member| &analysis.profiles[*member]);
    let own = members.clone().find(|profile| profile.workload == index);
    let Some((x, y)) = own.and_then(position) else {
        return Vec::new();
    };
    let mut others: Vec<(f64, String)> = members
        .filter(|profile| profile.workload != index)
        .filter_map(|profile| {
            let (other_x, other_y) = position(profile)?;
            let name = analysis.snapshot.workloads[profile.workload].id.to_string();
            Some(((other_x - x).hypot(other_y - y), name))
        })
        .collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    let mut names: Vec<String> = Vec::new();
    for (_, name) in others {
        if names.len() < ALIKE && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
