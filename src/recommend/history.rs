//! Whether there is enough history to advise from.

use super::{Pool, Reason};
use crate::snapshot::{Snapshot, SourceKind};
use crate::units::{Span, days_between, float};

/// Runs of a job that make a history.
const MIN_RUNS: usize = 3;
/// Samples that a day of history needs at least, whatever the step.
const MIN_SAMPLES_A_DAY: f64 = 24.0;
/// Share of the time from the first to the last sample that must have one.
const MIN_COVERAGE: f64 = 0.25;

/// What is missing before advice can be given; empty where nothing is.
pub(super) fn missing(pool: &Pool<'_>, snapshot: &Snapshot, least: Span) -> Vec<Reason> {
    if let Some(text) = &pool.container.not_measured {
        return vec![Reason::new("not_measured", text)];
    }
    let quality = &pool.profile.quality;
    if quality.samples == 0 {
        let text = "there is no sample of its CPU or memory";
        return vec![Reason::new("no_usage", text)];
    }
    if is_one_sample(pool, snapshot) {
        let text = "metrics.k8s.io gives one sample; advice needs history, from \
                    Prometheus or `kcost snapshot --record`";
        return vec![Reason::new("one_sample", text)];
    }
    let mut reasons = Vec::new();
    if pool.workload.is_batch() {
        let runs = pool
            .events
            .runs
            .as_ref()
            .map_or(0, |runs| runs.in_turn.len());
        if runs < MIN_RUNS {
            let text = format!("{runs} of the {MIN_RUNS} runs that are needed");
            reasons.push(Reason::new("few_runs", text));
        }
    } else {
        reasons.extend(thin(pool, snapshot, least));
        reasons.extend(stale(pool, snapshot, least));
    }
    reasons.extend(new_template(pool, snapshot, least));
    reasons
}

/// Whether usage comes from a recording of the metrics API.
fn is_recording(snapshot: &Snapshot) -> bool {
    let mut sources = snapshot.sources.iter();
    let from_api = sources.any(|source| source.kind == SourceKind::MetricsApi);
    from_api && snapshot.usage.grid.len > 1
}

fn is_one_sample(pool: &Pool<'_>, snapshot: &Snapshot) -> bool {
    let from_api = snapshot
        .sources
        .iter()
        .any(|source| source.kind == SourceKind::MetricsApi);
    let quality = &pool.profile.quality;
    from_api && quality.samples <= u64::from(quality.pods)
}

fn thin(pool: &Pool<'_>, snapshot: &Snapshot, least: Span) -> Option<Reason> {
    let quality = &pool.profile.quality;
    // The last sample speaks for its step too.
    let step = snapshot.usage.grid.step.as_secs();
    let span = Span::from_secs(quality.span.as_secs().saturating_add(step));
    let observed = span.as_days() * quality.coverage.get();
    let samples = float(quality.samples);
    if span < least && is_recording(snapshot) {
        let text = format!(
            "the recording covers {:.1} of the {:.1} days that are needed: record {:.1} days more",
            span.as_days(),
            least.as_days(),
            least.as_days() - span.as_days()
        );
        Some(Reason::new("short_history", text))
    } else if span < least {
        let text = format!(
            "history covers {:.1} days, {:.1} are needed",
            span.as_days(),
            least.as_days()
        );
        Some(Reason::new("short_history", text))
    } else if quality.coverage.get() < MIN_COVERAGE
        || observed < least.as_days() / 2.0
        || samples < MIN_SAMPLES_A_DAY * least.as_days() * MIN_COVERAGE
    {
        let text = format!(
            "samples cover {} of {:.1} days, with {} gaps, the longest {:.1} days",
            quality.coverage,
            quality.span.as_days(),
            quality.gaps,
            quality.longest_gap.as_days()
        );
        Some(Reason::new("gappy_history", text))
    } else {
        None
    }
}

fn stale(pool: &Pool<'_>, snapshot: &Snapshot, least: Span) -> Option<Reason> {
    let last = pool.profile.quality.last?;
    let age = days_between(last, snapshot.usage.grid.end());
    (age > least.as_days()).then(|| {
        let text = format!("the newest sample is {age:.1} days old");
        Reason::new("stale_usage", text)
    })
}

fn new_template(pool: &Pool<'_>, snapshot: &Snapshot, least: Span) -> Option<Reason> {
    let changed = pool.workload.template_changed?;
    let age = days_between(changed, snapshot.usage.grid.end());
    (age < least.as_days()).then(|| {
        let text = format!(
            "the pod template changed {:.1} days ago, {:.1} are needed",
            age.max(0.0),
            least.as_days()
        );
        Reason::new("new_template", text)
    })
}
