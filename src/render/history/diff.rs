use std::cmp::Reverse;
use std::io;

use serde::Serialize;

use super::{freed, name, paid};
use crate::history::{Amounts, Course, Difference, Entry, Fields, Record, change, compare};
use crate::render::Look;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::json;
use crate::render::plain::plain;
use crate::render::style::{BOLD, GOOD, Paint, WARN};
use crate::text::{count, escape, money};
use crate::units::{Bytes, Cpu, Money};

/// What is worse first, then by money.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn diff_table(
    before: &Record,
    after: &Record,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let paint = Paint::of(look);
        let title = format!(
            "{}: {} to {}",
            escape(&after.cluster),
            before.taken_at.strftime("%Y-%m-%d %H:%M"),
            after.taken_at.strftime("%Y-%m-%d %H:%M"),
        );
        writeln!(out, "{}", paint.on(BOLD, &title))?;
        let pair = |was: &str, is: &str| {
            format!(
                "{} → {}",
                paid(was, &before.currency),
                paid(is, &after.currency)
            )
        };
        let (was, is) = (&before.monthly, &after.monthly);
        let mut all = compare(before, after);
        let (total, _) = change(before, after, &all);
        writeln!(
            out,
            "  requests a month  {} ({})",
            pair(&was.current, &is.current),
            signed(total, &after.currency)
        )?;
        writeln!(
            out,
            "  to be freed       {} → {}",
            freed(before),
            freed(after)
        )?;
        all.sort_by_key(|it| (it.course, Reverse(it.cost.to_cents())));
        let counted = Course::ALL.into_iter().filter_map(|course| {
            let of = all.iter().filter(|it| it.course == course).count();
            (of > 0).then(|| format!("{of} {}", course.name()))
        });
        let counted: Vec<String> = counted.collect();
        if counted.is_empty() {
            writeln!(out, "  nothing has changed")?;
        } else {
            writeln!(out, "  {}", counted.join(", "))?;
        }
        if all.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        let mut grid = Grid::new(vec![
            Column::word(""),
            Column::name("WORKLOAD"),
            Column::prose("WHAT"),
            Column::number("A MONTH"),
        ]);
        for it in &all {
            let style = match it.course {
                Course::Worse => WARN,
                Course::Better => GOOD,
                _ => BOLD,
            };
            grid.row(vec![
                Cell::styled(it.course.name(), style),
                Cell::new(name(it.id)),
                Cell::new(what(it)),
                Cell::new(signed(it.cost, &after.currency)),
            ]);
        }
        let (_, rest) = change(before, after, &all);
        if rest.to_cents() != Money::ZERO {
            grid.row(vec![
                Cell::new(""),
                Cell::new("the rest"),
                Cell::new("of workloads that no record names"),
                Cell::new(signed(rest, &after.currency)),
            ]);
        }
        grid.write(look.width, paint, out)?;
        let advised = all
            .iter()
            .flat_map(|it| &it.fields)
            .filter(|it| it.as_advised);
        let advised = advised.count();
        if advised > 0 {
            writeln!(
                out,
                "\n  {} changed as advised",
                count(advised, "container")
            )?;
        }
        Ok(())
    })
}

fn signed(amount: Money, currency: &str) -> String {
    let cents = amount.to_cents();
    if cents == Money::ZERO {
        return "same".to_owned();
    }
    let sign = if cents.is_negative() { "" } else { "+" };
    format!("{sign}{}", money(amount, &escape(currency)))
}

/// `over-provisioned → right-sized; app: CPU request 1 → 250m as advised`.
fn what(it: &Difference<'_>) -> String {
    let state = |entry: &Entry| escape(&entry.state.replace('_', "-"));
    let mut parts = Vec::new();
    match (it.before, it.after) {
        (Some(before), Some(after)) if before.state != after.state => {
            parts.push(format!("{} → {}", state(before), state(after)));
        }
        (Some(before), Some(after)) if before.severity != after.severity => {
            let (was, is) = (escape(&before.severity), escape(&after.severity));
            parts.push(format!("severity {was} → {is}"));
        }
        (Some(only), None) | (None, Some(only)) => parts.push(state(only)),
        _ => {}
    }
    if let Some((was, is)) = it.replicas() {
        parts.push(format!("replicas {was} → {is}"));
    }
    parts.extend(it.added.iter().map(|name| format!("{}: new", escape(name))));
    parts.extend(
        it.removed
            .iter()
            .map(|name| format!("{}: gone", escape(name))),
    );
    parts.extend(it.fields.iter().map(sizes));
    if parts.is_empty() {
        parts.push("the same, at other prices or on other nodes".to_owned());
    }
    parts.join("; ")
}

fn sizes(fields: &Fields<'_>) -> String {
    let names = ["CPU request", "CPU limit", "memory request", "memory limit"];
    let each = fields.before.all().into_iter().zip(fields.after.all());
    let moved = names
        .into_iter()
        .zip(each)
        .filter(|(_, (was, is))| was != is);
    let moved = moved.map(|(name, (was, is))| {
        let text = |amount: Option<f64>| match amount {
            None => "none".to_owned(),
            Some(cores) if name.starts_with("CPU") => Cpu::cores(cores).to_string(),
            Some(bytes) => Bytes::from_f64(bytes).human(),
        };
        format!("{name} {} → {}", text(was), text(is))
    });
    let moved: Vec<String> = moved.collect();
    let how = if fields.as_advised { " as advised" } else { "" };
    format!("{}: {}{how}", escape(fields.container), moved.join(", "))
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    currency: &'a str,
    before: Side<'a>,
    after: Side<'a>,
    /// What requests cost more a month, and the part of that which no workload explains.
    monthly_cost_change: Money,
    monthly_cost_change_rest: Money,
    changes: Vec<Shape<'a>>,
}

#[derive(Serialize)]
struct Side<'a> {
    taken_at: String,
    cluster: &'a str,
    strategy: &'a str,
    goal: &'a str,
    settings: &'a [String],
    workloads: usize,
    current: &'a str,
    /// Null where nothing could be judged.
    freed: Option<&'a str>,
}

#[derive(Serialize)]
struct Shape<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    course: &'static str,
    state_before: Option<&'a str>,
    state_after: Option<&'a str>,
    severity_before: Option<&'a str>,
    severity_after: Option<&'a str>,
    replicas_before: Option<u32>,
    replicas_after: Option<u32>,
    containers_added: &'a [&'a str],
    containers_removed: &'a [&'a str],
    monthly_cost_change: Money,
    containers: Vec<Sizes<'a>>,
}

#[derive(Serialize)]
struct Sizes<'a> {
    name: &'a str,
    before: Amounts,
    after: Amounts,
    as_advised: bool,
}

/// What changed, for programs, schema `kcost.diff/v1`.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn diff_json(before: &Record, after: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    let all = compare(before, after);
    let (monthly_cost_change, monthly_cost_change_rest) = change(before, after, &all);
    let report = Report {
        schema: "kcost.diff/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        currency: &after.currency,
        before: side(before),
        after: side(after),
        monthly_cost_change,
        monthly_cost_change_rest,
        changes: all.iter().map(shape).collect(),
    };
    json::write(&report, out)
}

fn side(record: &Record) -> Side<'_> {
    Side {
        taken_at: record.taken_at.to_string(),
        cluster: &record.cluster,
        strategy: &record.strategy,
        goal: &record.goal,
        settings: &record.settings,
        workloads: record.workloads.len(),
        current: &record.monthly.current,
        freed: record.waste.map(|_| record.monthly.freed.as_str()),
    }
}

fn shape<'a>(it: &'a Difference<'a>) -> Shape<'a> {
    let sizes = it.fields.iter().map(|fields| Sizes {
        name: fields.container,
        before: fields.before,
        after: fields.after,
        as_advised: fields.as_advised,
    });
    Shape {
        namespace: &it.id.namespace,
        kind: &it.id.kind,
        name: &it.id.name,
        template: it.id.template.as_deref(),
        course: it.course.name(),
        state_before: it.before.map(|entry| entry.state.as_str()),
        state_after: it.after.map(|entry| entry.state.as_str()),
        severity_before: it.before.map(|entry| entry.severity.as_str()),
        severity_after: it.after.map(|entry| entry.severity.as_str()),
        replicas_before: it.before.map(|entry| entry.replicas),
        replicas_after: it.after.map(|entry| entry.replicas),
        containers_added: &it.added,
        containers_removed: &it.removed,
        monthly_cost_change: it.cost,
        containers: sizes.collect(),
    }
}
