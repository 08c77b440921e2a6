use super::template::NewTemplate;
use super::{Pool, Reason, days, step};
use crate::snapshot::{Grid, Series};
use crate::units::Span;

/// A change of level: the days after it are unlike the days before.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct Shift {
    pub resource: Resource,
    /// The first slot of the new level.
    pub since: u32,
    /// Days from there to the end of the window.
    pub days: f64,
    /// Mean level of the days after ÷ before.
    pub factor: f64,
    pub followed: Followed,
}

/// Which resource changed its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::recommend) enum Resource {
    Cpu,
    Memory,
}

/// What sizes make of a change of level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::recommend) enum Followed {
    /// It rose: the days since are sized on their own.
    Up,
    /// It fell for good: the days before are left out.
    Down { new_template: bool },
    /// It fell, and may come back: the level before is still covered, until
    /// the new one has lasted for so many days.
    NotYet { until: u32 },
}

/// A level is new for so many days.
const NEW: f64 = 7.0;
/// A lower level that comes with a new pod template is believed once it has seen
/// every weekday.
const BELIEVED_WITH_TEMPLATE: u32 = 7;
/// Any other once it has lasted as long as the default window, which would show
/// nothing else. Of falls that had lasted for a week or more half were undone
/// within the next one, and nearly all that were younger: 22 and 27 falls in
/// replays of a public trace (GWA-T-12) at nine origins.
const BELIEVED: u32 = 14;
/// A level that changes within so many days after the pod template did so with it.
const ROLLOUT: f64 = 1.25;

impl Shift {
    /// Whether it is a higher level that has not yet seen every weekday.
    pub(in crate::recommend) fn is_new_rise(&self) -> bool {
        self.followed == Followed::Up && self.days < NEW
    }

    pub(super) fn reason(&self) -> Reason {
        let resource = match self.resource {
            Resource::Cpu => "CPU",
            Resource::Memory => "memory",
        };
        let (factor, ago) = (self.factor, days(self.days));
        let text = match (self.followed, self.resource) {
            (Followed::Up, Resource::Cpu) => format!(
                "{resource} rose to {factor:.1} times its level {ago} ago: \
                 what came since is sized on its own"
            ),
            (Followed::Up, Resource::Memory) => format!(
                "{resource} rose to {factor:.1} times its level {ago} ago: \
                 the request is at the new level, and a margin on it is that of {ago} of history"
            ),
            (Followed::Down { new_template }, _) => {
                let with = if new_template {
                    ", with a new pod template"
                } else {
                    ""
                };
                format!(
                    "{resource} fell to {factor:.2} times its level {ago} ago{with}: \
                     sizes come from these {ago} alone"
                )
            }
            (Followed::NotYet { until }, _) => format!(
                "{resource} fell to {factor:.2} times its level {ago} ago: \
                 sizes still cover the level before, until the new one has lasted {until} days"
            ),
        };
        Reason::new("level_shift", text)
    }
}

/// By the mean use of a replica, hour by hour.
pub(super) fn of_cpu(
    pool: &Pool<'_>,
    grid: &Grid,
    template: Option<&NewTemplate>,
) -> Option<Shift> {
    let hours = hourly_means(&pool.series, grid);
    find(Resource::Cpu, &hours, grid, template)
}

/// By the largest working set of each hour.
pub(super) fn of_memory(
    pool: &Pool<'_>,
    grid: &Grid,
    template: Option<&NewTemplate>,
) -> Option<Shift> {
    let memory = pool.profile.memory.as_ref()?;
    let hours: Vec<f64> = memory
        .hourly_peaks
        .iter()
        .map(|it| f64::from(*it))
        .collect();
    find(Resource::Memory, &hours, grid, template)
}

fn find(
    resource: Resource,
    hours: &[f64],
    grid: &Grid,
    template: Option<&NewTemplate>,
) -> Option<Shift> {
    let step = u64::from(grid.step.as_secs().max(1));
    let rolled_out = template.and_then(|template| {
        let hour = u64::from(template.since) * step / u64::from(Span::HOUR.as_secs());
        usize::try_from(hour).ok()
    });
    let (hour, factor) = rolled_out
        .and_then(|hour| step::split_at(hours, hour))
        .or_else(|| step::split(hours))?;
    let second = u64::try_from(hour).ok()? * u64::from(Span::HOUR.as_secs());
    let since = u32::try_from(second.div_ceil(step)).ok()?.min(grid.len);
    let lasted = f64::from(grid.len - since) / f64::from(grid.per_day());
    let new_template = template.is_some_and(|template| {
        let after = template.days - lasted;
        (-0.25..=ROLLOUT).contains(&after)
    });
    let until = if new_template {
        BELIEVED_WITH_TEMPLATE
    } else {
        BELIEVED
    };
    let followed = if factor > 1.0 {
        Followed::Up
    } else if lasted >= f64::from(until) {
        Followed::Down { new_template }
    } else {
        Followed::NotYet { until }
    };
    Some(Shift {
        resource,
        since,
        days: lasted,
        factor,
        followed,
    })
}

/// Mean over the samples of all pods in each hour of the grid; `NaN` without one.
fn hourly_means(series: &[&Series], grid: &Grid) -> Vec<f64> {
    let step = u64::from(grid.step.as_secs());
    let hour = |slot: u32| usize::try_from(u64::from(slot) * step / 3_600).unwrap_or(usize::MAX);
    let count = grid.len.checked_sub(1).map_or(0, |last| hour(last) + 1);
    let mut hours = vec![(0.0, 0.0); count];
    // The first slot of each hour, and of the one behind them.
    let each = (step > 0 && 3_600 % step == 0).then(|| usize::try_from(3_600 / step).unwrap_or(1));
    let start = |hour: usize| {
        if let Some(each) = each {
            return hour.saturating_mul(each);
        }
        let seconds = u64::try_from(hour)
            .unwrap_or(u64::MAX)
            .saturating_mul(3_600);
        usize::try_from(seconds.div_ceil(step.max(1))).unwrap_or(usize::MAX)
    };
    for series in series {
        let (first, values) = (usize::try_from(series.first), &series.cpu_cores);
        let first = first.unwrap_or(usize::MAX);
        let place = |slot: usize| slot.saturating_sub(first).min(values.len());
        let from = hour(series.first);
        let mut at = place(start(from));
        for (hour, (sum, count)) in hours.iter_mut().enumerate().skip(from) {
            let end = place(start(hour + 1));
            let mut known = 0_u32;
            for value in &values[at..end] {
                // Nothing is added where nothing is known: no branch to be guessed.
                *sum += if value.is_finite() {
                    f64::from(*value)
                } else {
                    0.0
                };
                known += u32::from(value.is_finite());
            }
            *count += f64::from(known);
            at = end;
        }
    }
    // 0 ÷ 0 is the NaN of an hour without a sample.
    hours.into_iter().map(|(sum, count)| sum / count).collect()
}
