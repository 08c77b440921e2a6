//! One row a container, plain numbers with their unit in the header.
//!
//! Names and reasons are texts of others: what a spreadsheet would run as a formula
//! or a terminal would obey is written so that neither does.

mod groups;

use std::io;

use super::pick::{Field, Fields, Part, Row};
use super::whole::Whole;
use super::{Fleet, Look, Renderer};
use crate::pipeline::Analysis;
use crate::profile::Profile;
use crate::recommend::{PodAdvice, Reason, Risk, Why};
use crate::text::{escape, short};
use crate::units::{Bytes, Cpu};

pub(super) struct Csv;

/// Columns are only ever added, at the end.
const HEADER: [&str; 33] = [
    "namespace",
    "kind",
    "name",
    "container",
    "type",
    "replicas",
    "state",
    "severity",
    "confidence",
    "cohort",
    "cpu_request_cores",
    "cpu_request_cores_recommended",
    "cpu_request_advice",
    "cpu_limit_cores",
    "cpu_limit_cores_recommended",
    "cpu_limit_advice",
    "memory_request_bytes",
    "memory_request_bytes_recommended",
    "memory_request_advice",
    "memory_limit_bytes",
    "memory_limit_bytes_recommended",
    "memory_limit_advice",
    "memory_over_limit",
    "cpu_time_over_request",
    "workload_monthly_cost",
    "workload_monthly_savings",
    "currency",
    "reasons",
    "template",
    "cpu_used_p95_cores",
    "memory_used_max_bytes",
    "headline",
    "why",
];

impl Renderer for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn summary(&self) -> &'static str {
        "one row a container, plain numbers; with --by one a group"
    }

    fn render(
        &self,
        analysis: &Analysis<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        if let Some(shares) = &analysis.shares {
            let currency = &analysis.bill.currency;
            table.write_record(groups::HEADER).map_err(into_io)?;
            groups::rows(shares, currency, None, &mut table)?;
        } else {
            table.write_record(HEADER).map_err(into_io)?;
            rows(analysis, look, None, &mut table)?;
        }
        table.flush()
    }

    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        let grouped = fleet.analyses().any(|it| it.shares.is_some());
        let columns: &[&str] = if grouped { &groups::HEADER } else { &HEADER };
        let header = columns.iter().copied().chain(["cluster"]);
        table.write_record(header).map_err(into_io)?;
        for analysis in fleet.analyses() {
            let cluster = Some(&analysis.snapshot.cluster.name);
            match &analysis.shares {
                Some(shares) => {
                    let currency = &analysis.bill.currency;
                    groups::rows(shares, currency, cluster, &mut table)?;
                }
                None => rows(analysis, look, cluster, &mut table)?,
            }
        }
        table.flush()
    }
}

fn rows(
    analysis: &Analysis<'_>,
    look: &Look,
    cluster: Option<&String>,
    table: &mut csv::Writer<&mut dyn io::Write>,
) -> io::Result<()> {
    for whole in look.view.workloads(analysis) {
        for row in &whole.rows {
            let pod = row
                .pod()
                .map(|(fields, advice)| Line::of_pod(fields, advice));
            let parts = row.parts(analysis);
            for line in pod.into_iter().chain(parts.iter().map(Line::of)) {
                let mut record = record(row, &line, &whole, &analysis.bill.currency);
                record.extend(cluster.map(|name| text(name)));
                table.write_record(record).map_err(into_io)?;
            }
        }
    }
    Ok(())
}

/// Keeps the kind of the error: a closed pipe is no failure.
pub(super) fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// What one row is about: a container, or the pod as a whole, which has no name.
struct Line<'a> {
    name: &'a str,
    kind: &'static str,
    fields: Fields,
    risk: Option<Risk>,
    reasons: &'a [Reason],
    whys: &'a [Why],
    profile: Option<&'a Profile>,
}

impl<'a> Line<'a> {
    fn of(part: &Part<'a>) -> Self {
        Self {
            name: &part.container.name,
            kind: part.container.kind.name(),
            fields: part.fields(),
            risk: part.advice.risk,
            reasons: &part.advice.reasons,
            whys: &part.advice.whys,
            profile: part.profile,
        }
    }

    fn of_pod(fields: Fields, advice: &'a PodAdvice) -> Self {
        Self {
            name: "",
            kind: "pod",
            fields,
            risk: None,
            reasons: &advice.reasons,
            whys: &[],
            profile: None,
        }
    }
}

fn record(row: &Row<'_>, line: &Line<'_>, whole: &Whole<'_>, currency: &str) -> Vec<String> {
    let id = &row.workload.id;
    let (fields, risk) = (&line.fields, line.risk);
    let share = |share: Option<f64>| share.map(decimal).unwrap_or_default();
    let cpu = line.profile.and_then(|it| it.cpu.as_ref());
    let memory = line.profile.and_then(|it| it.memory.as_ref());
    let headline = row.advice.headline.as_ref();
    let whys = line.whys.iter().map(|it| it.text.as_str());
    let reasons = line.reasons.iter().map(|it| it.text.as_str());
    let mut record = vec![
        text(&id.namespace),
        text(&id.kind),
        text(&id.name),
        text(line.name),
        line.kind.to_owned(),
        row.workload.replicas.to_string(),
        row.advice.state.name().to_owned(),
        row.bill.severity.name().to_owned(),
        row.advice.confidence.name().to_owned(),
        row.cohort.unwrap_or_default().to_owned(),
    ];
    record.extend(field(&fields.cpu_request, cores));
    record.extend(field(&fields.cpu_limit, cores));
    record.extend(field(&fields.memory_request, bytes));
    record.extend(field(&fields.memory_limit, bytes));
    record.extend([
        share(risk.and_then(|risk| risk.memory_over_limit)),
        share(risk.and_then(|risk| risk.cpu_time_over_request)),
        whole.current().to_string(),
        whole.savings().to_string(),
        currency.to_owned(),
        text(&reasons.collect::<Vec<_>>().join("; ")),
        text(id.template.as_deref().unwrap_or_default()),
        cpu.map_or_else(String::new, |it| cores(it.p95)),
        memory.map_or_else(String::new, |it| bytes(it.max)),
        text(headline.map_or("", |it| it.text.as_str())),
        text(&whys.collect::<Vec<_>>().join("; ")),
    ]);
    record
}

/// What makes a formula of a cell where it comes first; the wide ones too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Where a cell begins for a spreadsheet that separates by semicolons.
const SEPARATOR: char = ';';

/// A text as a cell: control characters are shown, and what would begin a formula
/// gets an apostrophe in front, which spreadsheets take for the mark of a text.
pub(in crate::render) fn text(of_others: &str) -> String {
    let safe = escape(of_others);
    let cells = safe.split(SEPARATOR).map(|cell| {
        let start = cell.trim_start_matches([' ', '"', '\u{a0}']);
        if start.starts_with(FORMULA) {
            format!("{}'{start}", &cell[..cell.len() - start.len()])
        } else {
            cell.to_owned()
        }
    });
    cells.collect::<Vec<_>>().join(&SEPARATOR.to_string())
}

fn field<T: Copy>(field: &Field<T>, text: fn(T) -> String) -> [String; 3] {
    [
        field.now.map(text).unwrap_or_default(),
        field.advice.value().map(text).unwrap_or_default(),
        field.advice.name().to_owned(),
    ]
}

fn cores(cpu: Cpu) -> String {
    decimal(cpu.get())
}

/// At most six digits behind the point, and none that says nothing.
fn decimal(value: f64) -> String {
    short(value, 6)
}

fn bytes(memory: Bytes) -> String {
    memory.0.to_string()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn no_cell_is_a_formula_or_moves_a_cursor() {
        assert_eq!(text("api-1"), "api-1");
        assert_eq!(text("50% of 2; +1"), "50% of 2; '+1");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        assert_eq!(text(" =1"), " '=1");
        assert_eq!(text("a;\"=1"), "a;\"'=1");
        assert_eq!(text("\t=1\r\u{1b}[2J"), r"\t=1\r\u{1b}[2J");
    }
}
