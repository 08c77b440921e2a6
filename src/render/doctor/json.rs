//! An examination for programs, schema `kcost.doctor/v1`. Keys are only ever added.

use std::io;

use serde::Serialize;

use crate::doctor::{Examination, Point, Seen};
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, unread_cluster, window};
use crate::snapshot::Snapshot;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    /// Null, as the next three, where nothing could be read.
    taken_at: Option<String>,
    cluster: Option<Cluster<'a>>,
    window: Option<Window>,
    currency: &'static str,
    grade: &'static str,
    score: u8,
    points: Vec<Shape<'a>>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Shape<'a> {
    check: &'static str,
    status: &'static str,
    cost: u8,
    text: &'a str,
    effect: Option<&'a str>,
    mend: Option<&'a str>,
}

/// An examination as JSON.
pub fn doctor_json(
    seen: &Seen<'_>,
    examination: &Examination,
    currency: &'static str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let snapshot = seen.snapshot;
    let api = seen.vitals.api.as_ref().and_then(|api| api.as_ref().ok());
    let unread = api.map(|api| unread_cluster(&api.context, api.version.as_deref()));
    let report = Report {
        schema: "kcost.doctor/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.map(|it| it.taken_at.to_string()),
        cluster: snapshot.map(cluster).or(unread),
        window: snapshot.map(window),
        currency,
        grade: examination.grade.name(),
        score: examination.score,
        points: examination.points.iter().map(shape).collect(),
        gaps: gaps(snapshot),
    };
    json::write(&report, out)
}

fn gaps(snapshot: Option<&Snapshot>) -> Vec<Gap<'_>> {
    let gaps = snapshot.map_or(&[][..], |snapshot| &snapshot.gaps);
    gaps.iter().map(gap).collect()
}

fn shape(point: &Point) -> Shape<'_> {
    Shape {
        check: point.check,
        status: point.status.name(),
        cost: point.cost,
        text: &point.text,
        effect: point.effect.as_deref(),
        mend: point.mend.as_deref(),
    }
}
