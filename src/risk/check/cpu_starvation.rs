use crate::finding::Severity;
use crate::recommend::{Advice, Confidence, Pool};
use crate::risk::patch::{Amount, container};
use crate::risk::seen::at_most;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Metric, Series, Values};
use crate::text::percent_said;
use crate::units::{Cpu, len_f64};

/// A container that gets no CPU when it needs it, because it asked for none and its node
/// has none left.
pub(super) struct CpuStarvation;

/// Share of the node's allocatable CPU in use, from which on requests decide who runs.
const FULL: f64 = 0.9;
/// Use ÷ request, from which on a container lives of what others leave.
const BEYOND: f64 = 1.5;
/// Share of time that tasks wait for CPU, which is felt. PSI.
const WAITS: f64 = 0.2;
/// Days of the last one that this has to go on: half an hour.
const LASTS: f64 = 0.5 / 24.0;

impl Check for CpuStarvation {
    fn name(&self) -> &'static str {
        "cpu_starvation"
    }

    fn summary(&self) -> &'static str {
        "containers with no or far too small a CPU request on nodes that are full"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        if seen.snapshot.cluster.nodes.is_empty() {
            let hint = "allow `list` on nodes, or add them to `--objects`";
            return seen.once(|| Sought::unknown("cluster", "without known nodes", hint));
        }
        seen.each_container(|_, pool| {
            let mut worst: Option<Starved> = None;
            for series in &pool.series {
                let starved = Starved::of(seen, pool, series);
                let more = |it: &Starved| worst.as_ref().is_none_or(|w| it.days > w.days);
                worst = starved.filter(more).or(worst);
            }
            match worst.filter(|it| it.days >= LASTS) {
                Some(starved) => Sought::risk(self.risk(seen, pool, &starved)),
                None => Sought::fine(),
            }
        })
    }
}

/// The last day of the pod that had it worst.
#[derive(Clone)]
struct Starved {
    node: usize,
    /// Time that it went on, in days.
    days: f64,
    /// Mean use in that time, in cores.
    used: f64,
    /// Whether waiting was measured.
    waits: Option<f64>,
    first: u32,
}

impl Starved {
    fn of(seen: &Seen<'_>, pool: &Pool<'_>, series: &Series) -> Option<Self> {
        let mut pods = pool.workload.pods.iter();
        let on = pods.find(|pod| pod.name == series.pod)?.node.as_deref()?;
        let node = seen.node(on)?;
        let room = seen.snapshot.cluster.nodes[node].allocatable.cpu?.get();
        let request = pool.container.ran_requests().cpu.unwrap_or(Cpu::ZERO);
        let waiting = series.more.get(&Metric::CpuWaitingRatio).map(Values::every);
        let from = seen.grid.len.saturating_sub(seen.grid.per_day());
        let skip = usize::try_from(from.saturating_sub(series.first)).unwrap_or(usize::MAX);
        let (mut slots, mut used_in_all, mut waited, mut known) = (0, 0.0, 0.0, 0);
        let mut first = None;
        for (at, (slot, used)) in (series.first..)
            .zip(&series.cpu_cores)
            .enumerate()
            .skip(skip)
        {
            let used = f64::from(*used);
            let place = usize::try_from(slot).unwrap_or(usize::MAX);
            let busy = seen.nodes[node]
                .cpu
                .get(place)
                .copied()
                .map_or(0.0, f64::from);
            let wait = waiting.as_ref().and_then(|it| it.get(at)).copied();
            let wait = wait.map(f64::from).filter(|it| it.is_finite());
            let short = used > BEYOND * request.get() && used > 0.0 && busy >= FULL * room;
            // Where waiting is measured, it decides.
            if short && wait.is_none_or(|it| it >= WAITS) {
                first = first.or(Some(slot));
                slots += 1;
                used_in_all += used;
                if let Some(wait) = wait {
                    waited += wait;
                    known += 1;
                }
            }
        }
        Some(Self {
            node,
            days: len_f64(slots) * seen.grid.step.as_days(),
            used: used_in_all / len_f64(slots).max(1.0),
            waits: (known > 0).then(|| waited / len_f64(known)),
            first: first?,
        })
    }
}

impl CpuStarvation {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, starved: &Starved) -> Risk {
        let request = pool.container.requests.cpu;
        let asked = request.map_or_else(
            || "requests no CPU".to_owned(),
            |it| format!("requests {it} CPU"),
        );
        let advised = seen.advice(pool).map(|it| it.sizing.cpu_request);
        let size = match advised {
            Some(Advice::Set(size)) if Some(size) > request => size,
            _ => Cpu::cores(starved.used).round_up_to(Cpu::millicores(10)),
        };
        let node = &seen.snapshot.cluster.nodes[starved.node].name;
        let waits = starved.waits.map_or_else(String::new, |share| {
            format!(", and waited {} of it", percent_said(share))
        });
        let mut risk = Risk {
            severity: Severity::Medium,
            since: Some(seen.grid.time(starved.first)),
            text: format!(
                "{asked}, and used {} while its node was full for {} of the last day{waits}",
                Cpu::cores(starved.used).round_up_to(Cpu::millicores(1)),
                lasting(starved.days)
            ),
            evidence: vec![
                Evidence::text("node", node.clone()),
                Evidence::number("starved_hours", starved.days * 24.0),
                Evidence::number("cpu_used_cores", starved.used),
                Evidence::number("cpu_request_cores", request.unwrap_or(Cpu::ZERO).get()),
            ],
            action: Action::new(format!("request {size} CPU")).with(container(
                pool.workload,
                pool.container,
                &Amount::CpuRequest(size),
            )),
            ..seen.risk_of(self.name(), pool)
        };
        if let Some(waits) = starved.waits {
            risk.evidence
                .push(Evidence::number("cpu_waiting_ratio", waits));
        } else {
            // That the node was full says that it may have waited, not that it did.
            risk.severity = Severity::Low;
            risk.confidence = at_most(risk.confidence, Confidence::Low);
        }
        risk
    }
}
