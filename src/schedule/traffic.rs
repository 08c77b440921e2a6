//! Work by traffic: what a workload's CPU would be by the requests that it is asked.
//!
//! CPU that is held back by a limit, or by too few replicas, does not tell what was wanted;
//! requests do.

use super::history::{History, place};
use crate::forecast::Outlook;
use crate::text::{count, percent_said, short};
use crate::trend::{median, quantile_of};
use crate::units::{len_f64, single};

/// Hours, with traffic and CPU that nothing held back, that a line is drawn through.
const LEAST_HOURS: usize = 72;

/// Share of the hours with CPU that traffic must be known of.
const COVERED: f64 = 0.9;

/// Share of how CPU moves that must follow traffic.
const FOLLOWS: f64 = 0.5;

/// How CPU goes with traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Hours of which both are known, those that were held back among them.
    pub hours: usize,
    /// Of these, hours in which CPU was at its limit, or throttled.
    pub held: usize,
    /// Cores without any request.
    pub idle: f64,
    /// Cores for each request a second.
    pub each: f64,
    /// What CPU is off the line in the mean, as a share of its mean.
    pub scatter: f64,
    /// How much of what CPU moves goes with traffic, at most 1: one less the square of what it
    /// is off the line over what it is off its middle.
    pub follows: f64,
    /// Why CPU is planned with all the same.
    pub unused: Option<Unused>,
}

/// Why traffic does not say what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// Too few hours of both.
    Few,
    /// Traffic is known of a part of the window only.
    Part,
    /// CPU does something else.
    DoesNotFollow,
}

impl Unused {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Few => "few_samples",
            Self::Part => "part_of_window",
            Self::DoesNotFollow => "cpu_does_not_follow",
        }
    }
}

/// Sums of an hour.
#[derive(Clone, Copy, Default)]
struct Hour {
    cores: f64,
    requests: f64,
    slots: usize,
    measured: bool,
    held: bool,
}

impl Traffic {
    /// `None` where no traffic is known.
    pub(super) fn of(history: &History) -> Option<Self> {
        let hours = hours(history);
        let both: Vec<Hour> = hours.iter().copied().filter(|it| it.slots > 0).collect();
        if both.is_empty() {
            return None;
        }
        let measured = hours.iter().filter(|it| it.measured).count();
        let free = both.iter().filter(|it| !it.held).map(|it| {
            let slots = len_f64(it.slots);
            (it.requests / slots, it.cores / slots)
        });
        let free: Vec<(f64, f64)> = free.collect();
        let line = Line::through(&free);
        let unused = if free.len() < LEAST_HOURS {
            Some(Unused::Few)
        } else if len_f64(both.len()) < COVERED * len_f64(measured) {
            Some(Unused::Part)
        } else if line.each <= 0.0 || line.follows < FOLLOWS {
            Some(Unused::DoesNotFollow)
        } else {
            None
        };
        Some(Self {
            hours: both.len(),
            held: both.len() - free.len(),
            idle: line.idle,
            each: line.each,
            scatter: line.scatter,
            follows: line.follows,
            unused,
        })
    }

    /// Cores that so many requests a second need as a rule.
    fn cores(&self, requests: f64) -> f64 {
        (self.idle + self.each * requests).max(0.0)
    }

    /// Gives a history what is needed by traffic: what is planned with is the line, and above
    /// it what CPU goes beyond it with the given chance, in quiet times and in busy ones, by
    /// the root as what comes from many sources spreads. Where CPU was held back, at least the
    /// line was wanted.
    pub(super) fn plan(&self, history: &mut History, chance: f64) {
        let known = |slot: usize| {
            let (cores, requests) = (history.cores[slot], history.requests[slot]);
            let both = cores.is_finite() && requests.is_finite();
            both.then(|| (f64::from(cores), self.cores(f64::from(requests))))
        };
        let free = (0..history.cores.len()).filter(|slot| !history.held[*slot]);
        let free: Vec<(f64, f64)> = free
            .filter_map(known)
            .filter(|(_, line)| *line > 0.0)
            .collect();
        let most = free.iter().map(|it| it.1).fold(0.0, f64::max);
        let is_busy = |line: f64| line > most / 2.0;
        let beyond = [false, true].map(|busy| {
            let alike = free.iter().filter(|(_, line)| is_busy(*line) == busy);
            let beyond = alike.map(|(cores, line)| (cores - line) / line.sqrt());
            let beyond = quantile_of(&mut beyond.collect::<Vec<f64>>(), 1.0 - chance);
            beyond.map_or(0.0, |it| it.max(0.0))
        });
        let planned = (0..history.cores.len()).map(|slot| {
            let line = known(slot).map(|(_, line)| line);
            line.map_or(history.cores[slot], |line| {
                single(line + beyond[usize::from(is_busy(line))] * line.sqrt())
            })
        });
        let planned: Vec<f32> = planned.collect();
        let wanted = (0..history.cores.len()).map(|slot| match known(slot) {
            Some((cores, line)) if history.held[slot] => single(cores.max(line)),
            _ => history.cores[slot],
        });
        history.cores = wanted.collect();
        history.planned = Some(planned);
    }

    /// Work that is to come over that of the past, by a forecast of requests.
    pub(super) fn level(&self, coming: &Outlook, history: &History) -> f64 {
        let coming: Vec<f64> = coming.points.iter().map(|it| it.value).collect();
        let coming = coming.iter().sum::<f64>() / len_f64(coming.len());
        self.cores(coming) / self.cores(history.mean_of(&history.requests))
    }

    /// What is planned with, and how good that is: one sentence without a period.
    pub fn text(&self) -> String {
        let hours = count(self.hours, "hour");
        match self.unused {
            None => {
                let idle = if self.idle > 0.0 {
                    format!(" and {} without any", cores(self.idle))
                } else {
                    String::new()
                };
                let held = if self.held > 0 {
                    format!(
                        "; in {} CPU was held back, so that only traffic tells what was wanted",
                        count(self.held, "hour")
                    )
                } else {
                    String::new()
                };
                format!(
                    "planned by traffic: {} cores for each request a second{idle}; {} of how CPU \
                     moves follows it over {hours}, and it is {} off in the mean{held}",
                    cores(self.each),
                    percent_said(self.follows),
                    percent_said(self.scatter),
                )
            }
            Some(Unused::Few) => format!(
                "planned by CPU: traffic and CPU that nothing held back are known together for \
                 {}, and {LEAST_HOURS} are needed",
                count(self.hours - self.held, "hour")
            ),
            Some(Unused::Part) => {
                format!("planned by CPU: traffic is known for {hours} only, a part of the window")
            }
            Some(Unused::DoesNotFollow) => format!(
                "planned by CPU: of how it moves {} follows traffic, over {hours}",
                percent_said(self.follows.max(0.0))
            ),
        }
    }
}

/// `0.0042`, with two digits that say something.
fn cores(cores: f64) -> String {
    let digits = if cores >= 1.0 {
        1
    } else if cores >= 0.1 {
        2
    } else if cores >= 0.01 {
        3
    } else {
        5
    };
    short(cores, digits)
}

/// Hours of a history, from its first on.
fn hours(history: &History) -> Vec<Hour> {
    let each = place(history.grid.per_hour()).max(1);
    let slots: Vec<usize> = (0..history.cores.len()).collect();
    let hour = |slots: &[usize]| {
        let mut hour = Hour::default();
        for slot in slots {
            let (cores, requests) = (history.cores[*slot], history.requests[*slot]);
            hour.measured |= cores.is_finite();
            if cores.is_finite() && requests.is_finite() {
                hour.cores += f64::from(cores);
                hour.requests += f64::from(requests);
                hour.slots += 1;
                hour.held |= history.held[*slot];
            }
        }
        hour
    };
    slots.chunks(each).map(hour).collect()
}

/// A straight line through points.
#[derive(Clone, Copy)]
struct Line {
    idle: f64,
    each: f64,
    scatter: f64,
    follows: f64,
}

impl Line {
    /// The middle of the slopes from each point of the lower half to one of the upper (Theil's
    /// incomplete method, 1950), the further apart the heavier, and the middle of what is left.
    fn through(points: &[(f64, f64)]) -> Self {
        let mut sorted = points.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = sorted.len().div_ceil(2);
        let pairs = sorted.iter().zip(&sorted[half..]);
        let apart = pairs.map(|(low, high)| (high.0 - low.0, high.1 - low.1));
        let apart = apart.filter(|(requests, _)| *requests > 0.0);
        let each = middle(apart.map(|(requests, cores)| (cores / requests, requests)));
        let rests: Vec<f64> = points.iter().map(|(x, y)| y - each * x).collect();
        // Nothing does less than nothing without a request.
        let idle = median(&rests).max(0.0);
        let usual = median(&points.iter().map(|it| it.1).collect::<Vec<f64>>());
        let off: f64 = rests.iter().map(|it| (it - idle).abs()).sum();
        let moves: f64 = points.iter().map(|it| (it.1 - usual).abs()).sum();
        let count = len_f64(points.len());
        // Most of what works by day does nothing at its middle.
        let mean = points.iter().map(|it| it.1).sum::<f64>() / count;
        Self {
            idle,
            each,
            scatter: if mean > 0.0 { off / count / mean } else { 0.0 },
            follows: if moves > 0.0 {
                1.0 - (off / moves).powi(2)
            } else {
                0.0
            },
        }
    }
}

/// The value at which half of the weight is reached; 0 of nothing.
fn middle(values: impl Iterator<Item = (f64, f64)>) -> f64 {
    let mut values: Vec<(f64, f64)> = values.collect();
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|it| it.1).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    let reached = values.iter().find(|(_, weight)| {
        sum += weight;
        sum >= half
    });
    reached.map_or(0.0, |it| it.0)
}
