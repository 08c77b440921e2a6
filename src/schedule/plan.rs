//! What is said of one workload.

use std::collections::HashSet;

use super::advice::{Advice, Leave};
use super::bound::Bound;
use super::event::Coming;
use super::hindered::hindered;
use super::lead::Lead;
use super::month::MonthWindow;
use super::replica::Replica;
use super::sleep::Sleep;
use super::traffic::Traffic;
use super::trial::{Outcome, Way};
use super::window::Window;
use crate::forecast::{Clocks, DayOfMonth, Season};
use crate::snapshot::{Manager, Snapshot, Workload};
use crate::units::{Cpu, HOURS_PER_MONTH, Money};

/// Minutes a week that may be short in any case, also at the same time each week.
pub(super) const SHORT: f64 = 5.0;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// What days and weeks of each workload are counted in.
    pub clocks: Clocks,
    /// The chance of being short that is planned with, in any quarter of an hour, 0 to 1.
    pub chance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clocks: Clocks::default(),
            chance: 0.02,
        }
    }
}

/// What is said of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Index into the snapshot's workloads.
    pub workload: usize,
    pub advice: Advice,
    pub seasons: Vec<Season>,
    /// With the size that is advised where its replicas stay.
    pub replica: Replica,
    /// Cores that each requests where they come and go: what is needed at most is spread
    /// over more of them then.
    pub cores: Option<f64>,
    /// Replicas now.
    pub now: u32,
    /// Whether an autoscaler sets them.
    pub scaled: bool,
    /// Replicas outside of all windows.
    pub base: u32,
    /// The most that any window asks for.
    pub most: u32,
    /// The most of an autoscaler, and of the one that there is.
    pub max: u32,
    pub max_now: Option<u32>,
    /// How its autoscaler may end all its pods, where it may.
    pub to_zero: Option<ToZero>,
    /// Whether that scales by a formula.
    pub by_formula: bool,
    /// Whether its pods have names and data of their own (StatefulSet).
    pub stateful: bool,
    /// Cores that are needed at most with the chance that is planned with.
    pub peak: Option<f64>,
    /// What the windows are, also where they do not win; the earliest of the week first.
    pub windows: Vec<Window>,
    /// The same for days of the month; the first of the month first.
    pub month: Vec<MonthWindow>,
    /// Days of the month that are busier, and of which too few are known for windows.
    pub few_months: Vec<DayOfMonth>,
    pub lead: Option<Lead>,
    /// How each way did, simple ones first; empty where nothing was played.
    pub outcomes: Vec<Outcome>,
    /// Minutes a week that may be short.
    pub allowed: f64,
    /// Local days that this rests on.
    pub days: usize,
    /// How CPU goes with traffic; `None` where no traffic is known, or nothing was looked at.
    pub traffic: Option<Traffic>,
    /// When it may run no replica; `None` where somebody may ask at any time.
    pub sleep: Option<Sleep>,
    /// What stands against as many replicas as are needed; `None` where they can be there.
    pub bound: Option<Bound>,
    /// What sets the CPU that its pods request, so that nothing else does: its kind and name.
    pub sized_by: Option<String>,
    /// The CPU limit of a pod, where use at the peak is for the most part what that left of it.
    pub held_back: Option<Cpu>,
    /// Events of the calendar that come, by their start.
    pub events: Vec<Coming>,
    /// The local day since 1970, the newest that is known, on which came what no day before had:
    /// it is left out.
    pub left_out: Option<i64>,
    /// What keeps it from working, whatever it says.
    pub hindered: Vec<String>,
    /// The local day since 1970 from which on its peaks came at other times than before, where
    /// too little is known since for windows.
    pub too_new: Option<i64>,
    /// See [`crate::forecast::Outlook::quiet_since`]: what came before is planned with.
    pub quiet_since: Option<i64>,
}

/// How an autoscaler whose least is zero ends all pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToZero {
    /// Where none of what it scales by asks for any.
    Asked,
    /// The same, and it scales by CPU: no pod, no use, so a cron beside that ends them all.
    WithCpu,
    /// The same by its `idleReplicaCount`, beside a least that is not zero.
    IdleWithCpu,
}

impl ToZero {
    fn of(workload: &Workload) -> Option<Self> {
        let own = workload.autoscaler.as_ref()?;
        let by_use = own.metrics.iter().any(|it| it.name == "cpu");
        let is_idle = own.idle_replicas == Some(0);
        let how = match (by_use, own.min_replicas) {
            (false, _) => Self::Asked,
            (true, 0) => Self::WithCpu,
            (true, _) => Self::IdleWithCpu,
        };
        (own.min_replicas == 0 || is_idle).then_some(how)
    }
}

/// Claims of volumes that one node at a time can mount, by namespace and name.
pub(super) struct SingleNode<'a>(HashSet<(&'a str, &'a str)>);

impl<'a> SingleNode<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let claims = snapshot
            .cluster
            .volume_claims
            .iter()
            .filter(|it| it.single_node);
        Self(claims.map(|it| (&*it.namespace, &*it.name)).collect())
    }

    /// Whether all pods of a workload need one: those of a StatefulSet each have their own.
    fn ties(&self, workload: &Workload) -> bool {
        let namespace = &*workload.id.namespace;
        let claims = workload.pods.iter().flat_map(|it| &it.volume_claims);
        let mut tied = claims.filter(|it| self.0.contains(&(namespace, it.as_str())));
        workload.id.kind != "StatefulSet" && tied.next().is_some()
    }
}

/// What keeps a workload from being looked at.
pub(super) fn refused(
    workload: &Workload,
    replica: &Replica,
    volumes: &SingleNode<'_>,
) -> Option<Leave> {
    let scalable = matches!(
        workload.id.kind.as_str(),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "Rollout" | "DeploymentConfig"
    );
    let mut others = workload
        .managers
        .iter()
        .filter(|it| it.kind != "ScaledObject");
    if !scalable || workload.is_batch() || workload.id.template.is_some() {
        Some(Leave::NotScalable)
    } else if others.any(Manager::scales) {
        Some(Leave::Managed)
    } else if workload.managers.iter().any(Manager::is_paused) {
        Some(Leave::Paused)
    } else if replicas(workload) == 0 {
        Some(Leave::Off)
    } else if volumes.ties(workload) {
        Some(Leave::Volume)
    } else if is_alone(workload) {
        Some(Leave::Stateful)
    } else if replica.cores.is_none() {
        Some(Leave::NoRequest)
    } else {
        None
    }
}

/// Whether one pod has all the data.
fn is_alone(workload: &Workload) -> bool {
    workload.id.kind == "StatefulSet" && workload.autoscaler.is_none() && replicas(workload) <= 1
}

/// Replicas that it has now.
pub(super) fn replicas(workload: &Workload) -> u32 {
    let current = workload
        .autoscaler
        .as_ref()
        .and_then(|it| it.current_replicas);
    current.unwrap_or(workload.replicas)
}

impl Plan {
    /// One that changes nothing, and why.
    pub(super) fn leave(index: usize, workload: &Workload, replica: &Replica, why: Leave) -> Self {
        let now = replicas(workload);
        Self {
            workload: index,
            advice: Advice::Leave(why),
            seasons: Vec::new(),
            replica: *replica,
            cores: replica.cores,
            now,
            scaled: workload.autoscaler.is_some(),
            base: now,
            most: now,
            max: now,
            max_now: workload.autoscaler.as_ref().map(|it| it.max_replicas),
            to_zero: ToZero::of(workload),
            by_formula: workload.managers.iter().any(Manager::has_formula),
            stateful: workload.id.kind == "StatefulSet",
            peak: None,
            windows: Vec::new(),
            month: Vec::new(),
            few_months: Vec::new(),
            lead: None,
            outcomes: Vec::new(),
            allowed: SHORT,
            days: 0,
            traffic: None,
            sleep: None,
            bound: None,
            sized_by: None,
            held_back: None,
            events: Vec::new(),
            too_new: None,
            quiet_since: None,
            left_out: None,
            hindered: Vec::new(),
        }
    }

    /// The same, with what keeps it from working.
    pub(super) fn told(self, workload: &Workload) -> Self {
        Self {
            hindered: hindered(&self, workload),
            ..self
        }
    }

    /// What each replica is to request where replicas come and go, if that is not the size
    /// that is advised where they stay: that one is for a part of the peak. Always where an
    /// autoscaler scales them: its target is for that size.
    pub fn load(&self) -> Option<Cpu> {
        let (cores, advised) = (self.cores?, self.replica.cores?);
        let differs = self.scaled || (cores - advised).abs() > 1e-9 * advised;
        let sized = self.advice.acts() || self.advice == Advice::Leave(Leave::AsItIs);
        let told = sized && self.replica.is_one && differs;
        told.then(|| Cpu::cores(cores))
    }

    /// The same, where nothing is enough because no more replicas can be there.
    pub(super) fn bounded(self) -> Self {
        let holds = self.outcomes.iter().any(|it| it.holds);
        let bound = self.bound.is_some() && !self.outcomes.is_empty();
        let left = matches!(
            self.advice,
            Advice::Leave(Leave::Enough | Leave::NoSeason | Leave::NotWorth)
        );
        // One that may have no more than there are scales nothing.
        let stuck = !self.scaled && self.max <= self.now && self.advice.acts();
        Self {
            advice: if bound && !holds && (left || stuck) {
                Advice::Leave(Leave::Bounded)
            } else {
                self.advice
            },
            ..self
        }
    }

    /// Cores that each is advised to request, by whoever advises it.
    pub fn advised(&self) -> Option<f64> {
        self.load().map(Cpu::get).or(self.replica.cores)
    }

    /// What the requests of replicas that sleep cost a month.
    pub fn freed_by_sleep(&self) -> Option<Money> {
        let hours = self.sleep.as_ref()?.hours * f64::from(self.now);
        let monthly = hours / 168.0 * HOURS_PER_MONTH;
        Some(self.replica.hourly_now.scale(monthly))
    }

    /// How a way did, where it was played.
    pub fn outcome(&self, way: Way) -> Option<&Outcome> {
        self.outcomes.iter().find(|it| it.way == way)
    }
}
