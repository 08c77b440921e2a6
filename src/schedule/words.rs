//! Plans in words.

use jiff::Timestamp;

use super::advice::{Advice, Leave};
use super::apart::Apart;
use super::bound::Bound;
use super::calendar::{clock_time, span_of};
use super::month::{MONTHS, MonthWindow};
use super::plan::{Plan, ToZero};
use super::trial::Way;
use super::window::Window;
use crate::forecast::{DayOfMonth, Kind, Season};
use crate::text::{count, escape, percent_said, short};
use crate::units::{Cpu, Span};

/// What is planned with is said where it is more than so many times the peak.
const SAID: f64 = 1.5;

/// `Fri 20:00, 4 of 4 days, peak 9.2 cores, needs 9 replicas from 19:40; chance to be short 2%`.
pub fn evidence(window: &Window) -> String {
    let it = &window.evidence;
    // What is needed at most is not needed at its start where work rises to it.
    let up_to = if it.at_once { "" } else { "up to " };
    // What bounds replicas may leave fewer than are needed.
    let needs = if it.chance > 0.5 { "gets" } else { "needs" };
    // What comes as a rule does not say why there are so many.
    let planned = if it.planned > SAID * it.cores {
        format!(", {} planned with", cores(it.planned))
    } else {
        String::new()
    };
    format!(
        "{} {}, {}, peak {} cores{planned}, {needs} {up_to}{} from {}; chance to be short {}",
        it.days.words(),
        clock_time(it.minute),
        seen(window),
        cores(it.cores),
        count(usize::try_from(window.replicas).unwrap_or(0), "replica"),
        clock_time(window.start),
        percent_said(it.chance),
    )
}

/// `on day 1 of the month 08:00, 4 of 4 months, peak 9.2 cores, needs 9 replicas from 07:40;
/// chance to be short 2%`.
pub fn month_evidence(window: &MonthWindow) -> String {
    let it = &window.evidence;
    let up_to = if it.at_once { "" } else { "up to " };
    let planned = if it.planned > SAID * it.cores {
        format!(", {} planned with", cores(it.planned))
    } else {
        String::new()
    };
    let noun = if it.days.len() == 1 { "month" } else { "day" };
    let before = if window.is_eve { " the day before" } else { "" };
    // What is written is not what is meant.
    let wide = if window.is_wide() {
        format!(
            "; no cron says how long a month is, so it is open on {}",
            window.days.words()
        )
    } else {
        String::new()
    };
    format!(
        "{} {}, {} of {}, peak {} cores{planned}, needs {up_to}{} from {}{before}; chance to be \
         short {}{wide}",
        days_of_month(&it.days),
        clock_time(it.minute),
        it.seen,
        count(it.of, noun),
        cores(it.cores),
        count(usize::try_from(window.replicas).unwrap_or(0), "replica"),
        clock_time(window.start),
        percent_said(it.chance),
    )
}

/// `on day 1 of the month`, `on day 1, the last day of the month`.
fn days_of_month(days: &[DayOfMonth]) -> String {
    let words: Vec<String> = days.iter().map(|it| it.words()).collect();
    format!("on {} of the month", words.join(", "))
}

/// `4 of 4 weeks`, `20 of 20 days`; where peaks moved `10 of the last 10 days, since Nov 2`.
pub(super) fn seen(window: &Window) -> String {
    let it = &window.evidence;
    let noun = if window.days.count() == 1 {
        "week"
    } else {
        "day"
    };
    let of = count(it.of, noun);
    match (it.since, it.of_month) {
        (Some(day), _) => format!("{} of the last {of}, since {}", it.seen, date(day)),
        (None, Some(day)) => format!("{} of {of}, each {}", it.seen, day.words()),
        (None, None) => format!("{} of {of}", it.seen),
    }
}

/// The period of a season that no cron follows: one that is no part of a day and no week.
fn no_cron(season: &Season) -> Option<Span> {
    let (own, day, week) = (
        season.period.as_secs(),
        Span::DAY.as_secs(),
        7 * Span::DAY.as_secs(),
    );
    let is_part = own > 0 && (day.is_multiple_of(own) || own == week);
    (season.kind == Kind::Custom && !is_part).then_some(season.period)
}

/// `Nov 2` of a day since 1970.
pub fn date(day: i64) -> String {
    let time = Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or_default();
    time.strftime("%b %-d").to_string()
}

/// `9.2`, `0.14`.
pub(super) fn cores(cores: f64) -> String {
    short(cores, if cores < 1.0 { 2 } else { 1 })
}

impl Window {
    /// `Fri 19:40-22:30`, `Mon-Fri 07:50-18:30`.
    pub fn when(&self) -> String {
        span_of(self.days, self.start, self.end)
    }
}

impl Plan {
    /// What is advised, and why: one sentence without a period.
    pub fn reason(&self) -> String {
        let mut reason = self.sentence();
        if let Some((from, to)) = self.raised() {
            reason = format!("{reason}; its maxReplicas has to rise from {from} to {to}");
        }
        if let Some((from, to)) = self.lifted() {
            reason = format!(
                "{reason}; its minReplicaCount has to rise from {from} to {to}, or its crons \
                 would end all pods outside of them, whatever the CPU"
            );
        } else if self.to_zero.is_some() && self.advice.acts() && !self.unidled() {
            reason = format!("{reason}; outside of its windows it goes to zero as it does now");
        }
        if self.by_formula && self.advice.has_windows() {
            reason = format!(
                "{reason}; its ScaledObject scales by a formula, which has to name what is added"
            );
        }
        if let Some(day) = self.quiet_since {
            reason = format!(
                "{reason}; it has been quiet since {}, which may be a holiday: planned as before",
                date(day)
            );
        }
        for more in self.beside() {
            reason = format!("{reason}; {more}");
        }
        if let Some(day) = self.too_new {
            reason = format!(
                "{reason}; its peaks came at other times before {}, which is too new for windows",
                date(day)
            );
        }
        if let Some(day) = self.left_out {
            reason = format!(
                "{reason}; what came on {} is more than any day before had, and is left out until \
                 it comes again",
                date(day)
            );
        }
        for period in self.seasons.iter().filter_map(no_cron) {
            reason = format!(
                "{reason}; what comes every {period} has no window: crons know hours, days, weeks \
                 and months"
            );
        }
        if !self.few_months.is_empty() {
            reason = format!(
                "{reason}; more comes {}, for which a window needs {}",
                days_of_month(&self.few_months),
                count(MONTHS, "month")
            );
        }
        if !self.advice.acts() {
            reason
        } else if self.stateful {
            format!("if its pods may join and leave, which their data decides, {reason}")
        } else if self.now <= 1 {
            format!("if it may run as several pods, {reason}")
        } else {
            reason
        }
    }

    /// What stands against it, and what to know of it.
    fn beside(&self) -> Vec<String> {
        let by_size = matches!(
            self.advice,
            Advice::Leave(Leave::Peak | Leave::OnlyPeak | Leave::Enough | Leave::AsItIs)
        );
        let mut beside = Vec::new();
        beside.extend(self.bound.iter().filter(|_| !by_size).map(Bound::text));
        beside.extend(self.apart());
        if let Some(own) = self.sized_by.as_ref().filter(|_| self.advice.acts()) {
            let target = if self.scaled {
                "its CPU target stays"
            } else {
                "no CPU target is set beside it"
            };
            let cores = self
                .cores
                .map_or_else(|| "size".to_owned(), |it| Cpu::cores(it).to_string());
            beside.push(format!(
                "its size is left to {}: replicas are counted at the {cores} that they request \
                 now, and {target}",
                escape(own)
            ));
        }
        let sized = matches!(self.advice, Advice::Leave(Leave::Peak | Leave::OnlyPeak));
        if let Some(limit) = self.held_back.filter(|_| sized || self.advice.acts()) {
            beside.push(format!(
                "its use at the peak stands at its CPU limit ({limit} a pod), so more may be \
                 wanted than was seen: raise the limit first, or plan by requests (--traffic)"
            ));
        }
        beside
    }

    /// Nodes that rules take which keep its pods apart.
    fn apart(&self) -> Option<String> {
        let lead = self.lead.as_ref().filter(|_| self.advice.acts())?;
        let (apart, most) = (lead.apart?, self.most);
        let more = lead.nodes(most).filter(|it| *it > 0)?;
        let one = if apart == Apart::Spread {
            "spreads its pods over the nodes"
        } else {
            "lets one pod be on a node"
        };
        Some(format!(
            "{} {one}, so its peak takes {}, which is not in the money told",
            apart.words(),
            count(usize::try_from(more).unwrap_or(0), "more node")
        ))
    }

    /// What the most of its autoscaler has to rise from, and to.
    pub fn raised(&self) -> Option<(u32, u32)> {
        let from = self.max_now.filter(|from| *from < self.max)?;
        self.advice.acts().then_some((from, self.max))
    }

    /// What the least of its autoscaler has to rise from, and to, where it may go to zero now.
    pub fn lifted(&self) -> Option<(u32, u32)> {
        let by_cpu = self.to_zero == Some(ToZero::WithCpu);
        (by_cpu && self.advice.acts()).then_some((0, self.base))
    }

    /// Whether its `idleReplicaCount` has to go: it would be in force beside CPU.
    pub fn unidled(&self) -> bool {
        let by_cpu = self.to_zero == Some(ToZero::IdleWithCpu);
        by_cpu && self.advice.has_windows()
    }

    fn sentence(&self) -> String {
        match self.advice {
            Advice::Schedule if self.scaled => format!(
                "replicas by schedule, above what its autoscaler asks for by other things than \
                 CPU: {}",
                self.against()
            ),
            Advice::Schedule => format!("replicas by schedule: {}", self.against()),
            Advice::ScheduleAndHpa(target) => format!(
                "replicas by schedule, with {} HPA at {} of the CPU request below it: {}",
                if self.scaled { "its" } else { "an" },
                percent(target),
                self.against()
            ),
            Advice::Hpa(target) => format!(
                "a plain HPA at {} of the CPU request is enough: {}",
                percent(target),
                self.against()
            ),
            Advice::Leave(why) => self.left(why),
        }
    }

    fn left(&self, why: Leave) -> String {
        let replicas = count(usize::try_from(self.now).unwrap_or(0), "replica");
        match why {
            Leave::NotScalable => {
                "leave it: its replicas are not a number that a schedule could set".to_owned()
            }
            Leave::Managed => "leave it: something else sets its replicas".to_owned(),
            Leave::Paused => {
                "leave it: its ScaledObject is paused, and what is written for it would \
                              fight whoever paused it"
                    .to_owned()
            }
            Leave::Off => "leave it: it runs no replica".to_owned(),
            Leave::NoRequest => "leave it: a container has no CPU request, so nothing says how \
                                 much a replica holds"
                .to_owned(),
            Leave::Thin => "leave it: its history is too thin, and a schedule needs eight days, \
                            three weeks for days of the week"
                .to_owned(),
            Leave::Stale => "leave it: there is no sample of it in the last day of the window, so \
                             nothing says whether it still works as it did"
                .to_owned(),
            Leave::Enough if self.outcomes.is_empty() && self.now <= 1 => {
                "leave it: one replica is enough at all hours".to_owned()
            }
            Leave::Enough if self.scaled => {
                "leave it: what its autoscaler does is enough".to_owned()
            }
            Leave::Enough => format!("leave it: its {replicas} are enough at all hours"),
            Leave::AsItIs => format!(
                "leave it: what its autoscaler does is enough with the {} that each requests",
                self.cores
                    .map_or_else(String::new, |it| Cpu::cores(it).to_string())
            ),
            Leave::Bounded => {
                "leave it: more replicas than it has are needed, and cannot be there".to_owned()
            }
            Leave::NoSeason => "leave it: no season is proven that a schedule could follow, and \
                                an HPA is not worth it"
                .to_owned(),
            Leave::Peak => format!(
                "leave its replicas: {} less than replicas that come and go, or hardly more{}",
                self.for_peak("costs", "cost"),
                self.advised_short()
            ),
            Leave::OnlyPeak if self.outcome(Way::Peak).is_some_and(|it| it.holds) => format!(
                "leave its replicas: only {} short few enough minutes of its past{}",
                self.for_peak("is", "are"),
                self.advised_short()
            ),
            Leave::OnlyPeak => format!(
                "leave its replicas: no way is short few enough minutes of its past, and {} least",
                self.for_peak("is", "are"),
            ),
            Leave::Stateful => {
                "leave it: its pods have data of their own, so how many there are is \
                                no matter of CPU alone"
                    .to_owned()
            }
            Leave::Volume => "leave it: its pods need a volume that one node at a time can mount, \
                              so that more of them may not start"
                .to_owned(),
            Leave::NotWorth => {
                "leave it: replicas that come and go would save too little".to_owned()
            }
        }
    }

    /// `a request for its peak (2700m) costs`.
    fn for_peak(&self, one: &str, many: &str) -> String {
        if self.scaled {
            return format!("as many replicas as its peak needs, at all hours, {many}");
        }
        let cores = self.outcome(Way::Peak).and_then(|it| it.cores);
        let cores = cores.map_or_else(String::new, |it| format!(" ({})", Cpu::cores(it)));
        format!("a request for its peak{cores} {one}")
    }

    /// What the size that is advised is short of, where that is too much.
    fn advised_short(&self) -> String {
        let advised = self.outcome(Way::Advised).filter(|it| !it.holds);
        let told = advised.and_then(|it| Some((it.cores?, it.short_minutes?)));
        told.map_or_else(String::new, |(cores, short)| {
            let (cores, short) = (Cpu::cores(cores), minutes_said(short));
            format!(
                "; the {cores} that it is advised for all hours is short {short} minutes a week"
            )
        })
    }

    /// What the winner does better than what would be done without it.
    fn against(&self) -> String {
        let way = match self.advice {
            Advice::Schedule => Way::Schedule,
            Advice::ScheduleAndHpa(_) => Way::ScheduleAndHpa,
            Advice::Hpa(_) | Advice::Leave(_) => Way::Hpa,
        };
        let Some(own) = self.outcome(way) else {
            return String::new();
        };
        let minutes = |short: Option<f64>| short.map_or_else(|| "?".to_owned(), minutes_said);
        let mut text = format!(
            "{} minutes short and {} replica-hours a week",
            minutes(own.short_minutes),
            short(own.replica_hours, 0)
        );
        let beside = [Way::Hpa, Way::Advised, Way::Today].into_iter();
        let beside = beside
            .filter(|it| *it != way)
            .filter_map(|it| self.outcome(it));
        let beside: Vec<String> = beside
            .map(|it| {
                let name = match (it.way, it.target) {
                    (Way::Hpa, Some(target)) => format!("an HPA alone at {}", percent(target)),
                    (Way::Advised, _) if self.load().is_some() => "a size alone".to_owned(),
                    (Way::Advised, _) => "the advised size alone".to_owned(),
                    _ => "today".to_owned(),
                };
                format!(
                    "{name} {} and {}",
                    minutes(it.short_minutes),
                    short(it.replica_hours, 0)
                )
            })
            .collect();
        if !beside.is_empty() {
            text = format!("{text} ({})", beside.join(", "));
        }
        text
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// Minutes as people say them.
fn minutes_said(minutes: f64) -> String {
    short(minutes, usize::from(minutes < 9.95))
}
