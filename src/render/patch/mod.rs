//! Server-side-apply YAML: one document a workload, with only what changes.

use std::io;

use serde_yaml::{Mapping, Value};

mod autoscaler;
mod removal;

use super::pick::{Field, Fields, Part, Row};
use super::words::{pods, state, worth};
use super::{Fleet, Look, Renderer, emit};
use crate::pipeline::Analysis;
use crate::recommend::HeapChange;
use crate::snapshot::{ContainerKind, PatchTarget};
use crate::text::escape;
use crate::units::{Bytes, Cpu};

pub(super) struct Patch;

/// Applies a file of such documents, whose name follows.
///
/// A server-side apply takes away what the same field manager has set before and
/// does not name any more. A document names only what changes, so each patch gets a
/// manager of its own.
pub(super) const APPLY: &str =
    "kubectl apply --server-side --force-conflicts --field-manager=kcost-$(date +%s) -f";

/// Shows what such documents would change, whose file name follows.
pub(super) const DIFF: &str = "kubectl diff --server-side --force-conflicts -f";

/// Groups whose kinds merge containers by name in a server-side apply.
/// A custom resource may treat the list as one value, and lose its images.
const MERGED: [&str; 3] = ["apps/", "batch/", "v1"];

impl Renderer for Patch {
    fn name(&self) -> &'static str {
        "patch"
    }

    fn summary(&self) -> &'static str {
        "YAML for `kubectl apply --server-side`, only what changes"
    }

    fn render(
        &self,
        analysis: &Analysis<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let snapshot = analysis.snapshot;
        let cluster = escape(&snapshot.cluster.name);
        writeln!(
            out,
            "# Sizes for cluster {cluster}, from usage up to {}.",
            snapshot.taken_at
        )?;
        writeln!(out, "# Review, then apply:")?;
        writeln!(out, "#   {APPLY} FILE")?;
        let mut changed = 0;
        for row in look.view.rows(analysis) {
            let parts = row.parts(analysis);
            let parts: Vec<Part<'_>> = parts.into_iter().filter(Part::changes).collect();
            if !parts.is_empty() || row.pod_changes() {
                changed += 1;
                document(&row, &parts, analysis, out)?;
            }
        }
        if changed == 0 {
            writeln!(out, "# Nothing needs to change.")?;
        }
        Ok(())
    }

    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        for analysis in fleet.analyses() {
            let name = escape(&analysis.snapshot.cluster.name);
            writeln!(
                out,
                "# Cluster {name}: apply this part to this cluster only."
            )?;
            self.render(analysis, look, out)?;
        }
        Ok(())
    }
}

/// The comment that says why, and the document.
fn document(
    row: &Row<'_>,
    parts: &[Part<'_>],
    analysis: &Analysis<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let (inside, injected): (Vec<Part<'_>>, Vec<Part<'_>>) =
        parts.iter().partition(|part| part.container.in_template);
    writeln!(out, "---")?;
    why(row, parts, analysis, out)?;
    for part in &injected {
        let name = escape(&part.container.name);
        writeln!(
            out,
            "# {name} is not in the pod template: change it where it is injected"
        )?;
    }
    let Some(target) = &row.workload.patch else {
        return writeln!(
            out,
            "# No patch: kcost does not know where to change the pods of a {}.",
            escape(&row.workload.id.kind)
        );
    };
    removal::write(row, target, &inside, out)?;
    let Some(patch) = patch(row, target, &inside) else {
        return Ok(());
    };
    let text = emit::document(&patch)?;
    let merged = MERGED
        .iter()
        .any(|group| target.api_version.starts_with(group));
    if merged {
        out.write_all(text.as_bytes())?;
    } else {
        writeln!(
            out,
            "# Not for a server-side apply: a custom resource may replace its whole list of containers."
        )?;
        comment(&text, out)?;
    }
    scaling(row, merged, out)
}

/// The autoscaler whose targets move with the requests: one advice, both or none.
fn scaling(row: &Row<'_>, merged: bool, out: &mut dyn io::Write) -> io::Result<()> {
    let Some(advice) = &row.advice.autoscaler else {
        return Ok(());
    };
    let namespace = &row.workload.id.namespace;
    let Some(document) = autoscaler::document(namespace, advice) else {
        return Ok(());
    };
    let text = emit::document(&document)?;
    writeln!(out, "---")?;
    writeln!(
        out,
        "# Together with {}: it scales at the same load as before.",
        escape(&row.workload.id.to_string())
    )?;
    if merged {
        out.write_all(text.as_bytes())
    } else {
        comment(&text, out)
    }
}

fn comment(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    text.lines()
        .try_for_each(|line| writeln!(out, "#   {}", escape(line)))
}

/// A mapping of these fields, in their order.
fn map<const N: usize>(fields: [(&str, Value); N]) -> Mapping {
    fields
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect()
}

fn why(
    row: &Row<'_>,
    parts: &[Part<'_>],
    analysis: &Analysis<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let worth = worth(row.bill.savings(), &analysis.bill.currency);
    writeln!(
        out,
        "# {}: {}, {}, {worth} a month",
        escape(&row.workload.id.to_string()),
        state(row.advice.state),
        pods(row.workload),
    )?;
    for reason in row.pod().iter().flat_map(|(_, advice)| &advice.reasons) {
        writeln!(out, "#   {}", escape(&reason.text))?;
    }
    for part in parts {
        for why in &part.advice.whys {
            let name = escape(&part.container.name);
            writeln!(out, "#   {name}: {}", escape(&why.text))?;
        }
    }
    Ok(())
}

/// The document; `None` where nothing is to be set.
fn patch(row: &Row<'_>, target: &PatchTarget, parts: &[Part<'_>]) -> Option<Mapping> {
    let mut spec = Mapping::new();
    if let Some(resources) = row.pod().and_then(|(fields, _)| resources(&fields)) {
        spec.insert("resources".into(), resources.into());
    }
    for part in parts {
        let (resources, env) = (resources(&part.fields()), part.heap_change().map(variable));
        if resources.is_none() && env.is_none() {
            continue;
        }
        let mut container = map([("name", part.container.name.as_str().into())]);
        if let Some(env) = env {
            container.insert("env".into(), Value::Sequence(vec![env]));
        }
        if let Some(resources) = resources {
            container.insert("resources".into(), resources.into());
        }
        let list = spec
            .entry(list_of(part.container.kind).into())
            .or_insert_with(|| Value::Sequence(Vec::new()));
        if let Value::Sequence(list) = list {
            list.push(container.into());
        }
    }
    if spec.is_empty() {
        return None;
    }
    let metadata = map([
        ("name", target.name.as_str().into()),
        ("namespace", row.workload.id.namespace.as_str().into()),
    ]);
    let mut document = map([
        ("apiVersion", target.api_version.as_str().into()),
        ("kind", target.kind.as_str().into()),
        ("metadata", metadata.into()),
    ]);
    let mut path = target.pod_spec.iter();
    let root = path.next()?.as_str();
    let nested = path.rev().fold(spec, |inner, field| {
        let mut outer = Mapping::new();
        outer.insert(field.as_str().into(), inner.into());
        outer
    });
    document.insert(root.into(), nested.into());
    Some(document)
}

fn list_of(kind: ContainerKind) -> &'static str {
    match kind {
        ContainerKind::App => "containers",
        ContainerKind::Sidecar | ContainerKind::Init => "initContainers",
    }
}

/// The variable that sizes a heap: lists of variables merge by name.
fn variable(change: &HeapChange) -> Value {
    map([
        ("name", change.variable.as_str().into()),
        ("value", change.value.as_str().into()),
    ])
    .into()
}

/// The fields that are set to something else than they are.
fn resources(fields: &Fields) -> Option<Mapping> {
    let cpu = |field: Field<Cpu>| set(field).map(|cpu| cpu.to_string());
    let memory = |field: Field<Bytes>| set(field).map(|memory| memory.to_string());
    let section = |cpu: Option<String>, memory: Option<String>| {
        let fields = [("cpu", cpu), ("memory", memory)].into_iter();
        let set = fields.filter_map(|(name, text)| Some((name.into(), text?.into())));
        let set: Mapping = set.collect();
        (!set.is_empty()).then_some(set)
    };
    let sections = [
        (
            "requests",
            section(cpu(fields.cpu_request), memory(fields.memory_request)),
        ),
        (
            "limits",
            section(cpu(fields.cpu_limit), memory(fields.memory_limit)),
        ),
    ];
    let set = sections.into_iter();
    let set = set.filter_map(|(name, fields)| Some((name.into(), fields?.into())));
    let set: Mapping = set.collect();
    (!set.is_empty()).then_some(set)
}

fn set<T: Copy + PartialEq>(field: Field<T>) -> Option<T> {
    field.advice.value().filter(|_| field.changes())
}
