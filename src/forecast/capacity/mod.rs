//! When what is limited will be full: quotas of namespaces, node pools, volumes.
//!
//! What a quota or a pool holds over time is what its workloads had of replicas, at the
//! requests of today: a quota tells only how much is used now. Two things make it full: a
//! peak that comes again, which the forecast of the sum shows, and a rise that lasts, which
//! the peaks of days show ([`Course`]).

mod held;
mod rise;
mod volume;

use jiff::Timestamp;

use super::outlook::without_seasons;
use super::work::{Work, next_hour};
use super::{Clock, DAY, Hours};
use crate::snapshot::Snapshot;
use crate::trend::Course;
use crate::units::{count_from, float, len_f64};

/// Days that are looked ahead at most: a trend of a few weeks says nothing beyond.
pub const SIGHT: usize = 90;

/// Hours in which peaks that come again are looked for.
const LOOKED: usize = 14 * DAY;

/// Something that can be full.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    pub what: What,
    /// `None` for a node pool.
    pub namespace: Option<String>,
    pub name: String,
    /// As Kubernetes names it: `requests.cpu`, `limits.memory`, `pods`; of a volume
    /// `storage`.
    pub resource: String,
    pub unit: Unit,
    /// Now, and at most.
    pub used: f64,
    pub hard: f64,
    /// What its peaks rise by a day; `None` where no rise is sure.
    pub per_day: Option<f64>,
    /// `None` where it is not full within [`SIGHT`], however it turns out.
    pub full: Option<Full>,
    /// The most of each day that comes; empty where nothing is known of its past.
    pub days: Vec<Most>,
    /// Indices of the workloads that it is of.
    pub of: Vec<usize>,
}

/// What has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Quota,
    NodePool,
    Volume,
}

/// What it is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Cores,
    Bytes,
    Count,
}

/// When it is full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Full {
    /// As likely before as after; `None` where that is not within [`SIGHT`].
    pub at: Option<Timestamp>,
    /// In few cases it is before, and in few after; `None` where that is not within sight.
    pub earliest: Timestamp,
    pub latest: Option<Timestamp>,
    pub why: Why,
}

/// What makes it full first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is already.
    Now,
    /// A peak that comes.
    Peak,
    /// A rise that goes on.
    Rise,
}

/// The most of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Most {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl What {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::NodePool => "node_pool",
            Self::Volume => "volume",
        }
    }
}

impl Unit {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cores => "cores",
            Self::Bytes => "bytes",
            Self::Count => "count",
        }
    }

    pub(super) fn of(resource: &str) -> Self {
        let last = resource.rsplit('.').next().unwrap_or(resource);
        match last {
            "cpu" => Self::Cores,
            "memory" | "storage" => Self::Bytes,
            _ => Self::Count,
        }
    }
}

impl Why {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Peak => "peak",
            Self::Rise => "rise",
        }
    }
}

impl Capacity {
    /// Share in use now.
    pub fn share(&self) -> f64 {
        self.used / self.hard
    }
}

/// What is needed to look ahead.
pub(super) struct Ahead<'a> {
    /// Hours since the epoch.
    pub(super) next: i64,
    pub(super) hours: usize,
    pub(super) clock: &'a Clock,
}

impl Ahead<'_> {
    fn start(&self) -> Timestamp {
        Timestamp::from_second(self.next.saturating_mul(3_600)).unwrap_or(Timestamp::MAX)
    }

    /// So many days from the start on; `None` beyond what is in sight.
    fn in_days(&self, days: f64) -> Option<Timestamp> {
        let within = days.is_finite() && days <= len_f64(SIGHT);
        let seconds = within.then(|| i64::try_from(count_from(days.max(0.0) * 86_400.0)))?;
        let second = self.start().as_second().saturating_add(seconds.ok()?);
        Timestamp::from_second(second).ok()
    }

    fn days(&self) -> usize {
        self.hours.div_ceil(DAY)
    }
}

/// Everything of a snapshot that has a limit; `works` has one for each workload.
pub(super) fn capacities(
    snapshot: &Snapshot,
    works: &[Work],
    hours: usize,
    clock: &Clock,
) -> Vec<Capacity> {
    let grid = &snapshot.usage.grid;
    let ahead = Ahead {
        next: next_hour(grid),
        hours,
        clock,
    };
    let mut all = held::quotas(snapshot, works, &ahead);
    all.extend(held::pools(snapshot, works, &ahead));
    all.extend(volume::volumes(snapshot, &ahead));
    all
}

/// What is known of the past of something, in the hours of the grid.
fn from_hours(capacity: Capacity, hours: &Hours, ahead: &Ahead<'_>) -> Capacity {
    let peaks: Vec<f64> = hours
        .values
        .rchunks(DAY)
        .rev()
        .map(|day| day.iter().copied().fold(f64::NAN, f64::max))
        .collect();
    let course = rise::course(&peaks);
    // When it is full does not depend on how far somebody looks.
    let far = ahead.hours.max(LOOKED);
    let outlook = without_seasons(hours, ahead.next, far, ahead.clock);
    let points = outlook.map_or_else(Vec::new, |it| it.points);
    let first = |reaches: &dyn Fn(usize) -> f64| {
        let mut all = 0..points.len();
        let found = all.find(|hour| reaches(*hour) >= capacity.hard);
        found.map(|hour| len_f64(hour) / len_f64(DAY))
    };
    let peak = Days {
        at: first(&|hour| points[hour].value),
        earliest: first(&|hour| points[hour].high),
        latest: first(&|hour| points[hour].low),
    };
    let mut days: Vec<Most> = points[..points.len().min(ahead.hours)]
        .chunks(DAY)
        .map(|day| {
            let most = |of: fn(&super::Point) -> f64| day.iter().map(of).fold(0.0, f64::max);
            Most {
                value: most(|it| it.value),
                low: most(|it| it.low),
                high: most(|it| it.high),
            }
        })
        .collect();
    if let Some(course) = &course {
        for (most, line) in days.iter_mut().zip(along(course, ahead.days())) {
            most.value = most.value.max(line.value);
            most.low = most.low.max(line.low);
            most.high = most.high.max(line.high);
        }
    }
    full(capacity, peak, course.as_ref(), days, ahead)
}

/// Of which nothing is known but what it is now.
fn without_past(capacity: Capacity, ahead: &Ahead<'_>) -> Capacity {
    full(capacity, Days::default(), None, Vec::new(), ahead)
}

/// Days until something, as far as it comes.
#[derive(Debug, Clone, Copy, Default)]
struct Days {
    at: Option<f64>,
    earliest: Option<f64>,
    latest: Option<f64>,
}

/// With when it is full: by what comes first.
fn full(
    mut capacity: Capacity,
    peak: Days,
    course: Option<&Course>,
    days: Vec<Most>,
    ahead: &Ahead<'_>,
) -> Capacity {
    let rise = course.map_or_else(Days::default, |course| {
        // A day that ends at the limit has reached it.
        let within = |days: f64| (days - 1.0 / 86_400.0).max(0.0);
        let (at, earliest, latest) = course.days_to(capacity.hard);
        let (at, earliest, latest) = (within(at), within(earliest), within(latest));
        Days {
            at: Some(at),
            earliest: Some(earliest),
            latest: Some(latest),
        }
    });
    capacity.per_day = course.map(|it| it.per_day);
    capacity.days = days;
    if capacity.used >= capacity.hard {
        let now = ahead.start();
        capacity.full = Some(Full {
            at: Some(now),
            earliest: now,
            latest: Some(now),
            why: Why::Now,
        });
        return capacity;
    }
    let first = |one: Option<f64>, other: Option<f64>| match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let of = |days: Option<f64>| days.and_then(|days| ahead.in_days(days));
    let earliest = of(first(peak.earliest, rise.earliest));
    capacity.full = earliest.map(|earliest| {
        let at = first(peak.at, rise.at);
        let by_peak = peak.at.is_some() && peak.at == at;
        let only_peak = at.is_none() && peak.earliest.is_some();
        Full {
            at: of(at),
            earliest,
            latest: of(first(peak.latest, rise.latest)),
            why: if by_peak || only_peak {
                Why::Peak
            } else {
                Why::Rise
            },
        }
    });
    capacity
}

/// The line of a rise, day by day.
fn along(course: &Course, days: usize) -> impl Iterator<Item = Most> + use<> {
    let course = *course;
    (1..=days).map(move |day| {
        let day = float(u64::try_from(day).unwrap_or(0));
        Most {
            value: course.now + course.per_day * day,
            low: course.now_low + course.per_day_low * day,
            high: course.now_high + course.per_day_high * day,
        }
    })
}
