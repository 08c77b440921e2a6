//! What day, hour and hour of the week each slot of a grid is in.

use crate::snapshot::Grid;
use crate::units::Span;

/// Computed once for all pools.
pub(super) struct Calendar {
    runs: Vec<Run>,
    hours: usize,
    /// Hour of the week in UTC in which each hour of the grid begins; `None` for an hour
    /// in which no slot begins.
    weeks: Vec<Option<u8>>,
    span_days: u64,
}

/// Slots one after the other that begin in the same hour of the grid and of the week.
pub(super) struct Run {
    /// The first slot behind it.
    pub(super) end: usize,
    /// The hour of the grid, counted from the grid's start.
    pub(super) hour: usize,
    /// The hour of the week, UTC, 0 to 167.
    pub(super) hour_of_week: usize,
}

impl Run {
    /// The day of the grid, counted from the grid's start.
    pub(super) fn day(&self) -> usize {
        self.hour / 24
    }
}

impl Calendar {
    pub(super) fn new(grid: &Grid) -> Self {
        let step = u64::from(grid.step.as_secs().max(1));
        let hour = |slot: u32| {
            let hour = u64::from(slot) * step / u64::from(Span::HOUR.as_secs());
            usize::try_from(hour).unwrap_or(usize::MAX)
        };
        let mut runs: Vec<Run> = Vec::new();
        let hours = grid.len.checked_sub(1).map_or(0, |last| hour(last) + 1);
        let mut weeks = vec![None; hours];
        for slot in 0..grid.len {
            let end = usize::try_from(slot).unwrap_or(usize::MAX) + 1;
            let (hour, week) = (hour(slot), grid.hour_of_week(slot));
            let hour_of_week = usize::try_from(week).unwrap_or(0);
            if weeks[hour].is_none() {
                weeks[hour] = u8::try_from(week).ok();
            }
            match runs.last_mut() {
                Some(run) if run.hour == hour && run.hour_of_week == hour_of_week => run.end = end,
                _ => runs.push(Run {
                    end,
                    hour,
                    hour_of_week,
                }),
            }
        }
        Self {
            runs,
            hours,
            weeks,
            span_days: u64::from(grid.len) * step / u64::from(Span::DAY.as_secs()),
        }
    }

    pub(super) fn days(&self) -> usize {
        self.hours.div_ceil(24)
    }

    pub(super) fn hours(&self) -> usize {
        self.hours
    }

    /// Hour of the week in which an hour of the grid begins; `None` for an hour
    /// in which no slot begins.
    pub(super) fn week_of_hour(&self, hour: usize) -> Option<usize> {
        self.weeks.get(hour).copied().flatten().map(usize::from)
    }

    /// How long the whole grid is, in days.
    pub(super) fn span_days(&self) -> u64 {
        self.span_days
    }

    /// Values from slot `first` on, run by run; none of them is empty.
    pub(super) fn cut<'a>(
        &'a self,
        first: u32,
        values: &'a [f32],
    ) -> impl Iterator<Item = (&'a Run, &'a [f32])> {
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let from = self.runs.partition_point(|run| run.end <= first);
        let mut at = 0;
        self.runs[from..].iter().map_while(move |run| {
            let end = (run.end - first).min(values.len());
            let part = &values[at..end];
            at = end;
            (!part.is_empty()).then_some((run, part))
        })
    }
}
