//! What a change wants of which values.

use super::super::tree::Node;
use super::chart::Charts;
use super::find::{self, Made};
use super::template::{Part, parts, put};
use super::values::{Turn, Wanted};
use super::{Why, sizes};
use crate::change::{Amount, Change, Changed, Edit, Resource, Section};
use crate::snapshot::{AutoscalerMetric, Container, Target, Workload};
use crate::units::{Bytes, Cpu};

/// Values that every chart of an installation sees.
const GLOBAL: &str = "global";

/// The autoscaler of a workload, as a template has it.
pub(super) struct Scaler<'c> {
    pub(super) made: Made<'c>,
    pub(super) wanted: Vec<Wanted>,
}

/// The values of all sizes that change, and of those beside them.
pub(super) fn of_change(made: &Made<'_>, change: &Change<'_>) -> Result<Vec<Wanted>, String> {
    if !change.pod.is_empty() {
        return Err(
            "it has sizes of the pod as a whole, which are not placed in values".to_owned(),
        );
    }
    let mut wanted = Vec::new();
    for changed in &change.containers {
        wanted.extend(of_changed(made, changed, change.workload)?);
    }
    Ok(wanted)
}

fn of_changed(
    made: &Made<'_>,
    changed: &Changed<'_>,
    workload: &Workload,
) -> Result<Vec<Wanted>, String> {
    let called = &changed.container.name;
    let of = |why: String| format!("container {called}: {why}");
    if let Some(heap) = &changed.heap {
        let variable = &heap.variable;
        return Err(of(format!(
            "`{variable}` changes with its memory, and is not placed in values"
        )));
    }
    let list = changed.container.kind.list();
    let node = find::container(made, (list, called), workload)?;
    of_container(made, node, (changed.container, &changed.edits)).map_err(of)
}

/// The values of one container. Of what stays only those that are certain.
pub(super) fn of_container(
    made: &Made<'_>,
    node: &Node,
    (container, edits): (&Container, &[Edit]),
) -> Result<Vec<Wanted>, String> {
    let mut all = Vec::new();
    for section in Section::ALL {
        for resource in Resource::ALL {
            let edit = edits
                .iter()
                .find(|it| it.section == section && it.resource == resource);
            let source = match (sizes::source(made, node, (section, resource)), edit) {
                (Ok(source), _) => source,
                (Err(_), None) => continue,
                (Err(why), Some(_)) => return Err(why),
            };
            if source.path.first().is_some_and(|it| it == GLOBAL) {
                return Err("its sizes are global values, which every chart sees".to_owned());
            }
            let before = match edit {
                Some(edit) => edit.before.map(Amount::get),
                None => declared(container, section, resource),
            };
            let turn = edit.map_or(Turn::Stays, |edit| match edit.after {
                Some(after) => Turn::Becomes(after.to_string()),
                None => Turn::Goes,
            });
            all.push(Wanted {
                path: made.instance.absolute(&source.path),
                before,
                turn,
                number: false,
                strict: source.strict,
            });
        }
    }
    Ok(all)
}

/// What the pod template says, in cores or bytes.
fn declared(container: &Container, section: Section, resource: Resource) -> Option<f64> {
    let sizes = match section {
        Section::Requests => container.declared_requests(),
        Section::Limits => container.declared_limits(),
    };
    match resource {
        Resource::Cpu => sizes.cpu.map(Cpu::get),
        Resource::Memory => sizes.memory.map(Bytes::to_f64),
    }
}

/// The autoscaler that moves with the change, where a template of the same chart has it.
pub(super) fn scaler<'c>(
    charts: &'c Charts,
    made: &Made<'c>,
    change: &Change<'_>,
) -> Result<Option<Scaler<'c>>, Why> {
    let Some(advice) = change.autoscaler else {
        return Ok(None);
    };
    let name = made.document.at(&["metadata", "name"]);
    let name = name.and_then(|it| written(made, it));
    let of_it = find::documents(charts, made.instance).filter(|it| {
        let target = it.document.at(&["spec", "scaleTargetRef", "name"]);
        it.is_kind("HorizontalPodAutoscaler") && target.and_then(|node| written(it, node)) == name
    });
    let of_it: Vec<Made<'c>> = of_it.collect();
    let scaler = match of_it.as_slice() {
        [] => return Ok(None),
        [one] => *one,
        all => {
            let paths = all.iter().map(|it| it.path.to_owned()).collect();
            let why = "several templates may make its HorizontalPodAutoscaler".to_owned();
            return Err(Why::Files(paths, why));
        }
    };
    let mut wanted = Vec::new();
    for moved in &advice.changes {
        let Some(metric) = advice.metrics.get(moved.metric) else {
            continue;
        };
        let of = target(&scaler, metric, (moved.before, moved.after));
        wanted.push(of.map_err(|why| Why::Files(vec![scaler.path.to_owned()], why))?);
    }
    Ok(Some(Scaler {
        made: scaler,
        wanted,
    }))
}

/// A scalar with its expressions, as a text to hold against others.
fn written(made: &Made<'_>, node: &Node) -> Option<String> {
    let whole = parts(node.text()?).into_iter().map(|part| match part {
        Part::Text(text) => text.to_owned(),
        Part::Put(number) => {
            let action = made.template.actions.get(number);
            format!("{{{}}}", action.map_or("", |it| it.expression.as_str()))
        }
    });
    Some(whole.collect())
}

/// The value of a target.
fn target(
    made: &Made<'_>,
    metric: &AutoscalerMetric,
    (before, after): (Target, Target),
) -> Result<Wanted, String> {
    let name = &metric.name;
    let (Target::Utilization(before), Target::Utilization(percent)) = (before, after) else {
        return Err(format!(
            "the target of `{name}` becomes an amount, for which the chart has no value"
        ));
    };
    let field = match metric.kind.as_str() {
        "ContainerResource" => "containerResource",
        _ => "resource",
    };
    let metrics = made
        .document
        .at(&["spec", "metrics"])
        .map_or(&[][..], Node::items);
    let text = |node: &Node, path: &[&str]| node.at(path).and_then(Node::text).map(str::to_owned);
    let of_it = metrics.iter().filter(|item| {
        text(item, &[field, "name"]).as_ref() == Some(name)
            && (field == "resource" || text(item, &[field, "container"]) == metric.container)
    });
    let mut values = of_it.flat_map(|item| {
        let nodes = [
            item.at(&[field, "target", "averageUtilization"]),
            item.at(&[field, "targetAverageUtilization"]),
        ];
        let nodes = nodes.into_iter().flatten();
        nodes.map(|node| {
            let action = made.template.actions.get(put(node)?)?;
            let value = action.value().filter(|it| !it.whole)?;
            let mut guards = made.template.guards(made.document, node).into_iter();
            let free = guards.all(|it| it.path.is_some_and(|it| value.path.starts_with(&it)));
            Some((value.path, !free))
        })
    });
    let unclear = || format!("the target of `{name}` is no single value of the chart");
    let (path, strict) = values.next().flatten().ok_or_else(unclear)?;
    if values.any(|it| it.is_none_or(|it| it.0 != path)) {
        return Err(unclear());
    }
    Ok(Wanted {
        path: made.instance.absolute(&path),
        before: Some(f64::from(before)),
        turn: Turn::Becomes(percent.to_string()),
        number: true,
        strict,
    })
}
