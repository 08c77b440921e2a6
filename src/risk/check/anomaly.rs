use jiff::{SignedDuration, Timestamp};

use super::traffic_lost::is_lost;
use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::anomaly::{Anomaly as Found, Course, Kind, Signal, Work, look, were_replaced};
use crate::risk::incident::SAMPLES_APART;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::Workload;
use crate::text::short;
use crate::units::{Bytes, Cpu, count_from, len_f64};

/// Use that leaves its own usual course, as a workload does it.
pub(super) struct Anomaly;

/// Of a workload so many a week, the rarest, and no two within half a day: more is read
/// by nobody.
const A_WEEK: f64 = 1.0;
const FEWEST: usize = 2;
const APART: f64 = 0.5;
/// Below this nothing is worth a word: cores, bytes, bytes a second.
const LEAST: [f64; 3] = [0.001, 1_048_576.0, 1_024.0];
/// A template that changed so recently explains what follows; hours.
const AFTER_A_CHANGE: i64 = 1;
/// How rare it must be, and how long the past that tells, to be sure; days.
const SURE: (f64, f64) = (365.0, 12.0);

impl Check for Anomaly {
    fn name(&self) -> &'static str {
        "anomaly"
    }

    fn summary(&self) -> &'static str {
        "use that leaves its own usual course: spikes, drops, new levels, lost rhythms"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload_at_once(|index, workload| {
            if workload.is_batch() || seen.usage_of(index).next().is_none() {
                return Sought::fine();
            }
            let mut all = Vec::new();
            let (mut judged, mut holes) = (0, false);
            for signal in Signal::ALL {
                let Some(work) = Work::of(signal, workload, seen.usage_of(index), &seen.grid)
                else {
                    continue;
                };
                match look(&work.values, &seen.grid) {
                    Course::Thin => {}
                    Course::Holes => holes = true,
                    Course::Known(found) => {
                        judged += 1;
                        let found = found.into_iter().filter(|it| {
                            let stopped = signal == Signal::Network && it.goes_on;
                            is_worth_a_word(signal, it)
                                && !is_explained(seen, index, workload, (signal, &work), it)
                                && !(stopped && is_lost(seen, index, workload))
                        });
                        all.extend(found.map(|it| (signal, it)));
                    }
                }
            }
            if judged == 0 {
                return unknown(holes);
            }
            let told = fewest(all, seen);
            let risks = told
                .into_iter()
                .map(|told| Sought::risk(self.risk(seen, (index, workload), &told)));
            risks.collect()
        })
    }
}

fn unknown(holes: bool) -> Sought {
    if holes {
        Sought::unknown(
            "workload",
            "with too many missing samples to tell what is usual",
            "see why: `kcost doctor`",
        )
    } else {
        Sought::unknown(
            "workload",
            "with less than five days of use, which does not tell what is usual",
            "keep more history, or record it: `kcost snapshot --record`",
        )
    }
}

fn is_worth_a_word(signal: Signal, found: &Found) -> bool {
    let [cpu, memory, network] = LEAST;
    let least = match signal {
        Signal::Cpu => cpu,
        Signal::Memory => memory,
        Signal::Network => network,
    };
    (found.seen - found.expected).abs() >= least
}

/// Whether something else that is known says why.
fn is_explained(
    seen: &Seen<'_>,
    index: usize,
    workload: &Workload,
    (signal, work): (Signal, &Work),
    found: &Found,
) -> bool {
    let slots = |per: u32| usize::try_from(per).unwrap_or(1);
    let (hour, day) = (slots(seen.grid.per_hour()), slots(seen.grid.per_day()));
    let range = (found.since, found.until);
    if work.is_by_pods(signal, range, (found.expected, found.seen), day) {
        return true;
    }
    let since = at(seen, found.since);
    let after = |time: Timestamp| {
        let passed = since.duration_since(time);
        (SignedDuration::from_mins(-30)..=SignedDuration::from_hours(AFTER_A_CHANGE))
            .contains(&passed)
    };
    if workload.template_changed.is_some_and(after)
        || were_replaced(seen.usage_of(index), found.since, hour)
    {
        return true;
    }
    // A start costs CPU, and lets go of memory.
    let restarts = workload.containers.iter().flat_map(|container| {
        let known = container.restarts_at.iter().map(|it| it.until);
        known.chain(container.terminations.iter().filter_map(|it| it.finished))
    });
    let mut restarts = restarts;
    restarts.any(after)
}

fn at(seen: &Seen<'_>, slot: usize) -> Timestamp {
    seen.grid.time(u32::try_from(slot).unwrap_or(u32::MAX))
}

/// What a person reads of a workload: the rarest first, then by time.
fn fewest(mut all: Vec<(Signal, Found)>, seen: &Seen<'_>) -> Vec<(Signal, Found)> {
    let weeks = seen.grid.span().as_days() / 7.0;
    let most = usize::try_from(count_from(weeks * A_WEEK)).unwrap_or(FEWEST);
    let step = seen.grid.step.as_days();
    let days = |slot: usize| len_f64(slot) * step;
    // What goes on is what someone can do something about.
    all.sort_by(|(_, a), (_, b)| {
        (b.goes_on, b.once_in_days, b.spreads)
            .partial_cmp(&(a.goes_on, a.once_in_days, a.spreads))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut told: Vec<(Signal, Found)> = Vec::new();
    for (signal, found) in all {
        let near = told.iter().any(|(_, it)| {
            days(found.since) < days(it.until) + APART && days(it.since) < days(found.until) + APART
        });
        if !near && told.len() < most.max(FEWEST) {
            told.push((signal, found));
        }
    }
    told
}

impl Anomaly {
    fn risk(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        (signal, found): &(Signal, Found),
    ) -> Risk {
        let [one] = &workload.containers[..] else {
            return self.whole(seen, index, *signal, found);
        };
        Risk {
            container: Some(one.name.clone()),
            ..self.whole(seen, index, *signal, found)
        }
    }

    fn whole(&self, seen: &Seen<'_>, index: usize, signal: Signal, found: &Found) -> Risk {
        let since = at(seen, found.since);
        Risk {
            severity: severity(found),
            confidence: confidence(seen, found),
            since: Some(since),
            until: (!found.goes_on).then(|| at(seen, found.until)),
            text: text(seen, signal, found, since),
            evidence: evidence(seen, signal, found),
            action: Action::new(action(signal, found)),
            ..seen.risk(self.name(), index)
        }
    }
}

/// What goes on and is either nothing at all or twice what it should be is for this week.
fn severity(found: &Found) -> Severity {
    let large = found.kind == Kind::Nothing || found.seen >= 2.0 * found.expected;
    if found.goes_on && large && found.beyond >= 1.0 {
        Severity::Medium
    } else {
        Severity::Low
    }
}

fn confidence(seen: &Seen<'_>, found: &Found) -> Confidence {
    let days = seen.grid.span().as_days();
    let (rare, long) = SURE;
    if days < 7.0 {
        Confidence::Low
    } else if found.once_in_days >= rare && days >= long {
        Confidence::High
    } else {
        Confidence::Medium
    }
}

fn text(seen: &Seen<'_>, signal: Signal, found: &Found, since: Timestamp) -> String {
    let name = match signal {
        Signal::Cpu => "CPU",
        Signal::Memory => "memory of a pod",
        Signal::Network => "traffic",
    };
    let (now, usual) = (amount(signal, found.seen), amount(signal, found.expected));
    let lasted = lasting(len_f64(found.until - found.since) * seen.grid.step.as_days());
    let (has, from) = if found.goes_on {
        ("is", format!("since {}", since.strftime("%Y-%m-%d %H:%M")))
    } else {
        (
            "was",
            format!("for {lasted} from {}", since.strftime("%Y-%m-%d %H:%M")),
        )
    };
    let what = match found.kind {
        Kind::Spike => format!("{name} {has} {now} {from}, where {usual} is usual"),
        Kind::Drop => format!("{name} {has} only {now} {from}, where {usual} is usual"),
        Kind::Nothing => {
            format!("{name} {has} as good as nothing, {now}, {from}, where {usual} is usual")
        }
        Kind::Shift => {
            let way = if found.seen > found.expected {
                "rose"
            } else {
                "fell"
            };
            let (stays, day) = (
                if found.goes_on {
                    "has stayed"
                } else {
                    "stayed"
                },
                since.strftime("%Y-%m-%d %H:%M"),
            );
            format!("{name} {way} from {usual} to {now} on {day} and {stays} for {lasted}")
        }
        Kind::LostRhythm => format!(
            "the usual peak of its {name} did not come: {now} {from}, where {usual} is usual"
        ),
    };
    format!("{what} ({} times its spread)", short(found.spreads, 0))
}

fn amount(signal: Signal, value: f64) -> String {
    match signal {
        Signal::Cpu => Cpu::cores(value.max(0.0))
            .round_up_to(Cpu::millicores(1))
            .to_string(),
        Signal::Memory => Bytes::from_f64(value.max(0.0)).human(),
        Signal::Network => format!("{}/s", Bytes::from_f64(value.max(0.0)).human()),
    }
}

fn action(signal: Signal, found: &Found) -> &'static str {
    match (found.kind, signal) {
        (Kind::Nothing, _) => {
            "see whether it still gets its work: its callers, its queue, its Service's endpoints"
        }
        (Kind::Drop, _) => "see what kept its work away: its callers, or what it waits for",
        (Kind::LostRhythm, _) => {
            "see what kept its usual load away: a schedule, its callers, a holiday"
        }
        (Kind::Spike, Signal::Memory) => {
            "see what it held then: a large request, a batch, a cache that was filled"
        }
        (Kind::Spike, Signal::Network) => {
            "see what moved so much: a backup, a copy, a client that retries"
        }
        (Kind::Spike, Signal::Cpu) => {
            "see what it did then: its logs, its callers, a job inside it"
        }
        (Kind::Shift, _) => {
            "see what changed then: a setting, a feature, a caller, its data; size it anew if it stays"
        }
    }
}

fn evidence(seen: &Seen<'_>, signal: Signal, found: &Found) -> Vec<Evidence> {
    let step = f64::from(seen.grid.step.as_secs());
    let (metric, expected, seen) = match signal {
        Signal::Cpu => ("cpu", "expected_cpu_cores", "seen_cpu_cores"),
        Signal::Memory => (
            "memory_per_pod",
            "expected_memory_bytes",
            "seen_memory_bytes",
        ),
        Signal::Network => (
            "network",
            "expected_bytes_per_second",
            "seen_bytes_per_second",
        ),
    };
    vec![
        Evidence::text("metric", metric),
        Evidence::text("kind", found.kind.name()),
        Evidence::number(expected, found.expected),
        Evidence::number(seen, found.seen),
        Evidence::number("times_usual_spread", found.spreads),
        Evidence::number("by_chance_once_in_days", found.once_in_days),
        Evidence::number(SAMPLES_APART, len_f64(found.apart) * step),
    ]
}
