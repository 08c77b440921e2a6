//! Sizes of a pod now and advised, in one cell: `500m↓120m`.

use std::iter::Sum;

use crate::render::grid::Cell;
use crate::render::pick::{Field, Part, Row};
use crate::render::style::{DIM, GOOD, WARN};
use crate::snapshot::ContainerKind;
use crate::units::{Bytes, Cpu};

/// What a running pod has of one resource; `None` where neither it nor a container
/// names any.
struct Pair<T> {
    now: Option<T>,
    after: Option<T>,
}

pub(super) fn cpu_request(row: &Row<'_>, parts: &[Part<'_>]) -> Cell {
    let pod = row.pod().map(|(fields, _)| fields.cpu_request);
    cell(&pair(pod, parts, |part| part.fields().cpu_request), cpu)
}

pub(super) fn memory_request(row: &Row<'_>, parts: &[Part<'_>]) -> Cell {
    let pod = row.pod().map(|(fields, _)| fields.memory_request);
    cell(
        &pair(pod, parts, |part| part.fields().memory_request),
        Bytes::human,
    )
}

/// The limits that change: `cpu 1↑2 mem 512Mi↑1.9Gi`.
pub(super) fn limits(row: &Row<'_>, parts: &[Part<'_>]) -> Cell {
    let pod = row.pod().map(|(fields, _)| fields);
    let of_cpu = pair(pod.map(|it| it.cpu_limit), parts, |part| {
        part.fields().cpu_limit
    });
    let of_memory = pair(pod.map(|it| it.memory_limit), parts, |part| {
        part.fields().memory_limit
    });
    let cpu = text(&of_cpu, cpu).filter(|_| of_cpu.now != of_cpu.after);
    let memory = text(&of_memory, Bytes::human).filter(|_| of_memory.now != of_memory.after);
    let style = match (of_memory.rises(), of_cpu.rises()) {
        (Some(true), _) | (None, Some(true)) => WARN,
        (Some(false), _) | (None, Some(false)) => GOOD,
        (None, None) => DIM,
    };
    let named = [("cpu", cpu), ("mem", memory)];
    let named = named
        .into_iter()
        .filter_map(|(name, text)| Some(format!("{name} {}", text?)));
    Cell::styled(named.collect::<Vec<_>>().join("  "), style)
}

/// The cell of one field of one container.
pub(super) fn field<T: Copy + PartialOrd>(field: &Field<T>, text: impl Fn(T) -> String) -> Cell {
    let pair = Pair {
        now: field.now,
        after: field.after(),
    };
    cell(&pair, text)
}

fn cpu(cpu: Cpu) -> String {
    cpu.to_string()
}

/// The field of the pod as a whole, else the sum over its running containers.
fn pair<T: Copy + PartialEq + Sum>(
    pod: Option<Field<T>>,
    parts: &[Part<'_>],
    field: impl Fn(&Part<'_>) -> Field<T>,
) -> Pair<T> {
    let runs = |part: &&Part<'_>| part.container.kind != ContainerKind::Init;
    let fields: Vec<Field<T>> = match pod.filter(|field| field.now.is_some()) {
        Some(field) => vec![field],
        None => parts.iter().filter(runs).map(field).collect(),
    };
    let sum = |all: Vec<T>| (!all.is_empty()).then(|| all.into_iter().sum());
    Pair {
        now: sum(fields.iter().filter_map(|it| it.now).collect()),
        after: sum(fields.iter().filter_map(Field::after).collect()),
    }
}

impl<T: PartialOrd> Pair<T> {
    /// Whether it becomes more; `None` where it stays. No limit is the most.
    fn rises(&self) -> Option<bool> {
        match (&self.now, &self.after) {
            (None, None) => None,
            (Some(now), Some(after)) if now == after => None,
            (Some(now), Some(after)) => Some(after > now),
            (None, Some(_)) => Some(true),
            (Some(_), None) => Some(false),
        }
    }
}

/// `500m↓120m`, `none↑352Mi`; one value where nothing changes.
fn text<T: Copy + PartialOrd>(pair: &Pair<T>, shown: impl Fn(T) -> String) -> Option<String> {
    let side = |value: Option<T>| value.map_or_else(|| "none".to_owned(), &shown);
    let (now, after) = (side(pair.now), side(pair.after));
    match pair.rises() {
        None => pair.now.map(|_| now),
        _ if now == after => Some(now),
        Some(true) => Some(format!("{now}↑{after}")),
        Some(false) => Some(format!("{now}↓{after}")),
    }
}

fn cell<T: Copy + PartialOrd>(pair: &Pair<T>, shown: impl Fn(T) -> String) -> Cell {
    let style = match pair.rises() {
        Some(true) => WARN,
        Some(false) => GOOD,
        None => DIM,
    };
    let text = text(pair, shown);
    Cell::styled(text.unwrap_or_else(|| "none".to_owned()), style)
}
