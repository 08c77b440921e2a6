//! Lines of `kubectl set resources`.

use std::io::{self, Write};

use super::json_patch::JsonPatch;
use super::{Form, Kind, Sheet, apply, command, strategic};
use crate::change::{Change, Changed, Section, Way};
use crate::text::{is_plain, quote};

pub(super) struct Set;

impl Form for Set {
    fn name(&self) -> &'static str {
        "set"
    }

    fn summary(&self) -> &'static str {
        "lines of `kubectl set resources`"
    }

    fn kind(&self) -> Kind {
        Kind::Commands
    }

    fn usage(&self, file: &str, _alone: bool) -> Vec<String> {
        vec![
            "Every line makes pods anew; `-o strategic` changes all of a workload at once."
                .to_owned(),
            format!("Review, then: sh {file}"),
        ]
    }

    fn write(&self, change: &Change<'_>, sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
        if change.way == Way::ByPlace || !change.pod.is_empty() {
            let stream = Sheet {
                file: None,
                ..sheet
            };
            return JsonPatch.write(change, stream, out);
        }
        for changed in &change.containers {
            match lines(change, changed) {
                Some(lines) => lines.iter().try_for_each(|line| writeln!(out, "{line}"))?,
                None => strategic::by_hand(out)?,
            }
        }
        for removal in command::removal(change) {
            apply::comment(&removal, out)?;
        }
        strategic::scaling(change, None, out)
    }
}

/// Of one container; `None` where a name is none that Kubernetes takes.
fn lines(change: &Change<'_>, changed: &Changed<'_>) -> Option<Vec<String>> {
    let target = &*change.target;
    let kind = command::resource(&target.api_version, &target.kind);
    let (name, namespace) = (target.name.as_str(), change.workload.id.namespace.as_str());
    let container = changed.container.name.as_str();
    if ![&kind, name, namespace, container]
        .into_iter()
        .all(is_plain)
    {
        return None;
    }
    let of = |verb: &str| format!("kubectl set {verb} {kind} {name} -n {namespace} -c {container}");
    let mut lines = Vec::new();
    let set: Vec<String> = Section::ALL
        .into_iter()
        .filter_map(|section| amounts(changed, section))
        .collect();
    if !set.is_empty() {
        lines.push(format!("{} {}", of("resources"), set.join(" ")));
    }
    if let Some(heap) = &changed.heap {
        let word = quote(&format!("{}={}", heap.variable, heap.value));
        lines.push(format!("{} {word}", of("env")));
    }
    Some(lines)
}

/// `--requests=cpu=100m,memory=1Gi`.
fn amounts(changed: &Changed<'_>, section: Section) -> Option<String> {
    let of = changed.edits.iter().filter(|edit| edit.section == section);
    let set = of.filter_map(|edit| Some(format!("{}={}", edit.resource.name(), edit.after?)));
    let set: Vec<String> = set.collect();
    (!set.is_empty()).then(|| format!("--{}={}", section.name(), set.join(",")))
}
