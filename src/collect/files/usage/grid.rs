//! One grid for samples that come with times of their own.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use rayon::prelude::*;

use super::samples::{Raw, Recall, Samples};
use super::{Found, devices};
use crate::collect::files::ImportError;
use crate::collect::{Column, UsageBuilder};
use crate::snapshot::{BundleError, Gap, Grid};
use crate::units::Span;

/// Slots that a grid may have: 19 years at 5 minutes. More is a wrong timestamp.
const MOST_SLOTS: i64 = 2_000_000;

/// Slots of all series that may be held although most are empty.
const MOST_SPARSE: i64 = 50_000_000;

/// Slots for each row from where on most are empty.
const SPARSE: i64 = 20;

/// The step where no series has two samples, in seconds.
const LONE_STEP: i64 = 300;

/// The longest distance that is a step and no hole, in seconds: a day.
const LONGEST_STEP: i64 = 86_400;

/// Rows of the series that are placed side by side, about: 16 MB and what becomes of them.
const ROWS_AT_A_TIME: usize = 1 << 20;

/// Samples on a grid, and what is doubtful about them.
type Placed = (Found, Vec<Gap>);

/// Puts samples on the grid that suits them; `None` without a sample.
///
/// The step is the distance that is most frequent in most series, unless it is
/// given. The last slot is that of the newest sample. Samples that are a little
/// off the grid go to the nearest slot; on a step that was given, which may be
/// wider than that of the samples, slots begin at multiples of it.
///
/// Where several samples of a series meet in one slot, memory is the largest
/// and everything else the mean; of several with the same time the largest counts.
/// Of what is placed so many bytes are held, where `held` says so.
pub(super) fn place(
    (mut samples, recall): (Samples, &Recall),
    step: Option<Span>,
    window: Option<Span>,
    held: Option<u64>,
) -> Result<Option<Placed>, ImportError> {
    let courses = samples.series.par_iter().map(|raw| Course::of(raw, recall));
    let courses: Vec<Course> = courses.collect::<io::Result<_>>().map_err(aside)?;
    let ends = || courses.iter().filter_map(|it| it.ends);
    let (oldest, newest) = (ends().map(|it| it.0).min(), ends().map(|it| it.1).max());
    let (Some(oldest), Some(newest)) = (oldest, newest) else {
        return Ok(None);
    };
    let newest = end(newest, samples.beside);
    let votes = votes(&courses);
    let step_seconds = step.map_or_else(|| winner(&votes), |step| i64::from(step.as_secs().max(1)));
    let gap = if step.is_none() {
        mixed(&votes, step_seconds)
    } else {
        None
    };
    let rule = Rule::new(oldest, newest, step_seconds, step.is_none(), window);
    let grid = rule.grid(oldest, newest)?;
    rule.refuse_sparse(&courses)?;
    let mut builder = UsageBuilder::holding(grid, held);
    let mut doubled = Doubled::default();
    let of_devices = samples.devices.take();
    // What is placed is dropped, so that both together take no more than the samples.
    for series in at_a_time(samples.series, &courses) {
        let placed = series.into_par_iter().map(|raw| {
            let raw = raw.whole(recall)?;
            let mut builder = UsageBuilder::new(grid);
            let mut doubled = Doubled::default();
            doubled.add(place_series(&raw, &rule, &mut builder), &raw);
            Ok((builder, doubled))
        });
        let placed: Vec<_> = placed.collect::<io::Result<_>>().map_err(aside)?;
        for (one, other) in placed {
            builder.join(one);
            doubled = doubled.and(other);
        }
    }
    let of_devices = of_devices.map(|it| it.series).unwrap_or_default();
    let devices = devices::place(of_devices, recall, &rule, &mut builder);
    let (devices, other) = devices.map_err(aside)?;
    let doubled = doubled.and(other);
    let found = Found {
        devices,
        builder,
        newest: timestamp(newest),
    };
    let gaps = gap.into_iter().chain(doubled.gap()).collect();
    Ok(Some((found, gaps)))
}

/// Rows that were put into the file could not be read again.
fn aside(error: io::Error) -> ImportError {
    ImportError::Aside(BundleError::Aside(error))
}

/// What is known of a series without its values.
struct Course {
    rows: usize,
    /// Its first and its last time.
    ends: Option<(i64, i64)>,
    /// The most frequent distance between its times.
    step: Option<i64>,
}

impl Course {
    fn of(raw: &Raw, recall: &Recall) -> io::Result<Self> {
        let times = raw.times(recall)?;
        Ok(Self {
            rows: times.len(),
            ends: times.first().copied().zip(times.last().copied()),
            step: usual_step(&times),
        })
    }
}

/// Series, in their order, of about [`ROWS_AT_A_TIME`] rows each time.
fn at_a_time(series: Vec<Raw>, courses: &[Course]) -> impl Iterator<Item = Vec<Raw>> {
    let mut left = series
        .into_iter()
        .zip(courses.iter().map(|it| it.rows))
        .peekable();
    std::iter::from_fn(move || {
        let (mut some, mut rows) = (Vec::new(), 0);
        while let Some((raw, more)) = left.next_if(|_| rows < ROWS_AT_A_TIME) {
            some.push(raw);
            rows += more;
        }
        (!some.is_empty()).then_some(some)
    })
}

/// Rows of a series that have the time of another, at times of which not all values are the
/// same.
#[derive(Default)]
pub(super) struct Doubled {
    rows: u64,
    /// The first pod that has any, by name.
    example: Option<String>,
}

impl Doubled {
    /// So many rows of this series.
    pub(super) fn add(&mut self, rows: u64, raw: &Raw) {
        if rows > 0 {
            let example = Some(format!("{}/{}", raw.namespace, raw.pod));
            *self = std::mem::take(self).and(Self { rows, example });
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            example: [self.example, other.example].into_iter().flatten().min(),
        }
    }

    fn gap(self) -> Option<Gap> {
        let example = self.example?;
        let rows = if self.rows == 1 {
            "1 row has".to_owned()
        } else {
            format!("{} rows have", self.rows)
        };
        let text = format!(
            "{rows} the time of another row of the same container and other values, and the \
             larger value counts: {example}"
        );
        let hint = "write each container once: from one scrape job, replica or cluster";
        Some(Gap::new("doubled-rows", "usage", text).hint(hint))
    }
}

/// The end of the window: other rows of the files tell that what is in scope was silent at
/// last, unless they are of another time altogether.
fn end(newest: i64, beside: Option<i64>) -> i64 {
    const SILENT: i64 = 7 * LONGEST_STEP;
    let later = beside.filter(|time| (0..=SILENT).contains(&(time - newest)));
    later.unwrap_or(newest)
}

/// How a time becomes a slot.
pub(super) struct Rule {
    start: i64,
    step: i64,
    len: i64,
    /// To the nearest slot instead of the one that covers the time.
    nearest: bool,
}

impl Rule {
    fn new(oldest: i64, newest: i64, step: i64, nearest: bool, window: Option<Span>) -> Self {
        let (last, slots) = if nearest {
            (newest, (newest - oldest + step / 2).div_euclid(step) + 1)
        } else {
            let last = newest.div_euclid(step) * step;
            (last, (last - oldest.div_euclid(step) * step) / step + 1)
        };
        let most = window.map_or(i64::MAX, |window| {
            (i64::from(window.as_secs()) + step - 1)
                .div_euclid(step)
                .max(1)
        });
        let len = slots.min(most);
        Self {
            start: last - (len - 1) * step,
            step,
            len,
            nearest,
        }
    }

    fn grid(&self, oldest: i64, newest: i64) -> Result<Grid, ImportError> {
        if self.len > MOST_SLOTS {
            return Err(self.too_long(oldest, newest));
        }
        Ok(Grid {
            start: timestamp(self.start),
            step: self.step(),
            len: u32::try_from(self.len).unwrap_or(u32::MAX),
        })
    }

    /// A few rows far apart must not take the memory of all between them.
    fn refuse_sparse(&self, courses: &[Course]) -> Result<(), ImportError> {
        let ends = courses.iter().filter_map(|it| it.ends);
        let all = ends.clone();
        let slots = all.map(|(from, until)| ((until - from) / self.step + 1).min(self.len));
        let rows = courses.iter().map(|it| it.rows).sum::<usize>();
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let slots: i64 = slots.sum();
        if slots <= MOST_SPARSE.max(rows.saturating_mul(SPARSE)) {
            return Ok(());
        }
        let widest = ends.max_by_key(|(from, until)| until - from);
        let (from, until) = widest.unwrap_or_default();
        Err(self.too_long(from, until))
    }

    fn too_long(&self, from: i64, until: i64) -> ImportError {
        ImportError::TooLong {
            first: timestamp(from),
            last: timestamp(until),
            step: self.step(),
        }
    }

    fn step(&self) -> Span {
        Span::from_secs(u32::try_from(self.step).unwrap_or(u32::MAX))
    }

    /// `None` before the window.
    fn slot(&self, time: i64) -> Option<u32> {
        let shift = if self.nearest { self.step / 2 } else { 0 };
        let slot = (time - self.start + shift).div_euclid(self.step);
        u32::try_from(slot.min(self.len - 1)).ok()
    }
}

pub(super) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// How many series have each distance as their most frequent one.
fn votes(courses: &[Course]) -> BTreeMap<i64, usize> {
    let mut votes = BTreeMap::new();
    for step in courses.iter().filter_map(|it| it.step) {
        *votes.entry(step).or_default() += 1;
    }
    votes
}

/// The most frequent distance between times in their order, up to [`LONGEST_STEP`]; of
/// equally frequent ones the smallest.
fn usual_step(times: &[i64]) -> Option<i64> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in times.windows(2) {
        let distance = pair[1] - pair[0];
        if (1..=LONGEST_STEP).contains(&distance) {
            *counts.entry(distance).or_default() += 1;
        }
    }
    first_most_frequent(&counts)
}

fn winner(votes: &BTreeMap<i64, usize>) -> i64 {
    first_most_frequent(votes).unwrap_or(LONE_STEP)
}

fn first_most_frequent(counts: &BTreeMap<i64, usize>) -> Option<i64> {
    let most = counts.values().max()?;
    let found = counts.iter().find(|(_, count)| *count == most);
    found.map(|(step, _)| *step)
}

/// Names series whose samples are further apart than the grid: they look as if they had gaps.
fn mixed(votes: &BTreeMap<i64, usize>, step: i64) -> Option<Gap> {
    let wider: usize = votes.range(step + 1..).map(|(_, series)| series).sum();
    if wider == 0 {
        return None;
    }
    let widest = *votes.last_key_value()?.0;
    let all: usize = votes.values().sum();
    let text = format!(
        "{wider} of {all} series have samples further apart than the usual {step}s, up to {widest}s"
    );
    let hint = format!("put all on one step with `--step {widest}s`");
    Some(Gap::new("mixed-steps", "usage", text).hint(hint))
}

/// Puts a series on the grid; how many of its rows are [`Doubled`].
fn place_series(raw: &Raw, rule: &Rule, builder: &mut UsageBuilder) -> u64 {
    let mut doubled = 0;
    let series = builder.open(&raw.namespace, &raw.pod, &raw.container);
    let times: Vec<i64> = raw.rows.times.iter().collect();
    let mut order: Vec<usize> = (0..times.len()).collect();
    if !times.is_sorted() {
        order.sort_by_key(|row| times[*row]);
    }
    let mut placed = Vec::with_capacity(times.len());
    for (column, values) in &raw.rows.columns {
        let rows = order
            .iter()
            .map(|row| (times[*row], values.get(*row).copied()));
        // What cannot be true is told to the builder.
        let refuse = |slot: u32, value: f32| builder.set(series, *column, slot, f64::from(value));
        let unlike = in_slots(*column, rows, rule, &mut placed, refuse);
        builder.fill(series, *column, &placed);
        // Of devices each may have a row of its own.
        if !matches!(column, Column::More(_)) {
            doubled = doubled.max(unlike);
        }
    }
    doubled
}

/// The values of a column in the order of their times, as slots; how many of them are
/// [`Doubled`]. What cannot be true takes no part in a mean.
pub(super) fn in_slots(
    column: Column,
    rows: impl Iterator<Item = (i64, Option<f32>)>,
    rule: &Rule,
    placed: &mut Vec<(u32, f64)>,
    mut refuse: impl FnMut(u32, f32),
) -> u64 {
    let mut meeting = Meeting::default();
    let mut unlike = 0;
    placed.clear();
    for (time, value) in rows {
        let Some(value) = value.filter(|value| !value.is_nan()) else {
            continue;
        };
        let Some(slot) = rule.slot(time) else {
            continue;
        };
        if meeting.slot != Some(slot) {
            placed.extend(meeting.leave(column));
            meeting.slot = Some(slot);
        }
        if (0.0..=1e18).contains(&value) {
            unlike += meeting.add(time, f64::from(value));
        } else {
            refuse(slot, value);
        }
    }
    placed.extend(meeting.leave(column));
    unlike
}

/// Samples of one slot.
#[derive(Default)]
struct Meeting {
    slot: Option<u32>,
    time: i64,
    /// The first and the largest with `time`.
    first: f64,
    now: f64,
    /// How many more than the first there are, and whether one of them is not the same.
    more: u64,
    unlike: bool,
    /// Of earlier times.
    sum: f64,
    largest: f64,
    times: u32,
}

impl Meeting {
    /// How many more have the time of another and are not all the same, in any order.
    fn add(&mut self, time: i64, value: f64) -> u64 {
        self.largest = self.largest.max(value);
        if self.times == 0 || time != self.time {
            self.sum += self.now;
            (self.time, self.first, self.now) = (time, value, value);
            (self.more, self.unlike) = (0, false);
            self.times += 1;
            return 0;
        }
        self.now = self.now.max(value);
        self.more += 1;
        let before = self.unlike;
        self.unlike |= is_other(value, self.first);
        match (before, self.unlike) {
            (true, _) => 1,
            (false, true) => self.more,
            (false, false) => 0,
        }
    }

    /// The slot and what it comes to.
    fn leave(&mut self, column: Column) -> Option<(u32, f64)> {
        let done = std::mem::take(self);
        let slot = done.slot.filter(|_| done.times > 0)?;
        let value = match column {
            Column::MemoryBytes => done.largest,
            Column::More(metric) if metric.is_peak() => done.largest,
            _ => (done.sum + done.now) / f64::from(done.times),
        };
        Some((slot, value))
    }
}

#[expect(clippy::float_cmp, reason = "whether it was written as another")]
fn is_other(value: f64, first: f64) -> bool {
    value != first
}
