//! How far the data can be trusted, as one number and what confidence it allows.

use super::apps;
use crate::recommend::guard::{Plan, Planned};
use crate::recommend::{Confidence, DataQuality, Reason};
use crate::snapshot::Grid;
use crate::text::percent_said;
use crate::units::{Ratio, Span, len_f64};

/// What the history allows is `high` from this many days and this coverage on.
const HIGH: (f64, f64) = (13.5, 0.9);
const MEDIUM: (f64, f64) = (6.5, 0.6);
/// Runs that make the history of a job `high` and `medium`.
const RUNS: (usize, usize) = (14, 7);

/// The least score of data that allow `high` and `medium`. At the least days and coverage
/// of each, fresh and without a doubt, it is 90 and 41.
const SCORES: (u8, u8) = (75, 40);

/// Days after which what was measured last speaks half as loud. Ours: after as long without
/// a sample there is no advice at all, unless `--min-history` says otherwise.
const FADES: f64 = 3.0;
/// Age that is none: some scrapes are late, and the last slot may be short.
const FRESH: Span = Span::HOUR;
/// A stretch without samples that may hide a peak of any day.
const LONG: Span = Span::DAY;

/// What is left of the score with each doubt.
const NOT_MEASURED: f64 = 0.5;
const ONE_SIGNAL: f64 = 0.6;
const LONG_GAP: f64 = 0.9;
/// Beside a coverage that is lower for it.
const HALF_SEEN: f64 = 0.9;

/// From this share of time without CPU on it is a doubt.
const MUCH: f64 = 0.05;

/// Of each container that is no init container.
pub(super) fn each(plan: &Plan<'_>) -> Vec<DataQuality> {
    apps(plan).map(|it| of_container(it, plan.grid)).collect()
}

/// Of all of them together.
pub(super) fn worst(all: Vec<DataQuality>) -> DataQuality {
    all.into_iter().reduce(worse).unwrap_or_default()
}

fn of_container(planned: &Planned<'_>, grid: &Grid) -> DataQuality {
    let quality = &planned.pool.profile.quality;
    let Some(last) = quality.last else {
        return DataQuality {
            doubts: vec![Reason::new("no_samples", "a container has no sample")],
            ..DataQuality::default()
        };
    };
    let end = grid.end().as_second() - i64::from(grid.step.as_secs());
    let age = u32::try_from(end - last.as_second()).unwrap_or(0);
    let age = Span::from_secs(age);
    let mut doubts = Vec::new();
    let mut left = history(planned) * freshness(planned, age);
    for (share, doubt) in doubted(planned) {
        left *= share;
        doubts.push(doubt);
    }
    let score = score(left);
    DataQuality {
        score,
        coverage: quality.coverage,
        history: quality.span,
        age: Some(age),
        gaps: quality.gaps,
        longest_gap: quality.longest_gap,
        doubts,
        allows: of_history(planned).min(of_score(score)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 100"
)]
fn score(left: f64) -> u8 {
    (left.clamp(0.0, 1.0) * 100.0).round() as u8
}

/// How much was seen: two weeks, or as many runs, are all that is wanted.
fn history(planned: &Planned<'_>) -> f64 {
    if let Some(runs) = runs(planned) {
        return (len_f64(runs) / len_f64(RUNS.0)).min(1.0).sqrt();
    }
    let quality = &planned.pool.profile.quality;
    let days = (quality.span.as_days() / HIGH.0).min(1.0);
    days.sqrt() * quality.coverage.get().min(1.0)
}

/// Runs of a job; nothing of what runs all the time.
fn runs(planned: &Planned<'_>) -> Option<usize> {
    let pool = &planned.pool;
    let runs = pool.events.runs.as_ref();
    let is_batch = pool.workload.is_batch();
    is_batch.then(|| runs.map_or(0, |runs| runs.in_turn.len()))
}

/// Between two runs of a job there is nothing to measure.
fn freshness(planned: &Planned<'_>, age: Span) -> f64 {
    if age <= FRESH || planned.pool.workload.is_batch() {
        1.0
    } else {
        1.0 / (1.0 + age.as_days() / FADES)
    }
}

/// What speaks against the data, and what is left with it.
fn doubted(planned: &Planned<'_>) -> Vec<(f64, Reason)> {
    let (pool, profile) = (&planned.pool, planned.pool.profile);
    let mut doubts = Vec::new();
    let name = &pool.container.name;
    if let Some(why) = &pool.container.not_measured {
        let doubt = Reason::new("not_measured", format!("{name}: {why}"));
        doubts.push((NOT_MEASURED, doubt));
    }
    for (known, code, what) in [
        (profile.cpu.is_some(), "no_cpu", "CPU"),
        (profile.memory.is_some(), "no_memory", "memory"),
    ] {
        if !known {
            let doubt = Reason::new(code, format!("{name} has no samples of {what}"));
            doubts.push((ONE_SIGNAL, doubt));
        }
    }
    let missing = profile.quality.cpu_missing;
    if missing.get() >= MUCH {
        let text = format!(
            "CPU of {name} is missing in {} of the time in which its memory is known: \
             see how often it is scraped",
            percent_said(missing.get())
        );
        doubts.push((HALF_SEEN, Reason::new("cpu_missing", text)));
    }
    let longest = profile.quality.longest_gap;
    if longest >= LONG && !pool.workload.is_batch() {
        let text = format!("nothing of {name} was measured for {}", longest.human());
        doubts.push((LONG_GAP, Reason::new("long_gap", text)));
    }
    doubts
}

fn worse(one: DataQuality, other: DataQuality) -> DataQuality {
    let mut doubts = one.doubts;
    doubts.extend(other.doubts);
    let least = |a: Ratio, b: Ratio| if b < a { b } else { a };
    DataQuality {
        score: one.score.min(other.score),
        coverage: least(one.coverage, other.coverage),
        history: one.history.min(other.history),
        age: one.age.max(other.age),
        gaps: one.gaps.max(other.gaps),
        longest_gap: one.longest_gap.max(other.longest_gap),
        doubts,
        allows: one.allows.min(other.allows),
    }
}

fn of_score(score: u8) -> Confidence {
    at(score >= SCORES.0, score >= SCORES.1)
}

fn of_history(planned: &Planned<'_>) -> Confidence {
    if let Some(runs) = runs(planned) {
        return at(runs >= RUNS.0, runs >= RUNS.1);
    }
    let quality = &planned.pool.profile.quality;
    let (days, coverage) = (quality.span.as_days(), quality.coverage.get());
    at(
        days >= HIGH.0 && coverage >= HIGH.1,
        days >= MEDIUM.0 && coverage >= MEDIUM.1,
    )
}

fn at(high: bool, medium: bool) -> Confidence {
    if high {
        Confidence::High
    } else if medium {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}
