//! What was and what comes as a picture of characters, with the band around it.

use std::ops::Range;

use super::amount;
use crate::forecast::{Forecasts, Hours, Metric, Outlook};
use crate::render::Look;
use crate::render::style::{DIM, GOOD, Paint};
use crate::render::wrap::wrap;
use crate::units::len_f64;

/// Lines of the picture.
const ROWS: usize = 9;

/// Columns of text where the terminal tells no width, and the most that are of use.
const WIDTH: usize = 80;

/// The fewest columns that a picture is drawn in.
const LEAST: usize = 24;

/// Hours of the past that are shown, as a share of those that come, and at least.
const PAST_SHARE: usize = 2;
const PAST_LEAST: usize = 24;

/// The largest hours of what one column stands for.
#[derive(Debug, Clone, Copy, Default)]
struct Bar {
    was: Option<f64>,
    value: Option<f64>,
    band: Option<(f64, f64)>,
}

/// What a place of the picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Nothing,
    Was,
    Comes,
    Band,
}

/// The picture of one metric, line by line; none where there is no room or nothing moves.
pub(super) fn plot(
    forecasts: &Forecasts,
    metric: Metric,
    hours: &Hours,
    outlook: &Outlook,
    look: &Look,
) -> Vec<String> {
    let paint = Paint::of(look);
    let width = look.width.unwrap_or(WIDTH).min(WIDTH);
    let ahead = outlook.points.len();
    let past = (ahead / PAST_SHARE).max(PAST_LEAST).min(hours.values.len());
    let most = outlook.points.iter().map(|it| it.high);
    let was = &hours.values[hours.values.len() - past..];
    let most = most.chain(was.iter().copied().filter(|it| it.is_finite()));
    let top = most.fold(0.0, f64::max);
    let labels = [top, top / 2.0, 0.0].map(|it| amount(metric, it));
    let gutter = labels.iter().map(String::len).max().unwrap_or(0);
    let room = width.saturating_sub(gutter + 5);
    if top <= 0.0 || room < LEAST || ahead == 0 {
        return Vec::new();
    }
    let each = (past + ahead).div_ceil(room);
    let bars = bars(was, outlook, each);
    let mut lines = Vec::new();
    for row in (0..ROWS).rev() {
        let label = match row {
            row if row + 1 == ROWS => &labels[0],
            row if row == ROWS / 2 => &labels[1],
            0 => &labels[2],
            _ => "",
        };
        let range = range(row, top);
        let line = painted(&bars, &range, paint);
        let edge = if paint.unicode { '│' } else { '|' };
        lines.push(format!("  {label:>gutter$} {edge}{line}"));
    }
    lines.push(format!(
        "  {:gutter$} {}",
        "",
        paint.on(DIM, &days(forecasts, past, bars.len(), each))
    ));
    let [was, comes, band] = [Mark::Was, Mark::Comes, Mark::Band].map(|it| it.sign(paint));
    let column = match each {
        1 => "a column an hour".to_owned(),
        _ => format!("a column the largest of {each} hours"),
    };
    let legend = format!("{was} was  {comes} comes  {band} nine hours of ten  {column}");
    let left = gutter + 4;
    let legend = wrap(&legend, Some(width - left), left);
    lines.push(format!("{:left$}{}", "", paint.on(DIM, &legend)));
    lines
}

/// Past and future in columns of so many hours; the first that comes begins a column.
fn bars(was: &[f64], outlook: &Outlook, each: usize) -> Vec<Bar> {
    let most = |values: &mut dyn Iterator<Item = f64>| {
        let known = values.filter(|it| it.is_finite());
        known.reduce(f64::max)
    };
    let past = was.rchunks(each).rev().map(|part| Bar {
        was: most(&mut part.iter().copied()),
        ..Bar::default()
    });
    let ahead = outlook.points.chunks(each).map(|part| {
        let value = most(&mut part.iter().map(|it| it.value));
        let top = part.iter().max_by(|a, b| a.value.total_cmp(&b.value));
        let high = most(&mut part.iter().map(|it| it.high));
        Bar {
            was: None,
            value,
            band: top.zip(high).map(|(it, high)| (it.low, high)),
        }
    });
    past.chain(ahead).collect()
}

/// The values that a line of the picture stands for.
fn range(row: usize, top: f64) -> Range<f64> {
    let step = top / len_f64(ROWS);
    let from = step * len_f64(row);
    // The largest value belongs to the line on top.
    let until = if row + 1 == ROWS {
        f64::INFINITY
    } else {
        from + step
    };
    from..until
}

fn painted(bars: &[Bar], range: &Range<f64>, paint: Paint) -> String {
    let marks: Vec<Mark> = bars.iter().map(|bar| bar.mark(range)).collect();
    let runs = marks.chunk_by(|a, b| a == b).map(|run| {
        let text: String = run.iter().map(|it| it.sign(paint)).collect();
        match run[0] {
            Mark::Nothing | Mark::Was => text,
            Mark::Comes => paint.on(GOOD, &text),
            Mark::Band => paint.on(DIM, &text),
        }
    });
    let line: String = runs.collect();
    line.trim_end().to_owned()
}

impl Bar {
    fn mark(&self, range: &Range<f64>) -> Mark {
        let is_in = |value: Option<f64>| value.is_some_and(|it| range.contains(&it));
        let meets = |(low, high): (f64, f64)| low < range.end && high >= range.start;
        if is_in(self.was) {
            Mark::Was
        } else if is_in(self.value) {
            Mark::Comes
        } else if self.band.is_some_and(meets) {
            Mark::Band
        } else {
            Mark::Nothing
        }
    }
}

impl Mark {
    fn sign(self, paint: Paint) -> char {
        match (self, paint.unicode) {
            (Self::Nothing, _) => ' ',
            (Self::Was, true) => '•',
            (Self::Was, false) => 'o',
            (Self::Comes, true) => '━',
            (Self::Comes, false) => '*',
            (Self::Band, true) => '░',
            (Self::Band, false) => '.',
        }
    }
}

/// Days below the columns in which they begin, in UTC.
fn days(forecasts: &Forecasts, past: usize, columns: usize, each: usize) -> String {
    let before = past.div_ceil(each);
    let mut line = String::new();
    for column in 0..columns {
        // Hours from the start of what comes, at which the column begins.
        let begin = (whole(column) - whole(before)) * whole(each);
        let begins = |hour: &i64| {
            let time = forecasts.start.as_second() + hour * 3_600;
            time.rem_euclid(86_400) == 0
        };
        let Some(hour) = (begin..begin + whole(each)).find(begins) else {
            continue;
        };
        let at = column + 1;
        if !line.is_empty() && line.len() + 1 > at {
            continue;
        }
        let second = forecasts.start.as_second() + hour * 3_600;
        let Ok(time) = jiff::Timestamp::from_second(second) else {
            continue;
        };
        let label = time.strftime("%a %d").to_string();
        if at + label.len() > columns + 1 {
            break;
        }
        line = format!("{line:at$}{label}");
    }
    line
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
