//! A kustomize component, for trees that a GitOps tool reads.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::frame::File;
use super::{Form, Kind, Sheet, apply};
use crate::change::{Change, Way, body};
use crate::render::emit;
use crate::snapshot::Workload;

pub(super) struct Kustomize;

/// Of a component, whatever it holds.
const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";

impl Form for Kustomize {
    fn name(&self) -> &'static str {
        "kustomize"
    }

    fn summary(&self) -> &'static str {
        "a kustomize component, for a Git tree"
    }

    fn kind(&self) -> Kind {
        Kind::List
    }

    fn usage(&self, file: &str, alone: bool) -> Vec<String> {
        if alone {
            return vec!["A patch of the kustomization.yaml beside it.".to_owned()];
        }
        let name = if file == "FILE" {
            "kustomization.yaml"
        } else {
            file
        };
        vec![
            format!("Save it as kcost/{name} beside an overlay, and name it there:"),
            "  components: [../kcost]".to_owned(),
        ]
    }

    fn opening(&self, changes: usize) -> String {
        let patches = if changes == 0 {
            "patches: []\n"
        } else {
            "patches:\n"
        };
        format!("{HEAD}{patches}")
    }

    fn write(&self, change: &Change<'_>, sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
        let known = Known::of(change, sheet.workloads);
        known.tell(change, out)?;
        for (target, patch) in patches(change, known) {
            let text = emit::object(&patch)?;
            match sheet.file {
                // A patch file holds one patch; the autoscaler's is in the kustomization.
                Some(_) if target["kind"] == "HorizontalPodAutoscaler" => {}
                Some(_) => out.write_all(text.as_bytes())?,
                None => out.write_all(entry(&target, &text)?.as_bytes())?,
            }
        }
        apply::heaps_of_places(change, out)
    }

    fn beside(
        &self,
        files: &[File],
        changes: &[Change<'_>],
        workloads: &[Workload],
    ) -> Option<(String, String)> {
        let mut text = self.opening(changes.len());
        for (file, change) in files.iter().zip(changes) {
            for (target, patch) in patches(change, Known::of(change, workloads)) {
                if target["kind"] == "HorizontalPodAutoscaler" {
                    let patch = emit::object(&patch).ok()?;
                    text.push_str(&entry(&target, &patch).ok()?);
                    continue;
                }
                let entry = json!([{"path": file.name, "target": target}]);
                text.push_str(&emit::object(&entry).ok()?);
            }
        }
        Some(("kustomization.yaml".to_owned(), text))
    }
}

/// A patch in the kustomization itself.
fn entry(target: &Value, patch: &str) -> io::Result<String> {
    let mut text = String::from("- patch: |-\n");
    for line in patch.lines() {
        let _ = writeln!(text, "    {line}");
    }
    let target = emit::object(target)?;
    text.push_str("  target:\n");
    for line in target.lines() {
        let _ = writeln!(text, "    {line}");
    }
    Ok(text)
}

/// Whether names alone say which objects are meant.
#[derive(Clone, Copy)]
struct Known {
    object: bool,
    autoscaler: bool,
}

impl Known {
    fn of(change: &Change<'_>, workloads: &[Workload]) -> Self {
        let namespace = &change.workload.id.namespace;
        let others = || workloads.iter().filter(|it| it.id.namespace != *namespace);
        let target = &*change.target;
        let same = |it: &Workload| {
            let own = it.patch.as_ref();
            own.is_some_and(|it| it.kind == target.kind && it.name == target.name)
        };
        let name = change.autoscaler.map(|it| it.name.as_str());
        let scaled = |it: &Workload| it.autoscaler.as_ref().map(|it| it.name.as_str()) == name;
        Self {
            object: !others().any(same),
            autoscaler: !others().any(scaled),
        }
    }

    /// Says what a target with a namespace does not find.
    fn tell(self, change: &Change<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.object {
            return Ok(());
        }
        let namespace = &change.workload.id.namespace;
        let text = format!(
            "Another namespace has one of this name: it is only found where its manifest says \
             `namespace: {namespace}` itself."
        );
        apply::comment(&text, out)
    }
}

/// What is patched, and how: a strategic merge where lists merge by name, else a JSON patch.
fn patches(change: &Change<'_>, known: Known) -> Vec<(Value, Value)> {
    let object = &*change.target;
    let namespace = change.workload.id.namespace.as_str();
    // kustomize sets namespaces behind components: until then many objects have none.
    let within = |known: bool| (!known).then_some(namespace);
    let target = target(
        (&object.api_version, &object.kind),
        &object.name,
        within(known.object),
    );
    let mut all = Vec::new();
    match change.way {
        Way::ByName => all.extend(body::strategic(change).map(|body| (target, body))),
        Way::ByPlace => {
            let operations = body::operations(change);
            if !operations.is_empty() {
                all.push((target, operations.into()));
            }
        }
    }
    let scaled = change.autoscaler.and_then(|advice| {
        let body = body::autoscaler(namespace, advice)?;
        let kind = ("autoscaling/v2", "HorizontalPodAutoscaler");
        let target = self::target(kind, &advice.name, within(known.autoscaler));
        Some((target, body))
    });
    all.extend(scaled);
    all
}

fn target((api_version, kind): (&str, &str), name: &str, namespace: Option<&str>) -> Value {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let mut target = json!({"version": version, "kind": kind, "name": exactly(name)});
    if !group.is_empty() {
        target["group"] = group.into();
    }
    if let Some(namespace) = namespace {
        target["namespace"] = namespace.into();
    }
    target
}

/// Targets are regular expressions, anchored by kustomize; names have dots.
fn exactly(name: &str) -> String {
    name.replace('.', "\\.")
}
