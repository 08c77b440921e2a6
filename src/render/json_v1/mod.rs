//! JSON output, schema version 1. Add keys; never rename or remove one.
//!
//! The structs of `shape` are a frozen copy of what users parse. They are filled
//! from the internal types here, so that those stay free to change.

mod fleet;
mod shape;
mod summary;
mod workloads;

use std::io;

use super::findings;
use super::gpu;
use super::history::taught;
use super::json;
use super::pick::Row;
use super::risks;
use super::{Fleet, Look, Renderer};
use crate::finding::Finding;
use crate::gate::Outcome;
use crate::pipeline::Analysis;
use crate::risk::Risk;
use crate::snapshot::{self, Snapshot};
use crate::units::{Span, count_from, float};

pub(super) use fleet::reports;
pub(super) use shape::{Cluster, DataQuality, Gap, Heap, Method, Report, Window};
pub(super) use summary::{cluster, unread_cluster, window};
pub(super) use workloads::{data_quality, heap};

pub(super) struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn summary(&self) -> &'static str {
        "for programs: kcost.analysis/v1, keys are only ever added"
    }

    fn render(
        &self,
        analysis: &Analysis<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        json::write(&report(analysis, look), out)
    }

    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        json::write(&reports(fleet, look), out)
    }
}

/// The report as JSON and YAML write it.
pub(super) fn report<'a>(analysis: &'a Analysis<'a>, look: &Look) -> Report<'a> {
    let snapshot = analysis.snapshot;
    let listed = look.view.workloads(analysis);
    let rows: Vec<Row<'_>> = listed
        .iter()
        .flat_map(|it| it.rows.iter().copied())
        .collect();
    let found: Vec<&Risk> = analysis.risks.found.iter().collect();
    let incidents = analysis.risks.incidents(snapshot, &found);
    Report {
        schema: "kcost.analysis/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: summary::cluster(snapshot),
        window: summary::window(snapshot),
        sources: summary::sources(snapshot),
        currency: analysis.bill.currency,
        prices: shape::Prices {
            source: analysis.bill.source,
            description: &analysis.bill.description,
        },
        settings: summary::settings(&analysis.settings.recommend),
        summary: summary::summary(analysis),
        groups: analysis.shares.as_ref().map(summary::groups),
        cohort_criterion: &analysis.cohorts.criterion,
        cohorts: summary::cohorts(analysis),
        findings: findings::of(&rows, analysis)
            .into_iter()
            .map(|it| finding(it, snapshot))
            .collect(),
        workloads: listed
            .iter()
            .map(|whole| workloads::workload(whole, analysis))
            .collect(),
        risks: shape::Risks {
            findings: analysis.risks.found.iter().map(risks::shape).collect(),
            incidents: incidents.iter().map(risks::joined).collect(),
            gaps: analysis.risks.gaps.iter().map(gap).collect(),
        },
        gpus: (!analysis.gpus.workloads.is_empty()).then(|| gpu::section(snapshot, &analysis.gpus)),
        learned: taught(&analysis.settings.recommend.learned),
        gaps: snapshot.gaps.iter().map(gap).collect(),
        gates: analysis
            .outcomes
            .iter()
            .map(|outcome| shape::Gate {
                rule: outcome.rule,
                scope: outcome.scope.as_deref(),
                operator: outcome.comparison.sign(),
                limit: rounded(outcome.limit),
                value: (outcome.judged_share > 0.0).then(|| rounded(outcome.value)),
                passed: outcome.passed(),
                threshold: &outcome.threshold,
                measured: (outcome.judged_share > 0.0).then_some(&*outcome.measured),
                failed: outcome.failed,
                judged: outcome.judged,
                judged_ratio: rounded(outcome.judged_share),
            })
            .collect(),
        gate: (!analysis.outcomes.is_empty()).then(|| shape::Verdict {
            passed: analysis.outcomes.iter().all(Outcome::passed),
            judged: analysis.outcomes.iter().all(|outcome| outcome.judged),
        }),
    }
}

fn finding<'a>(finding: &'a Finding, snapshot: &'a Snapshot) -> shape::Finding<'a> {
    let id = &snapshot.workloads[finding.workload].id;
    shape::Finding {
        code: finding.code,
        severity: finding.severity.name(),
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        template: id.template.as_deref(),
        text: &finding.text,
    }
}

pub(super) fn gap(gap: &snapshot::Gap) -> Gap<'_> {
    Gap {
        code: &gap.code,
        subject: &gap.subject,
        text: &gap.text,
        hint: gap.hint.as_deref(),
    }
}

/// To a millionth, so that sums do not end in the noise of a binary fraction.
pub(super) fn rounded(value: f64) -> f64 {
    let millionths = value * 1e6;
    if millionths.abs() < 1e15 && millionths >= 0.0 {
        float(count_from(millionths)) / 1e6
    } else {
        value
    }
}

fn days(span: Span) -> f64 {
    rounded(span.as_days())
}
