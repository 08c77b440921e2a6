use crate::finding::Severity;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{ContainerKind, Workload};
use crate::units::len_f64;

/// An autoscaler that adds and takes away the same pods again and again.
pub(super) struct AutoscalerFlaps;

/// Turns of direction in the last day that are no rhythm: one up and one down an hour.
/// A load that comes and goes by the hour needs as many.
const TURNS: usize = 24;

impl Check for AutoscalerFlaps {
    fn name(&self) -> &'static str {
        "autoscaler_flaps"
    }

    fn summary(&self) -> &'static str {
        "autoscalers that go up and down more than once an hour, all day"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            let Some(scaler) = &workload.autoscaler else {
                return Sought::fine();
            };
            let turns = turns(seen, index, workload);
            if turns <= TURNS {
                return Sought::fine();
            }
            Sought::risk(Risk {
                severity: Severity::Low,
                text: format!(
                    "autoscaler `{}` changed direction {turns} times in the last day",
                    scaler.name
                ),
                evidence: vec![
                    Evidence::text("autoscaler", scaler.name.clone()),
                    Evidence::number("turns_last_day", len_f64(turns)),
                ],
                action: Action::new(
                    "let it wait before it scales down: `behavior.scaleDown.stabilizationWindowSeconds`",
                ),
                ..seen.risk(self.name(), index)
            })
        })
    }
}

/// How often the number of running pods turned from more to fewer or back in the last day.
fn turns(seen: &Seen<'_>, index: usize, workload: &Workload) -> usize {
    let mut containers = workload.containers.iter();
    let first = containers.find(|it| it.kind == ContainerKind::App);
    let Some(first) = first else {
        return 0;
    };
    let from = seen.grid.len.saturating_sub(seen.grid.per_day());
    let slots = usize::try_from(seen.grid.len - from).unwrap_or(0);
    let mut pods = vec![0_u32; slots];
    for series in seen.pods_of(index, &first.name) {
        for (slot, used) in (series.first..).zip(&series.cpu_cores) {
            let place = slot
                .checked_sub(from)
                .and_then(|it| usize::try_from(it).ok());
            if let Some(count) = place.and_then(|it| pods.get_mut(it)) {
                *count += u32::from(used.is_finite());
            }
        }
    }
    // A slot of which nothing is known is no pod less.
    let known: Vec<u32> = pods.into_iter().filter(|count| *count > 0).collect();
    let steps = known.windows(2).filter(|pair| pair[0] != pair[1]);
    let ups: Vec<bool> = steps.map(|pair| pair[1] > pair[0]).collect();
    ups.windows(2).filter(|pair| pair[0] != pair[1]).count()
}
