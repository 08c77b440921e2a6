use crate::finding::Severity;
use crate::recommend::{Advice, Pool};
use crate::risk::patch::{Amount, container};
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Metric, Series, Values};
use crate::units::{Cpu, len_f64};

/// A CPU limit that holds back work that is there to be done.
pub(super) struct CpuThrottling;

/// Share of periods that are throttled, above which a sample is held back.
const THROTTLED: f64 = 0.25;
/// Share of its limit that it must use in the same sample: what runs for one period in a
/// hundred and is throttled in that one waits for nothing.
const BUSY: f64 = 0.5;
/// Use of this share of the limit is use of all of it, where throttling is not measured:
/// a sample is a mean over minutes.
pub(in crate::risk) const AT_LIMIT: f64 = 0.98;
/// Share of the last day that has to be held back for it to hurt: more than an hour.
const HURTS: f64 = 0.05;
/// From here on it is most of the day's work.
const BADLY: f64 = 0.25;

impl Check for CpuThrottling {
    fn name(&self) -> &'static str {
        "cpu_throttling"
    }

    fn summary(&self) -> &'static str {
        "CPU limits that hold back work, for more than an hour of the last day"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|_, pool| match pool.container.limits.cpu {
            Some(limit) => self.held(seen, pool, limit),
            None => Sought::fine(),
        })
    }
}

/// The last day of a container, all pods together.
#[derive(Default)]
struct Day {
    /// Slots with use, and of them those at the limit.
    used: Tally,
    /// Slots whose throttling is known, and of them those that were held back.
    measured: Tally,
}

#[derive(Default, Clone, Copy)]
struct Tally {
    all: usize,
    held: usize,
    /// The first that was held back.
    first: Option<u32>,
}

impl Tally {
    fn add(&mut self, slot: u32, held: bool) {
        self.all += 1;
        if held {
            self.held += 1;
            self.first = Some(self.first.map_or(slot, |first| first.min(slot)));
        }
    }

    fn share(self) -> f64 {
        len_f64(self.held) / len_f64(self.all).max(1.0)
    }
}

impl CpuThrottling {
    fn held(&self, seen: &Seen<'_>, pool: &Pool<'_>, limit: Cpu) -> Sought {
        let from = seen.grid.len.saturating_sub(seen.grid.per_day());
        let ran = pool.container.ran_limits().cpu.unwrap_or(limit);
        let mut day = Day::default();
        for series in &pool.series {
            day.add(series, from, ran);
        }
        if day.used.all == 0 {
            return Sought::unknown(
                "container",
                "with a CPU limit, and no use in the last day",
                "",
            );
        }
        let unmeasured = day.measured.all == 0;
        // A limit that was raised since holds nothing back any more.
        if day.tally().share() >= HURTS && limit <= ran {
            return Sought::risk(self.risk(seen, pool, limit, &day));
        }
        if unmeasured {
            return Sought::unknown(
                "container",
                "with a CPU limit, whose throttling is not measured",
                "scrape `container_cpu_cfs_throttled_periods_total` and \
                 `container_cpu_cfs_periods_total` of the kubelet's cAdvisor",
            );
        }
        Sought::fine()
    }

    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, limit: Cpu, day: &Day) -> Risk {
        let (share, measured) = (day.tally().share(), day.measured.all > 0);
        let (how, source) = if measured {
            ("throttled", "throttled periods")
        } else {
            ("at its limit", "use at the limit")
        };
        let advised = seen.advice(pool).map(|it| it.sizing.cpu_limit);
        let size = match advised {
            Some(Advice::Set(size)) if size > limit => size,
            _ => limit.scale(1.5),
        };
        let raise = Amount::CpuLimit(size);
        Risk {
            severity: if share >= BADLY {
                Severity::Medium
            } else {
                Severity::Low
            },
            since: day.tally().first.map(|slot| seen.grid.time(slot)),
            text: format!(
                "{how} while it works, for {} of the last day, with a CPU limit of {limit}",
                lasting(share)
            ),
            evidence: vec![
                Evidence::number("held_back_ratio", share),
                Evidence::number("cpu_limit_cores", limit.get()),
                Evidence::text("source", source),
            ],
            action: Action::new(format!("raise its CPU limit to {size}, or take it away"))
                .with(container(pool.workload, pool.container, &raise)),
            ..seen.risk_of(self.name(), pool)
        }
    }
}

impl Day {
    fn add(&mut self, series: &Series, from: u32, limit: Cpu) {
        let throttled = series.more.get(&Metric::CpuThrottledRatio);
        let ratios = throttled.map(Values::every);
        let skip = usize::try_from(from.saturating_sub(series.first)).unwrap_or(usize::MAX);
        let slots = (series.first..).zip(&series.cpu_cores).enumerate();
        for (at, (slot, used)) in slots.skip(skip) {
            let used = f64::from(*used);
            if !used.is_finite() {
                continue;
            }
            self.used.add(slot, used >= AT_LIMIT * limit.get());
            let ratio = ratios.as_ref().and_then(|it| it.get(at)).copied();
            if let Some(ratio) = ratio.map(f64::from).filter(|it| it.is_finite()) {
                let held = ratio > THROTTLED && used >= BUSY * limit.get();
                self.measured.add(slot, held);
            }
        }
    }

    /// By throttling, where that is known.
    fn tally(&self) -> Tally {
        if self.measured.all > 0 {
            self.measured
        } else {
            self.used
        }
    }
}
