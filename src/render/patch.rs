//! Server-side-apply YAML: one document a workload, with only what changes.

use std::io;

use serde_yaml::{Mapping, Value};

use super::pick::{Part, Row};
use super::words::{pods, state, worth};
use super::{Fleet, Look, Renderer};
use crate::pipeline::Analysis;
use crate::recommend::{Advice, HeapChange};
use crate::snapshot::{ContainerKind, PatchTarget};
use crate::text::escape;
use crate::units::{Bytes, Cpu};

pub(super) struct Patch;

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
        writeln!(
            out,
            "#   kubectl apply --server-side --field-manager=kcost --force-conflicts -f FILE"
        )?;
        let mut changed = 0;
        for row in look.view.rows(analysis) {
            let parts = row.parts(analysis);
            let parts: Vec<Part<'_>> = parts.into_iter().filter(Part::changes).collect();
            if !parts.is_empty() {
                changed += 1;
                document(&row, &parts, analysis, out)?;
            }
        }
        if changed == 0 {
            writeln!(out, "# Nothing is to be changed.")?;
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
            writeln!(out, "# Cluster {name}: apply this part to no other.")?;
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
            "# No patch: kcost knows no place to change the pods of a {}.",
            escape(&row.workload.id.kind)
        );
    };
    removals(row, target, &inside, out)?;
    let Some(patch) = patch(row, target, &inside) else {
        return Ok(());
    };
    let text = serde_yaml::to_string(&patch).map_err(io::Error::other)?;
    let merged = MERGED
        .iter()
        .any(|group| target.api_version.starts_with(group));
    if merged {
        return out.write_all(text.as_bytes());
    }
    writeln!(
        out,
        "# Not for a server-side apply: a custom resource may replace its whole list of containers."
    )?;
    text.lines()
        .try_for_each(|line| writeln!(out, "#   {line}"))
}

fn why(
    row: &Row<'_>,
    parts: &[Part<'_>],
    analysis: &Analysis<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let worth = worth(row.bill.savings(), analysis.bill.currency);
    writeln!(
        out,
        "# {}: {}, {}, {worth} a month",
        escape(&row.workload.id.to_string()),
        state(row.advice.state),
        pods(row.workload),
    )?;
    for part in parts {
        for reason in &part.advice.reasons {
            let name = escape(&part.container.name);
            writeln!(out, "#   {name}: {}", escape(&reason.text))?;
        }
    }
    Ok(())
}

/// A server-side apply cannot take away what another manager owns; this can.
fn removals(
    row: &Row<'_>,
    target: &PatchTarget,
    parts: &[Part<'_>],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for part in parts {
        let limits = [
            (
                "requests",
                "cpu",
                part.cpu_request().changes() && part.cpu_request().advice == Advice::Unset,
            ),
            (
                "requests",
                "memory",
                part.memory_request().changes() && part.memory_request().advice == Advice::Unset,
            ),
            (
                "limits",
                "cpu",
                part.cpu_limit().changes() && part.cpu_limit().advice == Advice::Unset,
            ),
            (
                "limits",
                "memory",
                part.memory_limit().changes() && part.memory_limit().advice == Advice::Unset,
            ),
        ];
        for (section, resource, _) in limits.into_iter().filter(|(_, _, unset)| *unset) {
            let inner = format!(
                r#"{{"{}":[{{"name":"{}","resources":{{"{section}":{{"{resource}":null}}}}}}]}}"#,
                list_of(part.container.kind),
                escape(&part.container.name)
            );
            let path = target.pod_spec.iter().rev();
            let json = path.fold(inner, |json, field| format!(r#"{{"{field}":{json}}}"#));
            writeln!(
                out,
                "# To remove {section}.{resource} of {}:\n#   kubectl patch {} {} -n {} --type=strategic -p '{json}'",
                escape(&part.container.name),
                target.kind.to_lowercase(),
                target.name,
                row.workload.id.namespace,
            )?;
        }
    }
    Ok(())
}

/// The document; `None` where nothing is to be set.
fn patch(row: &Row<'_>, target: &PatchTarget, parts: &[Part<'_>]) -> Option<Mapping> {
    let mut spec = Mapping::new();
    for part in parts {
        let (resources, env) = (resources(part), part.heap_change().map(variable));
        if resources.is_none() && env.is_none() {
            continue;
        }
        let mut container = Mapping::new();
        container.insert("name".into(), part.container.name.as_str().into());
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
    let mut metadata = Mapping::new();
    metadata.insert("name".into(), target.name.as_str().into());
    metadata.insert(
        "namespace".into(),
        row.workload.id.namespace.as_str().into(),
    );
    let mut document = Mapping::new();
    document.insert("apiVersion".into(), target.api_version.as_str().into());
    document.insert("kind".into(), target.kind.as_str().into());
    document.insert("metadata".into(), metadata.into());
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
    let mut variable = Mapping::new();
    variable.insert("name".into(), change.variable.as_str().into());
    variable.insert("value".into(), change.value.as_str().into());
    variable.into()
}

/// The fields that are set to something else than they are.
fn resources(part: &Part<'_>) -> Option<Mapping> {
    let cpu = |advice: Advice<Cpu>| advice.value().map(|cpu| cpu.to_string());
    let memory = |advice: Advice<Bytes>| advice.value().map(|memory| memory.to_string());
    let set = |changes: bool, text: Option<String>| text.filter(|_| changes);
    let section = |cpu: Option<String>, memory: Option<String>| {
        let mut fields = Mapping::new();
        for (name, text) in [("cpu", cpu), ("memory", memory)] {
            if let Some(text) = text {
                fields.insert(name.into(), text.into());
            }
        }
        (!fields.is_empty()).then_some(fields)
    };
    let requests = section(
        set(part.cpu_request().changes(), cpu(part.cpu_request().advice)),
        set(
            part.memory_request().changes(),
            memory(part.memory_request().advice),
        ),
    );
    let limits = section(
        set(part.cpu_limit().changes(), cpu(part.cpu_limit().advice)),
        set(
            part.memory_limit().changes(),
            memory(part.memory_limit().advice),
        ),
    );
    let mut resources = Mapping::new();
    for (name, fields) in [("requests", requests), ("limits", limits)] {
        if let Some(fields) = fields {
            resources.insert(name.into(), fields.into());
        }
    }
    (!resources.is_empty()).then_some(resources)
}
