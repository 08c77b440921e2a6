use super::no_samples;
use crate::doctor::{Check, Point, Seen};
use crate::text::count;
use crate::units::len_f64;

/// Whether usage can be in the units that it should be in.
pub(super) struct Units;

/// Containers that are told.
const NAMED: usize = 3;
/// The share of containers from which on the source itself is wrong.
const SOURCE: f64 = 0.1;

impl Check for Units {
    fn name(&self) -> &'static str {
        "units"
    }

    fn summary(&self) -> &'static str {
        "usage that cannot be: percent for cores, kilobytes for bytes"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let usage = &seen.usage;
        let bad = usage.not_measured.len();
        let mut points = Vec::new();
        if bad > 0 {
            let share = len_f64(bad) / len_f64(usage.containers.max(1));
            let names = usage.not_measured.iter().take(NAMED);
            let names = names.map(String::as_str).collect::<Vec<_>>().join("; ");
            let text = format!(
                "use of {bad} of {} cannot be: {names}",
                count(usage.containers, "container")
            );
            points.push(if share >= SOURCE {
                Point::bad(40, text)
            } else {
                Point::warn(8, text)
            });
        } else {
            let odd = seen.gaps(&["impossible-usage"]).into_iter();
            points.extend(odd.map(|gap| Point::warn(5, &gap.text)));
        }
        let odd = seen.gaps(&["impossible-values"]).into_iter();
        points.extend(odd.map(|gap| Point::warn(4, &gap.text)));
        if points.is_empty() {
            return no_samples(seen).unwrap_or_else(|| vec![Point::ok("all use can be")]);
        }
        let told = points.into_iter();
        told.map(|point| point.effect(EFFECT).mend(MEND)).collect()
    }
}

const EFFECT: &str = "these are left out, and stay without advice";
const MEND: &str = "\
# a recording rule that gives cores and bytes; name it in prometheus-names of kcost.yaml
groups:
- name: units
  rules:
  - record: fixed:container_memory_working_set_bytes
    expr: container_memory_working_set_bytes * 1024
  - record: fixed:container_cpu_usage_seconds_total
    expr: container_cpu_usage_seconds_total / 100";
