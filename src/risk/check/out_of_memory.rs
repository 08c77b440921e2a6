use super::oom_loop::{is_looping, raise};
use super::silent;
use crate::finding::Severity;
use crate::recommend::Pool;
use crate::risk::severity::{at_any_moment, by_chance, within_a_week};
use crate::risk::{Check, Evidence, Memory, Risk, Seen, Sought};
use crate::text::{count, percent_said};
use crate::trend::comes_again;
use crate::units::{Bytes, days_between, len_f64};

/// A container whose memory may go beyond its limit within a day or a week.
pub(super) struct OutOfMemory;

/// Least probability within a week that is told: below it there are too many to read.
const TOLD: f64 = 0.1;
/// A peak at this share of the limit has reached it.
const REACHED: f64 = 0.98;
/// How often a limit that held all through the window is reached, to how often memory
/// grows by as much where nothing holds it: a limit is there because it is enough, and
/// what comes near it collects and drops caches. As in the sizes of limits.
const HELD_BELOW: f64 = 0.1;

impl Check for OutOfMemory {
    fn name(&self) -> &'static str {
        "out_of_memory"
    }

    fn summary(&self) -> &'static str {
        "containers that may be OOM-killed within 24 hours or 7 days"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|place, pool| {
            let Some(limit) = pool.container.limits.memory else {
                return Sought::fine();
            };
            // Told by their own checks.
            let leaks = matches!(seen.memory[place], Memory::Leak(_));
            if leaks || is_looping(pool, seen) {
                return Sought::fine();
            }
            match Odds::of(seen, pool, limit) {
                Some(odds) if odds.week() >= TOLD => Sought::risk(self.risk(seen, pool, &odds)),
                Some(_) => silent(seen, pool).unwrap_or_default(),
                None => Sought::unknown(
                    "container",
                    "with a memory limit, and less than three days of memory",
                    "keep more history, or record it: `kcost snapshot --record`",
                ),
            }
        })
    }
}

/// How likely, and why.
struct Odds {
    limit: Bytes,
    peak: Bytes,
    kills: usize,
    /// That the next record of memory is above the limit, within a day and a week.
    record: (f64, f64),
    /// That what killed it comes again.
    again: (f64, f64),
}

impl Odds {
    fn of(seen: &Seen<'_>, pool: &Pool<'_>, limit: Bytes) -> Option<Self> {
        let memory = pool.profile.memory.as_ref()?;
        let days = seen.grid.span().as_days();
        let kills = kills(seen, pool);
        let times = len_f64(kills);
        let again = |ahead: f64| {
            if kills == 0 {
                0.0
            } else {
                comes_again(times, days, ahead)
            }
        };
        let reached = memory.max.to_f64() >= REACHED * limit.to_f64();
        let held = pool.container.ran_limits().memory == Some(limit);
        let record = |ahead: f64| {
            if held && reached {
                // It has been there before, and what did not kill it then will not now,
                // as often as that happened.
                return Some(if kills == 0 {
                    comes_again(0.0, days, ahead)
                } else {
                    0.0
                });
            }
            let chances = &seen.chances;
            let beyond = chances.beyond(&memory.daily_peaks, limit.to_f64(), ahead)?;
            Some(if held { HELD_BELOW * beyond } else { beyond })
        };
        Some(Self {
            limit,
            peak: memory.max,
            kills,
            record: (record(1.0)?, record(7.0)?),
            again: (again(1.0), again(7.0)),
        })
    }

    fn day(&self) -> f64 {
        either(self.record.0, self.again.0)
    }

    fn week(&self) -> f64 {
        either(self.record.1, self.again.1)
    }
}

fn either(a: f64, b: f64) -> f64 {
    1.0 - (1.0 - a) * (1.0 - b)
}

/// Kills in the window under the present pod template: what was set since is another limit.
fn kills(seen: &Seen<'_>, pool: &Pool<'_>) -> usize {
    let since = pool.workload.template_changed;
    let since = since.map_or(seen.grid.start, |changed| changed.max(seen.grid.start));
    let ends = pool.container.terminations.iter();
    let counted = ends.filter(|end| {
        end.reason == "OOMKilled" && end.finished.is_some_and(|finished| finished >= since)
    });
    counted.count()
}

impl OutOfMemory {
    fn risk(&self, seen: &Seen<'_>, pool: &Pool<'_>, odds: &Odds) -> Risk {
        let (day, week) = (odds.day(), odds.week());
        let ends = pool.container.terminations.iter();
        let kills = ends.filter(|end| end.reason == "OOMKilled");
        let last = kills.filter_map(|end| end.finished).max();
        let recent = last.is_some_and(|last| days_between(last, seen.now) <= 1.0);
        let why = if odds.kills > 0 {
            let days = seen.grid.span();
            format!("{} in {}", count(odds.kills, "OOM kill"), days.human())
        } else {
            format!("peak {} of {}", odds.peak.human(), odds.limit.human())
        };
        let severity = by_chance(day, week);
        Risk {
            // What has just happened is no longer a matter of chance.
            severity: if recent {
                severity.max(Severity::Medium)
            } else {
                severity
            },
            since: last,
            impact: at_any_moment(seen.now, week),
            chance: Some(within_a_week(week)),
            text: format!(
                "out of memory within 7 days with a probability of {} ({why})",
                percent_said(week)
            ),
            evidence: vec![
                Evidence::number("probability_within_a_day", day),
                Evidence::number("probability_within_a_week", week),
                Evidence::number("oom_kills", len_f64(odds.kills)),
                Evidence::number("memory_max_bytes", odds.peak.to_f64()),
                Evidence::number("memory_limit_bytes", odds.limit.to_f64()),
            ],
            action: raise(seen, pool),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
