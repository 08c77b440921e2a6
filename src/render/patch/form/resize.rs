//! Running pods resized in place.

use std::io::{self, Write};

use super::{Form, Kind, Sheet, apply};
use crate::change::{Change, body};
use crate::snapshot::Pod;
use crate::text::{is_plain, quote};

pub(super) struct Resize;

impl Form for Resize {
    fn name(&self) -> &'static str {
        "resize"
    }

    fn summary(&self) -> &'static str {
        "running pods resized in place, without a restart"
    }

    fn kind(&self) -> Kind {
        Kind::Commands
    }

    fn restarts(&self) -> bool {
        false
    }

    fn objects(&self, change: &Change<'_>) -> usize {
        let whole = change.moves_qos || !change.pod.is_empty();
        if whole || body::resize(change).is_none() {
            return 0;
        }
        running(change).count()
    }

    fn condition(&self) -> &'static str {
        " until the next rollout"
    }

    fn usage(&self, file: &str, _alone: bool) -> Vec<String> {
        vec![
            "For clusters from 1.33 on, kubectl from 1.32 on; memory limits fall from 1.34 on.".to_owned(),
            "Pod templates stay as they are: change them too, or the next rollout brings the old sizes back."
                .to_owned(),
            format!("Review, then: sh {file}"),
        ]
    }

    fn write(&self, change: &Change<'_>, _sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
        if change.moves_qos {
            return apply::comment(
                "Not in place: the pods would get another quality-of-service class.",
                out,
            );
        }
        if !change.pod.is_empty() {
            return apply::comment(
                "Not in place: sizes of a pod as a whole need a new pod.",
                out,
            );
        }
        let Some(body) = body::resize(change) else {
            return apply::comment(
                "Not in place: nothing of it can change while a pod runs.",
                out,
            );
        };
        left_out(change, out)?;
        let namespace = change.workload.id.namespace.as_str();
        let mut none = true;
        for pod in running(change) {
            none = false;
            if !is_plain(&pod.name) || !is_plain(namespace) {
                apply::comment("A name here is none that Kubernetes takes.", out)?;
                continue;
            }
            writeln!(
                out,
                "kubectl patch pod {} -n {namespace} --subresource resize -p {}",
                pod.name,
                quote(&body.to_string())
            )?;
        }
        if none {
            apply::comment("No pod of it is running.", out)?;
        }
        Ok(())
    }
}

fn running<'a>(change: &'a Change<'_>) -> impl Iterator<Item = &'a Pod> {
    let pods = change.workload.pods.iter();
    pods.filter(|pod| pod.phase == "Running")
}

/// What stays for the next pod.
fn left_out(change: &Change<'_>, out: &mut dyn Write) -> io::Result<()> {
    for changed in &change.containers {
        let name = &changed.container.name;
        for edit in changed.edits.iter().filter(|edit| edit.after.is_none()) {
            let (section, resource) = (edit.section.name(), edit.resource.name());
            apply::comment(
                &format!("{section}.{resource} of {name} goes with a new pod only."),
                out,
            )?;
        }
        if let Some(heap) = &changed.heap {
            let variable = &heap.variable;
            apply::comment(&format!("{name} reads {variable} at its start only."), out)?;
        }
    }
    Ok(())
}
