use super::silent;
use crate::recommend::{Confidence, Pool};
use crate::risk::leak::Leak;
use crate::risk::seen::at_most;
use crate::risk::severity::{by_chance, in_days, within_a_week};
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Impact, Memory, Risk, Seen, Sought};
use crate::units::{Bytes, len_f64};

/// Memory that is taken and never given back, and when it meets the limit.
pub(super) struct MemoryLeak;

impl Check for MemoryLeak {
    fn name(&self) -> &'static str {
        "memory_leak"
    }

    fn summary(&self) -> &'static str {
        "memory whose daily floor only rises, and when it reaches the limit"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|place, pool| match seen.memory[place] {
            Memory::Leak(leak) => Sought::risk(self.risk(seen, pool, &leak)),
            Memory::Steady | Memory::Filling => Sought::fine(),
            Memory::Unknown => silent(seen, pool).unwrap_or_else(|| {
                Sought::unknown(
                    "container",
                    "with less than three days of memory in the present life of its pods",
                    "keep more history, or record it: `kcost snapshot --record`",
                )
            }),
        })
    }
}

impl MemoryLeak {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, leak: &Leak) -> Risk {
        let limit = pool.container.limits.memory;
        let mut risk = Risk {
            since: Some(seen.grid.time(leak.since)),
            text: text(leak),
            evidence: evidence(leak),
            action: Action::new(
                "find what it keeps (a heap profile of now and of tomorrow, side by side); a larger \
                 limit only delays it",
            ),
            ..seen.risk_of(self.name(), pool)
        };
        let most = if leak.is_sure() {
            Confidence::High
        } else if leak.young {
            Confidence::Low
        } else {
            Confidence::Medium
        };
        risk.confidence = at_most(risk.confidence, most);
        let Some(limit) = limit else {
            risk.text += ", and no limit stops it before its node is full";
            risk.text += doubt(leak);
            return risk;
        };
        let (days, earliest, latest) = leak.days_to(limit);
        let memory = pool.profile.memory.as_ref();
        let peaks = memory
            .map(|it| it.daily_peaks.as_slice())
            .unwrap_or_default();
        let reaches = |ahead: f64| leak.reaches(peaks, limit, ahead, &seen.chances);
        let (day, week) = (reaches(1.0), reaches(7.0));
        risk.severity = by_chance(day, week);
        risk.chance = Some(within_a_week(week));
        risk.evidence
            .push(Evidence::number("memory_limit_bytes", limit.to_f64()));
        risk.evidence
            .push(Evidence::number("probability_within_a_day", day));
        risk.impact = in_days(seen.now, days).and_then(|at| {
            Some(Impact {
                at,
                earliest: in_days(seen.now, earliest)?,
                latest: in_days(seen.now, latest),
            })
        });
        if risk.impact.is_some() {
            let when = if leak.course.now < limit.to_f64() {
                format!("in about {}", lasting(days))
            } else {
                "any time now".to_owned()
            };
            risk.text = format!(
                "{} and reaches its limit of {} {when}",
                risk.text,
                limit.human()
            );
        }
        risk.text += doubt(leak);
        risk
    }
}

fn text(leak: &Leak) -> String {
    let per_day = Bytes::from_f64(leak.course.per_day).human();
    let before = match leak.lives {
        1 => String::new(),
        lives => format!(", as in {lives} lives before this one,"),
    };
    format!("memory leaks {per_day} a day{before}")
}

fn doubt(leak: &Leak) -> &'static str {
    if leak.resident {
        ""
    } else {
        "; the cache of files may be in it: `container_memory_rss` is not known"
    }
}

fn evidence(leak: &Leak) -> Vec<Evidence> {
    vec![
        Evidence::number("memory_bytes", leak.level),
        Evidence::number("growth_bytes_per_day", leak.course.per_day),
        Evidence::number("growth_bytes_per_day_low", leak.course.per_day_low),
        Evidence::number("growth_bytes_per_day_high", leak.course.per_day_high),
        Evidence::number("rising_days", leak.course.days),
        Evidence::number("lives_leaking", len_f64(leak.lives)),
        Evidence::number("pods_leaking", len_f64(leak.pods)),
        Evidence::number("pods_judged", len_f64(leak.of)),
        Evidence::number("kendall_tau", leak.tau),
    ]
}
