//! Schedules for programs, schema `kcost.schedule/v1`. Keys are only ever added.

use std::io;

use serde::Serialize;

use super::{Scheduled, batch, sleep};
use crate::render::forecast;
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window as Span, cluster, gap, rounded, window};
use crate::schedule::{
    Advice, Apart, Bound, Coming, Days, Lead, Limit, Measured, MonthWindow, Outcome, Plan, Traffic,
    Unused, Window, clock_time, evidence, month_evidence,
};
use crate::units::{Currency, Money};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Span,
    currency: Currency,
    /// That windows and days are in, unless a workload has its own.
    time_zone: &'a str,
    /// That is planned with, in any quarter of an hour.
    max_short: f64,
    workloads: Vec<Workload<'a>>,
    /// CronJobs that would run better at another time.
    moves: Vec<batch::Shape<'a>>,
    /// What nodes can go while workloads sleep together; null where none does.
    off_hours: Option<sleep::Together>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Workload<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    /// That its windows and days are in.
    time_zone: &'a str,
    /// `schedule`, `schedule_and_hpa`, `hpa`, `leave`.
    advice: &'static str,
    /// Why it is left; null where it is not.
    code: Option<&'static str>,
    reason: String,
    /// What keeps it from working: who sets it back, what is refused.
    hindered: &'a [String],
    /// Of the CPU request, 0 to 1; null without an HPA in the advice.
    hpa_target_ratio: Option<f64>,
    replicas: Replicas,
    /// What a replica is to request, and holds, where replicas come and go; null where a
    /// container has no request.
    replica_cpu_cores: Option<f64>,
    /// What it is advised to request where they do not.
    replica_cpu_cores_advised: Option<f64>,
    replica_cpu_cores_now: Option<f64>,
    /// That are needed at most with the chance that is planned with.
    peak_cpu_cores: Option<f64>,
    seasons: Vec<forecast::Shape>,
    /// How CPU goes with traffic; null where no traffic is known.
    traffic: Option<Asked>,
    /// Why fewer replicas can be there than are needed; null where they can.
    bound: Option<Bounds>,
    /// What sets the CPU that its pods request, so that nothing else does.
    sized_by: Option<&'a str>,
    /// The CPU limit of a pod, where use at the peak stands at it; null where it does not.
    held_back_at_cpu_cores: Option<f64>,
    windows: Vec<Shape>,
    lead: Option<Start>,
    simulation: Option<Simulation>,
    /// When it may run no replica; null where somebody may ask at any time.
    sleep: Option<sleep::Shape>,
    /// Events of the calendar that come.
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Bounds {
    /// Replicas that there can be.
    replicas: u32,
    needed: u32,
    text: String,
    limits: Vec<Against>,
}

#[derive(Serialize)]
#[serde(tag = "kind")]
enum Against {
    #[serde(rename = "ResourceQuota")]
    Quota {
        name: String,
        resource: String,
        /// In cores, bytes or a count.
        hard: f64,
        /// What it has to be.
        to: f64,
    },
    #[serde(rename = "anti_affinity")]
    Apart { topology_key: String },
}

#[derive(Serialize)]
struct Asked {
    /// Whether replicas are planned by it.
    used: bool,
    /// Why they are not.
    code: Option<&'static str>,
    text: String,
    hours: usize,
    /// In which CPU was throttled, or at its limit.
    hours_held_back: usize,
    cpu_cores_idle: f64,
    cpu_cores_per_request_per_second: f64,
    /// What CPU is off the line in the mean, as a share of its mean.
    scatter_ratio: f64,
    /// Share of how CPU moves that follows traffic.
    follows_ratio: f64,
}

#[derive(Serialize)]
struct Event {
    name: String,
    from: String,
    until: String,
    times_usual: f64,
    replicas: u32,
}

#[derive(Serialize)]
struct Replicas {
    now: u32,
    /// Outside of all windows.
    base: u32,
    most: u32,
    /// Of an autoscaler.
    max: u32,
    /// Of the one that there is, which has to rise where it is less; null where there is none.
    max_now: Option<u32>,
}

/// More replicas from `start` of each day to `end`, which may be of a later day.
#[derive(Serialize)]
struct Shape {
    /// Of the week that it begins on; none of one of the month.
    days: Vec<String>,
    /// Of the month that it is open on, by their numbers; none of one of the week.
    days_of_month: Vec<usize>,
    /// Whether it begins on the day before each of these.
    from_day_before: bool,
    start: String,
    end: String,
    duration_seconds: u32,
    replicas: u32,
    /// That its pool lacks for them; null where that is not known.
    nodes_added: Option<u32>,
    evidence: Proof,
}

#[derive(Serialize)]
struct Proof {
    text: String,
    /// Of the week, or of the month: `fri`, `1`, `last`.
    peak_day: String,
    peak_time: String,
    /// As a rule.
    peak_cpu_cores: f64,
    days_seen: usize,
    days_known: usize,
    chance_short: f64,
}

#[derive(Serialize)]
struct Start {
    pod_seconds: u32,
    /// Of pods of the workload; assumed where there are none.
    pod_samples: usize,
    node_seconds: u32,
    node_samples: usize,
    /// Whether the peak waits for nodes.
    waits_for_nodes: bool,
    /// Replicas that its pool holds; null where its nodes are not known.
    room: Option<u32>,
    /// What bounds that beside the size of the nodes: `anti_affinity`, `host_port`,
    /// `topology_spread`; null where nothing does.
    apart: Option<&'static str>,
}

#[derive(Serialize)]
struct Simulation {
    days: usize,
    allowed_short_minutes_per_week: f64,
    ways: Vec<Played>,
}

#[derive(Serialize)]
struct Played {
    way: &'static str,
    hpa_target_ratio: Option<f64>,
    replica_cpu_cores: Option<f64>,
    windows: usize,
    short_minutes_per_week: Option<f64>,
    /// Of these, those of what came on one day alone, which do not count.
    short_once_minutes_per_week: f64,
    /// At times that are short on most days of their kind.
    short_again_minutes_per_week: Option<f64>,
    holds: bool,
    replica_hours_per_week: f64,
    monthly_cost: Money,
    most_replicas: u32,
    changes_per_day: f64,
}

/// Schedules as JSON.
pub fn schedule_json(scheduled: Scheduled<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Scheduled {
        snapshot,
        schedules,
        options,
        currency,
        ..
    } = scheduled;
    let known = snapshot.gaps.iter().chain(&schedules.gaps);
    let report = Report {
        schema: "kcost.schedule/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        currency,
        time_zone: options.clocks.usual().name(),
        max_short: options.chance,
        workloads: schedules
            .plans
            .iter()
            .map(|plan| workload(scheduled, plan))
            .collect(),
        moves: schedules
            .moves
            .iter()
            .map(|it| batch::shape(scheduled, it))
            .collect(),
        off_hours: scheduled.off_hours.map(sleep::together),
        gaps: known.map(gap).collect(),
    };
    json::write(&report, out)
}

fn workload<'a>(scheduled: Scheduled<'a>, plan: &'a Plan) -> Workload<'a> {
    let id = &scheduled.snapshot.workloads[plan.workload].id;
    let windows = plan.windows.iter().filter(|_| plan.advice.has_windows());
    let of_month = plan.month.iter().filter(|_| plan.advice.has_windows());
    Workload {
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        template: id.template.as_deref(),
        time_zone: scheduled.options.clocks.of(plan.workload).name(),
        advice: plan.advice.name(),
        code: match plan.advice {
            Advice::Leave(why) => Some(why.name()),
            _ => None,
        },
        reason: plan.reason(),
        hindered: &plan.hindered,
        hpa_target_ratio: plan.advice.target(),
        replicas: Replicas {
            now: plan.now,
            base: plan.base,
            most: plan.most,
            max: plan.max,
            max_now: plan.max_now,
        },
        replica_cpu_cores: plan.cores.map(rounded),
        replica_cpu_cores_advised: plan.advised().map(rounded),
        replica_cpu_cores_now: plan.replica.cores_now.map(rounded),
        peak_cpu_cores: plan.peak.map(rounded),
        seasons: plan.seasons.iter().map(forecast::season).collect(),
        traffic: plan.traffic.as_ref().map(asked),
        bound: plan.bound.as_ref().map(bounds),
        sized_by: plan.sized_by.as_deref(),
        held_back_at_cpu_cores: plan.held_back.map(|it| rounded(it.get())),
        windows: windows
            .map(|it| shape(plan, it))
            .chain(of_month.map(|it| of_month_shape(plan, it)))
            .collect(),
        lead: plan.lead.as_ref().map(|lead| start(lead, plan.most)),
        simulation: (!plan.outcomes.is_empty()).then(|| Simulation {
            days: plan.days,
            allowed_short_minutes_per_week: rounded(plan.allowed),
            ways: plan.outcomes.iter().map(played).collect(),
        }),
        sleep: sleep::shape(plan),
        events: plan.events.iter().map(event).collect(),
    }
}

fn bounds(bound: &Bound) -> Bounds {
    let limits = bound.limits.iter().map(|it| match it {
        Limit::Quota {
            name,
            resource,
            hard,
            to,
        } => Against::Quota {
            name: name.clone(),
            resource: resource.clone(),
            hard: rounded(*hard),
            to: rounded(*to),
        },
        Limit::Apart { key } => Against::Apart {
            topology_key: key.clone(),
        },
    });
    Bounds {
        replicas: bound.replicas,
        needed: bound.needed,
        text: bound.text(),
        limits: limits.collect(),
    }
}

fn asked(it: &Traffic) -> Asked {
    Asked {
        used: it.unused.is_none(),
        code: it.unused.map(Unused::name),
        text: it.text(),
        hours: it.hours,
        hours_held_back: it.held,
        cpu_cores_idle: it.idle,
        cpu_cores_per_request_per_second: it.each,
        scatter_ratio: rounded(it.scatter),
        follows_ratio: rounded(it.follows),
    }
}

fn event(it: &Coming) -> Event {
    Event {
        name: it.name.clone(),
        from: it.from.to_string(),
        until: it.until.to_string(),
        times_usual: it.times,
        replicas: it.replicas,
    }
}

fn shape(plan: &Plan, window: &Window) -> Shape {
    let proof = &window.evidence;
    let lead = plan.lead.as_ref();
    Shape {
        days: window.days.names(),
        days_of_month: Vec::new(),
        from_day_before: false,
        start: clock_time(window.start),
        end: clock_time(window.end),
        duration_seconds: (window.end - window.start) * 60,
        replicas: window.replicas,
        nodes_added: lead.and_then(|lead| lead.nodes(window.replicas)),
        evidence: Proof {
            text: evidence(window),
            peak_day: Days::one(proof.weekday).names().concat(),
            peak_time: clock_time(proof.minute),
            peak_cpu_cores: rounded(proof.cores),
            days_seen: proof.seen,
            days_known: proof.of,
            chance_short: rounded(proof.chance),
        },
    }
}

fn of_month_shape(plan: &Plan, window: &MonthWindow) -> Shape {
    let proof = &window.evidence;
    let lead = plan.lead.as_ref();
    let names: Vec<String> = proof.days.iter().map(|it| it.name()).collect();
    Shape {
        days: Vec::new(),
        days_of_month: window.days.iter().collect(),
        from_day_before: window.is_eve,
        start: clock_time(window.start),
        end: clock_time(window.end),
        duration_seconds: window.minutes() * 60,
        replicas: window.replicas,
        nodes_added: lead.and_then(|lead| lead.nodes(window.replicas)),
        evidence: Proof {
            text: month_evidence(window),
            peak_day: names.join(","),
            peak_time: clock_time(proof.minute),
            peak_cpu_cores: rounded(proof.cores),
            days_seen: proof.seen,
            days_known: proof.of,
            chance_short: rounded(proof.chance),
        },
    }
}

fn start(lead: &Lead, most: u32) -> Start {
    let Measured { span, samples } = lead.pod;
    Start {
        pod_seconds: span.as_secs(),
        pod_samples: samples,
        node_seconds: lead.node.span.as_secs(),
        node_samples: lead.node.samples,
        waits_for_nodes: lead.waits(most),
        room: lead.room,
        apart: lead.apart.map(Apart::name),
    }
}

fn played(outcome: &Outcome) -> Played {
    Played {
        way: outcome.way.name(),
        hpa_target_ratio: outcome.target,
        replica_cpu_cores: outcome.cores.map(rounded),
        windows: outcome.windows,
        short_minutes_per_week: outcome.short_minutes.map(rounded),
        short_once_minutes_per_week: rounded(outcome.once_minutes),
        short_again_minutes_per_week: outcome.again_minutes.map(rounded),
        holds: outcome.holds,
        replica_hours_per_week: rounded(outcome.replica_hours),
        monthly_cost: outcome.monthly,
        most_replicas: outcome.most,
        changes_per_day: rounded(outcome.changes_a_day),
    }
}
