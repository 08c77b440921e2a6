//! A kustomize component, for trees that a GitOps tool reads.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::frame::File;
use super::{Form, Kind, apply};
use crate::change::{Change, Way, body};
use crate::render::emit;

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

    fn write(
        &self,
        change: &Change<'_>,
        file: Option<&str>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for (target, patch) in patches(change) {
            let text = emit::object(&patch)?;
            match file {
                // A patch file holds one patch; the autoscaler's is in the kustomization.
                Some(_) if target["kind"] == "HorizontalPodAutoscaler" => {}
                Some(_) => out.write_all(text.as_bytes())?,
                None => out.write_all(entry(&target, &text)?.as_bytes())?,
            }
        }
        apply::heaps_of_places(change, out)
    }

    fn beside(&self, files: &[File], changes: &[Change<'_>]) -> Option<(String, String)> {
        let mut text = self.opening(changes.len());
        for (file, change) in files.iter().zip(changes) {
            for (target, patch) in patches(change) {
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

/// What is patched, and how: a strategic merge where lists merge by name, else a JSON patch.
fn patches(change: &Change<'_>) -> Vec<(Value, Value)> {
    let object = &*change.target;
    let namespace = change.workload.id.namespace.as_str();
    let target = target(&object.api_version, &object.kind, &object.name, namespace);
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
        let target = self::target(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            &advice.name,
            namespace,
        );
        Some((target, body))
    });
    all.extend(scaled);
    all
}

fn target(api_version: &str, kind: &str, name: &str, namespace: &str) -> Value {
    let name = exactly(name);
    match api_version.split_once('/') {
        Some((group, version)) => json!({
            "group": group, "version": version, "kind": kind, "name": name, "namespace": namespace
        }),
        None => json!({
            "version": api_version, "kind": kind, "name": name, "namespace": namespace
        }),
    }
}

/// Targets are regular expressions, anchored by kustomize; names have dots.
fn exactly(name: &str) -> String {
    name.replace('.', "\\.")
}
