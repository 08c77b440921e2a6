use std::io;

use super::list_of;
use crate::recommend::Advice;
use crate::render::pick::{Part, Row};
use crate::snapshot::PatchTarget;
use crate::text::escape;

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
