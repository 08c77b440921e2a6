//! Takes what the strategies propose ([`Plan`]), gives the same corrected.
//!
//! One correction a file, applied in the order of [`ALL`]; each leaves its reason.

use super::plain::Causes;
use super::{
    Advice, AutoscalerAdvice, Confidence, CpuBounds, Draft, Effective, HeapAdvice, Methods,
    PodAdvice, Pool, Reason, Risk, Scheduled, Sizing,
};
use crate::snapshot::{ContainerKind, Grid, Snapshot, Workload};
use crate::units::{Bytes, Cpu};

mod autoscaler;
mod cpu_limit;
mod cut;
mod dead_band;
mod field;
mod heap;
mod limit_range;
mod managed;
mod order;
mod pod_level;
mod policy;
mod pressure;
mod qos;
mod quota;
mod reserve;
mod rounding;
mod scheduled;
mod step;
mod sum;
mod tie;

pub use field::{Field, Held};

use sum::Sum;

/// One correction of what the strategy proposed.
///
/// Implement it in a new file of this folder and add the value to [`ALL`]. It
/// leaves a reason with the value before and after wherever it changes one.
pub trait Guard: Sync {
    /// What it looks after, in snake_case. Never renamed.
    fn name(&self) -> &'static str;
    /// Why a field that it moves or keeps is so, in a few plain words; `None` where
    /// that needs no word.
    fn cause(&self) -> Option<&'static str>;
    /// Corrects the plans of all workloads.
    fn apply(&self, case: &Case<'_>, plans: &mut [Plan<'_>]);
}

/// Every guard, in the order in which they apply.
///
/// Sizes become round before they are compared with what is there. What an
/// autoscaler has to follow, what a quota admits and the heap below a limit are
/// decided last, when sizes are final.
pub static ALL: &[&dyn Guard] = &[
    &scheduled::Scheduled,
    &managed::Managed,
    &cpu_limit::CpuLimit,
    &pressure::Pressure,
    &heap::Room,
    &rounding::Rounding,
    &policy::Policy,
    &dead_band::DeadBand,
    &step::Step,
    &tie::Tie,
    &order::Order,
    &qos::Qos,
    &limit_range::LimitRanges,
    &pod_level::PodLevel,
    &reserve::Reserve,
    &autoscaler::ScalePoint,
    &quota::Quotas,
    &autoscaler::Targets,
    &heap::Setting,
];

/// Lets a guard correct the plans, and notes what it made of each field.
pub(super) fn run(guard: &dyn Guard, case: Case<'_>, plans: &mut [Plan<'_>]) {
    let sizings = |plans: &[Plan<'_>]| -> Vec<Sizing> {
        let all = plans.iter().flat_map(|plan| &plan.containers);
        all.map(|planned| planned.sizing).collect()
    };
    let before = sizings(plans);
    guard.apply(&case, plans);
    let after = plans.iter_mut().flat_map(|plan| &mut plan.containers);
    for (planned, before) in after.zip(before) {
        let said = planned.said.take();
        let moved = |field: &Field| field.advised(before) != field.advised(planned.sizing);
        let moved: Vec<Field> = Field::ALL.into_iter().filter(moved).collect();
        for field in moved {
            match guard.cause() {
                Some(cause) => {
                    let cause = said.clone().unwrap_or_else(|| cause.to_owned());
                    planned.causes.set(field, Some(cause));
                }
                // A field that is held where it is was never to change.
                None if field.advised(planned.sizing) == Advice::Keep => {
                    planned.causes.set(field, None);
                }
                None => {}
            }
        }
    }
}

/// What surrounds the plans.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub snapshot: &'a Snapshot,
    pub scheduled: &'a Scheduled,
}

/// What is planned for one workload.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Index into the snapshot's workloads.
    pub index: usize,
    pub workload: &'a Workload,
    /// The times of all samples.
    pub grid: &'a Grid,
    pub rules: Effective,
    /// Of what its CPU request may be, whatever proposes it.
    pub cpu: CpuBounds,
    /// One for each container of the workload, in the same order.
    pub containers: Vec<Planned<'a>>,
    pub autoscaler: Option<AutoscalerAdvice>,
    /// Where the pod has sizes as a whole.
    pub pod: Option<PodAdvice>,
}

/// What is planned for one container.
#[derive(Debug, Clone)]
pub struct Planned<'a> {
    pub pool: Pool<'a>,
    /// Index into the profiles.
    pub profile: usize,
    /// As the strategy proposed it.
    pub draft: Sizing,
    /// As it stands after the guards so far.
    pub sizing: Sizing,
    /// How the strategy found each size.
    pub methods: Methods,
    /// Where it has a heap setting, once the limit is final.
    pub heap: Option<HeapAdvice>,
    pub risk: Option<Risk>,
    pub confidence: Confidence,
    pub reasons: Vec<Reason>,
    /// What guards made of each field, in plain words.
    pub(super) causes: Causes,
    /// What the guard at work says of itself.
    said: Option<String>,
    /// Whether there was enough history to say anything.
    pub known: bool,
}

impl<'a> Planned<'a> {
    pub(super) fn new(pool: Pool<'a>, profile: usize, draft: Draft, known: bool) -> Self {
        Self {
            pool,
            profile,
            draft: draft.sizing,
            sizing: draft.sizing,
            methods: draft.methods,
            heap: None,
            risk: draft.risk,
            confidence: draft.confidence,
            reasons: draft.reasons,
            causes: Causes::default(),
            said: None,
            known,
        }
    }

    /// What is requested now.
    pub fn now(&self) -> Held {
        let container = self.pool.container;
        Held {
            cpu_request: container.requests.cpu,
            cpu_limit: container.limits.cpu,
            memory_request: container.requests.memory,
            memory_limit: container.limits.memory,
        }
    }

    /// What holds once the plan is followed.
    pub fn after(&self) -> Held {
        self.now().after(&self.sizing)
    }

    /// Takes the sizes as they are; only that Kubernetes counts CPU by the millicore.
    pub(super) fn write(&mut self) {
        let whole = |cpu| map(cpu, |value: Cpu| value.round_up_to(Cpu::millicores(1)));
        self.sizing.cpu_request = whole(self.sizing.cpu_request);
        self.sizing.cpu_limit = whole(self.sizing.cpu_limit);
    }

    /// Replaces values, and leaves one reason that names those that moved,
    /// before and after.
    pub(super) fn revise(
        &mut self,
        code: &'static str,
        why: &str,
        cpu: impl Fn(Field, Cpu) -> Cpu,
        memory: impl Fn(Field, Bytes) -> Bytes,
    ) {
        let before = self.sizing;
        self.sizing = Sizing {
            cpu_request: map(before.cpu_request, |v| cpu(Field::CpuRequest, v)),
            cpu_limit: map(before.cpu_limit, |v| cpu(Field::CpuLimit, v)),
            memory_request: map(before.memory_request, |v| memory(Field::MemoryRequest, v)),
            memory_limit: map(before.memory_limit, |v| memory(Field::MemoryLimit, v)),
        };
        let moves = moves(before, self.sizing);
        if !moves.is_empty() {
            self.said = Some(why.to_owned());
            self.say(code, format!("{why}: {}", moves.join(", ")));
        }
    }

    /// Leaves one reason that names all fields which were to change in `before` and
    /// now stay, with the values. `false` where there are none.
    fn kept(&mut self, before: Sizing, code: &'static str, why: &str) -> bool {
        let now = self.now();
        let fields = Field::ALL.into_iter().filter_map(|field| {
            if field.advised(self.sizing) != Advice::Keep {
                return None;
            }
            let stays = field
                .of(now)
                .map_or("none".to_owned(), |now| field.shown(now));
            let name = field.name();
            match field.advised(before) {
                Advice::Set(wanted) if field.shown(wanted) != stays => {
                    Some(format!("{name} stays {stays}, not {}", field.shown(wanted)))
                }
                Advice::Unset if field.of(now).is_some() => {
                    Some(format!("{name} stays {stays} and is not removed"))
                }
                _ => None,
            }
        });
        let fields: Vec<String> = fields.collect();
        let any = !fields.is_empty();
        if any {
            self.said = Some(why.to_owned());
            self.say(code, format!("{why}: {}", fields.join(", ")));
        }
        any
    }

    /// Puts a field at an amount, in cores or bytes, that is rounded up but not
    /// above `most`, and leaves a reason with the value before and after.
    fn put(&mut self, field: Field, amount: f64, most: f64, code: &'static str, why: &str) {
        let before = field.of(self.after());
        field.set(&mut self.sizing, amount, most);
        let after = field.of(self.after());
        if let (Some(before), Some(after)) = (before, after)
            && before < after
        {
            let (before, after) = (field.shown(before), field.shown(after));
            self.said = Some(why.to_owned());
            self.say(code, format!("{} {before} to {after}: {why}", field.name()));
        }
    }

    /// Whether advice may set a field: not where another controller does, nor
    /// where the pod template has no place for it.
    fn may_set(&self, field: Field) -> bool {
        let container = self.pool.container;
        let managers = &self.pool.workload.managers;
        container.in_template
            && !managers
                .iter()
                .any(|manager| manager.manages(&container.name, field.resource()))
    }

    /// Leaves a reason.
    pub fn say(&mut self, code: &'static str, text: impl Into<String>) {
        self.reasons.push(Reason::new(code, text));
    }
}

/// The containers that run all the time, which the scheduler adds up.
pub(super) fn running<'p, 'a>(plan: &'p Plan<'a>) -> impl Iterator<Item = &'p Planned<'a>> {
    let all = plan.containers.iter();
    all.filter(|planned| planned.pool.container.kind != ContainerKind::Init)
}

/// Takes back what would raise a resource, and leaves a reason that says so.
fn hold_raises(planned: &mut Planned<'_>, resource: &str, code: &'static str, why: &str) {
    let (now, before) = (planned.now(), planned.sizing);
    for field in Field::ALL
        .into_iter()
        .filter(|it| it.resource() == resource)
    {
        let wanted = field.advised(before).value();
        if wanted.is_some_and(|wanted| field.of(now).is_none_or(|now| wanted > now)) {
            field.keep(&mut planned.sizing);
        }
    }
    planned.kept(before, code, why);
}

/// `CPU request 12m to 15m` for each value that differs.
fn moves(before: Sizing, after: Sizing) -> Vec<String> {
    let moved = Field::ALL.into_iter().filter_map(|field| {
        let shown = |sizing| Some(field.shown(field.advised(sizing).value()?));
        let (before, after) = (shown(before)?, shown(after)?);
        (before != after).then(|| format!("{} {before} to {after}", field.name()))
    });
    moved.collect()
}

fn map<T>(advice: Advice<T>, value: impl FnOnce(T) -> T) -> Advice<T> {
    match advice {
        Advice::Set(set) => Advice::Set(value(set)),
        Advice::Unset => Advice::Unset,
        Advice::Keep => Advice::Keep,
    }
}

/// Every container of every plan that something is said about.
pub(super) fn each<'p, 'a>(
    plans: &'p mut [Plan<'a>],
) -> impl Iterator<Item = (&'p Effective, &'p mut Planned<'a>)> {
    plans.iter_mut().flat_map(|plan| {
        let rules = &plan.rules;
        plan.containers
            .iter_mut()
            .filter(|planned| planned.known)
            .map(move |planned| (rules, planned))
    })
}
