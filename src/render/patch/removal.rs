use std::io;

use serde_json::json;

use super::list_of;
use crate::recommend::Advice;
use crate::render::pick::{Part, Row};
use crate::snapshot::PatchTarget;
use crate::text::{escape, is_plain, quote};

/// A server-side apply cannot take away what another manager owns; this can.
pub(super) fn write(
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
            let field = format!("{section}.{resource}");
            match command(row, target, part, (section, resource)) {
                Some(command) => writeln!(
                    out,
                    "# To remove {field} of {}:\n#   {command}",
                    escape(&part.container.name),
                )?,
                None => writeln!(
                    out,
                    "# Remove {field} of {} by hand: Kubernetes takes no such names.",
                    escape(&part.container.name),
                )?,
            }
        }
    }
    Ok(())
}

/// `None` where a name is none that Kubernetes takes: it would say something else to
/// a shell or to kubectl than to whoever reads it.
fn command(
    row: &Row<'_>,
    target: &PatchTarget,
    part: &Part<'_>,
    (section, resource): (&str, &str),
) -> Option<String> {
    let container = part.container.name.as_str();
    let kind = target.kind.to_lowercase();
    let namespace = row.workload.id.namespace.as_str();
    if ![&kind, &target.name, namespace, container]
        .into_iter()
        .all(is_plain)
    {
        return None;
    }
    let list = list_of(part.container.kind);
    let inner = json!({list: [{"name": container, "resources": {section: {resource: null}}}]});
    let path = target.pod_spec.iter().rev();
    let patch = path.fold(inner, |inner, field| json!({field: inner}));
    Some(format!(
        "kubectl patch {kind} {} -n {namespace} --type=strategic -p {}",
        target.name,
        quote(&patch.to_string())
    ))
}
