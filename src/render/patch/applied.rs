//! What is applied to a cluster, before and after.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::Patches;
use super::frame::savings;
use super::json::{Head, Shape, Without, shape, without};
use super::placed::lines;
use crate::apply::{CLOSED, Outcome, State, Step, Verb, Why, Write as Put};
use crate::change::Change;
use crate::render::json;
use crate::render::json_v1::{Gap, gap};
use crate::render::words::{self, worth};
use crate::text::{count, escape};
use crate::units::Money;

/// A run that applies changes.
pub struct Applied<'a> {
    pub patches: &'a Patches<'a>,
    pub steps: &'a [Step],
    /// Places of steps.
    pub waves: &'a [Vec<usize>],
    /// Places of changes, and why they are not among the steps.
    pub skipped: &'a [(usize, Why)],
    /// One a step; none before they are written.
    pub outcomes: &'a [Outcome],
    /// `None` where nothing is written.
    pub run: Option<&'a str>,
    /// Whether the server was only asked.
    pub dry_run: bool,
}

impl<'a> Applied<'a> {
    fn change(&self, step: &Step) -> Option<&'a Change<'a>> {
        self.patches.changes.get(step.change)
    }

    /// Pods that are made anew, and what the change is worth, as many replicas as there are
    /// to be now.
    fn weight(&self, step: &Step, change: &Change<'_>) -> (usize, Money) {
        let (restarts, worth) = (change.restarts(), savings(change.advice, self.patches));
        let Some((then, now)) = moved(step, change) else {
            return (restarts, worth);
        };
        let pods = usize::try_from(now).unwrap_or(usize::MAX);
        let share = number(now) / f64::from(then);
        (
            if restarts == 0 { 0 } else { pods },
            worth.scale(share).to_cents(),
        )
    }

    /// When pods get the sizes of a step, where they do not get them now.
    fn later(&self, step: &Step) -> Option<&'static str> {
        if step.replicas == Some(0) {
            return Some(" to its template: no pod runs now");
        }
        let workload = self.change(step)?.workload;
        if workload.is_batch() {
            return Some(", from its next run on");
        }
        let template = step.writes.iter().filter(|it| it.verb != Verb::Resize);
        // Pods that were resized have them.
        let resized = step.writes.len() > template.count();
        (workload.on_delete && !resized)
            .then_some(" to its template: running pods keep their sizes until they are deleted")
    }

    fn wave(&self, place: usize) -> usize {
        let wave = self.waves.iter().position(|wave| wave.contains(&place));
        wave.map_or(0, |wave| wave + 1)
    }

    /// Changes of these steps, pods that restart, and what they are worth.
    fn total(&self, wanted: impl Fn(usize) -> bool) -> (usize, usize, Money) {
        let steps = self.steps.iter().enumerate();
        let changes = steps.filter(|(place, _)| wanted(*place));
        let changes = changes.filter_map(|(_, step)| Some((step, self.change(step)?)));
        changes.fold(
            (0, 0, Money::ZERO),
            |(number, pods, money), (step, change)| {
                let (restarts, own) = self.weight(step, change);
                (number + 1, pods + restarts, money + own)
            },
        )
    }

    /// How many wait for the next maintenance window.
    fn waiting(&self) -> usize {
        let closed = |it: &&Outcome| it.why.as_ref().is_some_and(|why| why.code == CLOSED);
        self.outcomes.iter().filter(closed).count()
    }
}

/// Replicas that were measured and that there are to be now, where these differ.
fn moved(step: &Step, change: &Change<'_>) -> Option<(u32, u64)> {
    let then = change.workload.replicas;
    let now = step.replicas?;
    (then > 0 && u64::from(then) != now).then_some((then, now))
}

fn number(replicas: u64) -> f64 {
    f64::from(u32::try_from(replicas).unwrap_or(u32::MAX))
}

/// What is to be written, for a person who has to say yes.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn applied_plan(told: &Applied<'_>, out: &mut dyn Write) -> io::Result<()> {
    let currency = &told.patches.bill.currency;
    for (number, wave) in told.waves.iter().enumerate() {
        for place in wave {
            let step = &told.steps[*place];
            let Some(change) = told.change(step) else {
                continue;
            };
            let money = worth(told.weight(step, change).1, currency);
            let id = escape(&step.workload);
            writeln!(out, "{id}: {money} a month, wave {}", number + 1)?;
            match moved(step, change) {
                Some((then, 0)) => writeln!(
                    out,
                    "  no pod runs: it had {} when it was measured, and is scaled to 0 now",
                    count(usize::try_from(then).unwrap_or(usize::MAX), "replica")
                )?,
                Some((then, now)) => {
                    writeln!(out, "  {now} replicas now, {then} when it was measured")?;
                }
                None => {}
            }
            for line in lines(change) {
                writeln!(out, "  {}", escape(&line))?;
            }
            for field in autoscaler(step) {
                writeln!(out, "  {}", escape(&field))?;
            }
        }
    }
    if !told.skipped.is_empty() || !told.patches.unplaced.is_empty() {
        let gap = if told.steps.is_empty() { "" } else { "\n" };
        writeln!(out, "{gap}not applied:")?;
    }
    for (place, why) in told.skipped {
        if let Some(change) = told.patches.changes.get(*place) {
            let id = escape(&change.workload.id.to_string());
            writeln!(out, "  {id}: {}", escape(&why.text))?;
        }
    }
    for unplaced in &told.patches.unplaced {
        let id = escape(&unplaced.workload.id.to_string());
        writeln!(out, "  {id}: {}", escape(&unplaced.why))?;
    }
    if told.steps.is_empty() {
        return writeln!(out, "Nothing is applied.");
    }
    let (number, pods, money) = told.total(|_| true);
    let verb = if pods == 1 { "restarts" } else { "restart" };
    writeln!(
        out,
        "\n{} in {}, {} {verb}; {} a month",
        count(number, "change"),
        count(told.waves.len(), "wave"),
        count(pods, "pod"),
        worth(money, currency),
    )
}

/// `autoscaler api: cpu 60% → 70%`
fn autoscaler(step: &Step) -> Vec<String> {
    let writes = step.writes.iter();
    let scaled = writes.filter(|it| it.object.kind == "HorizontalPodAutoscaler");
    let fields = scaled.flat_map(|it| it.fields.iter().map(move |field| (it, field)));
    fields
        .flat_map(|(write, field)| {
            let name = &write.object.name;
            let pairs = metrics(field.before.as_ref()).into_iter();
            let pairs = pairs.zip(metrics(field.after.as_ref()));
            pairs.filter(|(before, after)| before != after).map(
                move |((metric, before), (_, after))| {
                    format!("autoscaler {name}: {metric} {before} → {after}")
                },
            )
        })
        .collect()
}

fn metrics(list: Option<&Value>) -> Vec<(String, String)> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let each = list.map(|it| {
        let source = it.get("resource").or_else(|| it.get("containerResource"));
        let source = source.unwrap_or(&Value::Null);
        let name = source["name"].as_str().unwrap_or_default().to_owned();
        let target = &source["target"];
        let shown = match (
            target["averageUtilization"].as_u64(),
            &target["averageValue"],
        ) {
            (Some(percent), _) => format!("{percent}%"),
            (None, Value::String(amount)) => amount.clone(),
            (None, _) => String::new(),
        };
        (name, shown)
    });
    each.collect()
}

/// What became of it.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn applied_outcome(told: &Applied<'_>, out: &mut dyn Write) -> io::Result<()> {
    for wave in told.waves {
        for place in wave {
            let step = &told.steps[*place];
            let Some(outcome) = told.outcomes.get(*place) else {
                continue;
            };
            let id = escape(&step.workload);
            let later = told.later(step).filter(|_| outcome.state == State::Applied);
            match later {
                Some(later) => writeln!(out, "{id}: applied{later}")?,
                None => writeln!(out, "{id}: {}", became(outcome, &step.workload))?,
            }
        }
    }
    let done = |place: usize| {
        let outcome = told.outcomes.get(place);
        outcome.is_some_and(|it| it.state == State::Applied)
    };
    let (number, _, money) = told.total(done);
    // What no pod has yet is worth nothing yet.
    let waits = |place: usize| {
        told.steps
            .get(place)
            .is_some_and(|it| told.later(it).is_some())
    };
    let (_, _, later) = told.total(|place| done(place) && waits(place));
    let currency = &told.patches.bill.currency;
    let now = words::worth(money - later, currency);
    let worth = if later == Money::ZERO {
        format!("{now} a month")
    } else {
        let later = words::worth(later, currency);
        format!("{now} a month, and {later} once pods are made anew")
    };
    match told.run {
        None => writeln!(
            out,
            "the server takes {}",
            count(told.steps.len(), "change")
        ),
        Some(run) => {
            let all = count(told.steps.len(), "change");
            let waiting = told.waiting();
            let behind = told.outcomes.iter().any(|it| it.state == State::LeftBehind);
            if number == 0 && !behind {
                writeln!(out, "applied none of {all}; nothing is left of run {run}")?;
            } else {
                writeln!(
                    out,
                    "applied {number} of {all}, {worth}; `kcost rollback {run}` takes it back"
                )?;
            }
            if waiting == 0 {
                return Ok(());
            }
            let verb = if waiting == 1 { "waits" } else { "wait" };
            writeln!(
                out,
                "partly: {} {verb} for a run within the next maintenance window",
                count(waiting, "change")
            )
        }
    }
}

/// What became of a workload. The reason may be another one of its wave, so that it names
/// which; its own name stands in front already.
pub(super) fn became(outcome: &Outcome, workload: &str) -> String {
    let own = format!("{workload}: ");
    let why = outcome.why.as_ref().map(|why| why.text.as_str());
    let why = why.map(|text| text.strip_prefix(&own).unwrap_or(text));
    let why = why.map_or_else(String::new, |text| format!(": {}", escape(text)));
    match (outcome.state, outcome.seconds) {
        (State::Applied, Some(seconds)) => format!("applied, well after {seconds} s"),
        (State::Applied, None) => "applied".to_owned(),
        (State::Partly, _) => format!("applied in part{why}"),
        (State::Already, _) => format!("had it already{why}"),
        (State::Refused, _) => format!("not applied{why}"),
        (State::RolledBack, _) => format!("rolled back{why}"),
        (State::LeftBehind, _) => format!("could not be rolled back{why}"),
        (State::LeftAlone, _) => format!("left alone{why}"),
        (State::NotTried, _) => "not tried: the run has stopped".to_owned(),
    }
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    action: &'static str,
    run: Option<&'a str>,
    dry_run: bool,
    waves: usize,
    objects: usize,
    restarts: usize,
    monthly_savings: Money,
    changes: Vec<Applying<'a>>,
    skipped: Vec<Skipped<'a>>,
    unplaced: Vec<Without<'a>>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Applying<'a> {
    #[serde(flatten)]
    shape: Shape<'a>,
    /// That there are to be now; null where the object does not say.
    replicas: Option<u64>,
    /// From 1.
    wave: usize,
    writes: &'a [Put],
    /// Null where nothing was tried.
    outcome: Option<&'static str>,
    why: Option<&'a Why>,
    seconds: Option<u64>,
}

#[derive(Serialize)]
struct Skipped<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    why: &'a Why,
}

/// For programs, `kcost.changes/v1`.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn applied_json(told: &Applied<'_>, out: &mut dyn Write) -> io::Result<()> {
    let patches = told.patches;
    let mut changes = Vec::new();
    for (place, step) in told.steps.iter().enumerate() {
        let Some(change) = patches.changes.get(step.change) else {
            continue;
        };
        let outcome = told.outcomes.get(place);
        let (restarts, monthly_savings) = told.weight(step, change);
        let mut shape = shape(change, patches);
        (shape.restarts, shape.monthly_savings) = (restarts, monthly_savings);
        changes.push(Applying {
            shape,
            replicas: step.replicas,
            wave: told.wave(place),
            writes: &step.writes,
            outcome: outcome.map(|it| it.state.name()),
            why: outcome.and_then(|it| it.why.as_ref()),
            seconds: outcome.and_then(|it| it.seconds),
        });
    }
    let skipped = told.skipped.iter().filter_map(|(place, why)| {
        let id = &patches.changes.get(*place)?.workload.id;
        Some(Skipped {
            namespace: &id.namespace,
            kind: &id.kind,
            name: &id.name,
            why,
        })
    });
    let (objects, restarts, monthly_savings) = told.total(|_| true);
    let report = Report {
        head: Head::of(patches),
        action: "apply",
        run: told.run,
        dry_run: told.dry_run,
        waves: told.waves.len(),
        objects,
        restarts,
        monthly_savings,
        changes,
        skipped: skipped.collect(),
        unplaced: patches.unplaced.iter().map(without).collect(),
        gaps: patches.snapshot.gaps.iter().map(gap).collect(),
    };
    json::write(&report, out)
}
