//! What earlier runs taught.

use serde::Serialize;

use crate::recommend::{About, Learned, Lesson};
use crate::render::json_v1::rounded;
use crate::text::{count, short};

/// In one line; `None` where nothing moves.
pub fn learned(learned: &Learned) -> Option<String> {
    let moving = || learned.lessons().iter().filter(|it| it.moves());
    let runs = moving().map(|it| it.runs).max()?;
    let about = About::ALL.into_iter().filter_map(|about| {
        let all = moving().filter(|it| it.about == about).map(factor);
        let all: Vec<String> = all.collect();
        let risk = match about {
            About::CpuRequest => "CPU time over its request",
            About::MemoryLimit => "memory over its limit",
        };
        (!all.is_empty()).then(|| format!("{risk} counts {}", all.join(", ")))
    });
    let about: Vec<String> = about.collect();
    let runs = count(runs, "earlier run");
    Some(format!("learned from {runs}: {}", about.join("; ")))
}

/// `× 1.4 of bursty workloads`.
fn factor(lesson: &Lesson) -> String {
    let times = short(lesson.factor, 2);
    match &lesson.kind {
        Some(kind) => format!("× {times} of {kind} workloads"),
        None => format!("× {times} of all others"),
    }
}

/// One lesson for programs.
#[derive(Serialize)]
pub(in crate::render) struct Taught<'a> {
    promise: &'static str,
    /// Null of all kinds without a lesson of their own.
    kind: Option<&'a str>,
    /// By this the risk that replays say is multiplied.
    risk_factor: f64,
    runs: usize,
    workloads: usize,
    /// Means over these workloads: of a share of time, or of a probability.
    promised: f64,
    happened: f64,
    /// How likely it is that what happened is at least so far off by chance.
    probability: f64,
    text: String,
}

/// All lessons.
pub(in crate::render) fn taught(learned: &Learned) -> Vec<Taught<'_>> {
    let all = learned.lessons().iter().map(|it| Taught {
        promise: it.about.name(),
        kind: it.kind.as_deref(),
        risk_factor: rounded(it.factor),
        runs: it.runs,
        workloads: it.workloads,
        promised: rounded(it.said),
        happened: rounded(it.came),
        probability: rounded(it.chance),
        text: it.evidence(),
    });
    all.collect()
}
