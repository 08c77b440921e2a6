//! Usage over time against the sizes, now and advised.

use std::io::{self, Write};

use ratatui_core::style::Color;

use super::Page;
use super::plot::{Line, Plot};
use crate::explain::{ContainerStory, Curve, Mark, Point};
use crate::snapshot::Grid;
use crate::units::{Bytes, Cpu, count_from, len_f64};

/// Lines of a plot.
const HEIGHT: u16 = 9;

/// The same where other containers share the page.
const LOW: u16 = 7;

/// Levels this far above all usage would press the curve flat: they are named, not drawn.
const TALLEST: f64 = 4.0;

/// Sizes that a plot shows as levels.
#[derive(Clone, Copy)]
struct Levels {
    now: Option<f64>,
    advised: Option<f64>,
    limit_now: Option<f64>,
    limit_advised: Option<f64>,
}

impl Levels {
    /// The request that is advised, where that is another.
    fn moved(self) -> Option<f64> {
        self.advised.filter(|_| self.advised != self.now)
    }

    fn limit_moved(self) -> Option<f64> {
        self.limit_advised
            .filter(|_| self.limit_advised != self.limit_now)
    }
}

impl Page {
    pub(super) fn cpu_plot(
        self,
        story: &ContainerStory<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let now = story.container.requests.cpu;
        let levels = Levels {
            now: now.map(Cpu::get),
            advised: story.advice.sizing.cpu_request.after(now).map(Cpu::get),
            limit_now: story.container.limits.cpu.map(Cpu::get),
            limit_advised: story
                .advice
                .sizing
                .cpu_limit
                .after(story.container.limits.cpu)
                .map(Cpu::get),
        };
        let label = |value: f64| Cpu::cores(value).to_string();
        self.draw(&story.cpu, levels, &story.marks, &label, out)
    }

    pub(super) fn memory_plot(
        self,
        story: &ContainerStory<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (container, sizing) = (story.container, &story.advice.sizing);
        let now = container.requests.memory;
        let limit = sizing.memory_limit.after(container.limits.memory);
        let levels = Levels {
            now: now.map(Bytes::to_f64),
            advised: sizing.memory_request.after(now).map(Bytes::to_f64),
            limit_now: container.limits.memory.map(Bytes::to_f64),
            limit_advised: limit.map(Bytes::to_f64),
        };
        let label = |value: f64| Bytes::from_f64(value).human();
        self.draw(&story.memory, levels, &story.marks, &label, out)
    }

    fn draw(
        self,
        curve: &Curve,
        levels: Levels,
        marks: &[Mark],
        label: &dyn Fn(f64) -> String,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (start, end) = (seconds(self.grid.start), seconds(self.grid.end()));
        let ends = [start, end.max(start + 1.0)];
        let named = [
            ("request now", levels.now, Color::Yellow, 'n'),
            ("request advised", levels.moved(), Color::Green, 'a'),
            ("limit now", levels.limit_now, Color::Red, 'l'),
            ("limit advised", levels.limit_moved(), Color::Magenta, 'L'),
        ];
        let peak = curve.max().max(f64::MIN_POSITIVE);
        let drawn = |level: f64| level <= peak * TALLEST;
        let shown = named
            .iter()
            .filter_map(|(_, level, ..)| level.filter(|level| drawn(*level)));
        let top = shown.fold(peak, f64::max) * 1.05;
        // Levels first: what is drawn later covers what it meets, and use matters most.
        let mut lines = Vec::new();
        let usage = usage(curve);
        let mut legend: Vec<(String, Color)> = ["mean", "peak"]
            .iter()
            .zip(&usage)
            .map(|(name, line)| (self.marked(line.letter, name), line.color))
            .collect();
        for (name, level, color, letter) in named {
            let Some(level) = level else { continue };
            if drawn(level) {
                let points = vec![(ends[0], level), (ends[1], level)];
                lines.push(Line {
                    points,
                    color,
                    letter,
                });
                let text = format!("{name} {}", label(level));
                legend.push((self.marked(letter, &text), color));
            } else {
                let text = format!("{name} {} (above the plot)", label(level));
                legend.push((text, Color::Reset));
            }
        }
        lines.extend(usage);
        let plot = Plot {
            lines,
            top,
            ends,
            y_labels: vec![label(0.0), label(top / 2.0), label(top)],
            x_labels: [0.0, 0.5, 1.0].map(|share| day(self.grid, share)).to_vec(),
        };
        let height = if self.shared { LOW } else { HEIGHT };
        let columns = u16::try_from(self.width.saturating_sub(2)).unwrap_or(u16::MAX);
        let drawn = plot.draw(columns, height, self.ink);
        for line in drawn.lines() {
            writeln!(out, "  {line}")?;
        }
        self.marks(&drawn, marks, out)?;
        self.legend(&legend, out)
    }

    /// A letter below the plot for each kill, restart and new template.
    fn marks(self, drawn: &str, marks: &[Mark], out: &mut dyn Write) -> io::Result<()> {
        let axis = |line: &str| {
            let plain = anstream::adapter::strip_str(line).to_string();
            plain.chars().position(|sign| sign == '│' || sign == '|')
        };
        let Some(left) = drawn.lines().find_map(axis).filter(|_| !marks.is_empty()) else {
            return Ok(());
        };
        let room = self.width.saturating_sub(left + 4).max(1);
        let mut row = vec![' '; room];
        let (start, end) = (seconds(self.grid.start), seconds(self.grid.end()));
        let mut named = Vec::new();
        for mark in marks {
            let share = (seconds(mark.at) - start) / (end - start).max(1.0);
            let last = room - 1;
            let place = count_from(share.clamp(0.0, 1.0) * len_f64(last));
            let place = usize::try_from(place).map_or(last, |place| place.min(last));
            row[place] = mark.letter();
            let name = format!("{} {}", mark.letter(), mark.what());
            if !named.contains(&name) {
                named.push(name);
            }
        }
        let row: String = row.into_iter().collect();
        let indent = " ".repeat(left + 3);
        writeln!(out, "{indent}{}", row.trim_end())?;
        self.line("  ", &named.join(", "), out)
    }

    /// Behind the letter that draws it in ASCII; braille is told apart by colour.
    fn marked(self, letter: char, text: &str) -> String {
        if self.ink.unicode {
            text.to_owned()
        } else {
            format!("{letter} {text}")
        }
    }

    /// Items between commas within the width, none of which is broken.
    fn legend(self, items: &[(String, Color)], out: &mut dyn Write) -> io::Result<()> {
        let mut used = 0;
        for (text, color) in items {
            let painted = self.ink.paint(*color, text);
            if used > 0 && used + 3 + text.len() <= self.width {
                write!(out, ", {painted}")?;
                used += 2 + text.len();
            } else {
                let before = if used > 0 { ",\n  " } else { "  " };
                write!(out, "{before}{painted}")?;
                used = 2 + text.len();
            }
        }
        writeln!(out)
    }
}

/// Mean and peak over time.
fn usage(curve: &Curve) -> [Line; 2] {
    let over_time = |value: fn(&Point) -> f64| {
        let points = curve.points.iter();
        points
            .map(|point| (seconds(point.start), value(point)))
            .collect()
    };
    [
        Line {
            points: over_time(|point| point.mean),
            color: Color::Reset,
            letter: '.',
        },
        Line {
            points: over_time(|point| point.peak),
            color: Color::Cyan,
            letter: '*',
        },
    ]
}

/// The date at a share of the grid.
fn day(grid: Grid, share: f64) -> String {
    let span = f64::from(grid.span().as_secs()) * share;
    let offset = i64::try_from(count_from(span)).unwrap_or(0);
    let time = jiff::Timestamp::from_second(grid.start.as_second() + offset);
    time.map_or(String::new(), |time| time.strftime("%m-%d").to_string())
}

fn seconds(time: jiff::Timestamp) -> f64 {
    f64::from(u32::try_from(time.as_second()).unwrap_or(0))
}
