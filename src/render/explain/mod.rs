//! One workload explained: for people in full, for programs as numbers.

use std::io::{self, Write};

use ratatui_core::style::Color;

mod json;
mod plot;
mod strip;

use super::Look;
use crate::explain::{ContainerStory, Curve, Explanation, Point};
use crate::recommend::{Advice, Risk};
use crate::snapshot::Grid;
use crate::text::escape;
use crate::units::{Bytes, Cpu, Money, Span, count_from};
use plot::{Ink, Line, Plot};

pub use json::explanation_json;

/// Width of a text that is not cut to a terminal.
const WIDTH: usize = 100;

/// Lines of a plot.
const HEIGHT: u16 = 11;

/// The explanation for a person.
///
/// `unicode` draws with braille and blocks, else with ASCII alone.
pub fn explanation_text(
    story: &Explanation<'_>,
    grid: Grid,
    unicode: bool,
    look: &Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let ink = Ink {
        color: look.color,
        unicode,
    };
    let width = look.width.unwrap_or(WIDTH).clamp(40, 160);
    heading(story, width, ink, out)?;
    for container in &story.containers {
        writeln!(out)?;
        self::container(container, grid, width, ink, out)?;
    }
    writeln!(out)?;
    next_steps(story, look, out)
}

fn heading(story: &Explanation<'_>, width: usize, ink: Ink, out: &mut dyn Write) -> io::Result<()> {
    let dot = if ink.unicode { "·" } else { "-" };
    let (advice, bill) = (story.advice, story.bill);
    writeln!(out, "{}", escape(&story.workload.id.to_string()))?;
    writeln!(
        out,
        "{} {dot} {} severity {dot} {} confidence {dot} {} x replica",
        advice.state.name().replace('_', "-"),
        bill.severity.name(),
        advice.confidence.name(),
        story.workload.replicas,
    )?;
    writeln!(
        out,
        "{} a month now, {} advised: {}",
        bill.current,
        bill.recommended,
        if bill.savings() < Money::ZERO {
            format!("{} more", -bill.savings())
        } else {
            format!("frees {}", bill.savings())
        }
    )?;
    let Some(cohort) = story.cohort else {
        return writeln!(
            out,
            "no cohort: too little data to say what it behaves like"
        );
    };
    let behaviour = format!("{}: {}", cohort.name, cohort.description);
    writeln!(out, "{}", wrapped("cohort ", &behaviour, width))?;
    if !story.alike.is_empty() {
        let names = escape(&story.alike.join(", "));
        writeln!(out, "{}", wrapped("most alike: ", &names, width))?;
    }
    Ok(())
}

fn container(
    story: &ContainerStory<'_>,
    grid: Grid,
    width: usize,
    ink: Ink,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = escape(&story.container.name);
    writeln!(out, "CONTAINER {name} ({})", story.container.kind.name())?;
    sizes(story, out)?;
    writeln!(out, "\n  why")?;
    for (number, reason) in (1..).zip(&story.advice.reasons) {
        let text = escape(&reason.text);
        let mark = format!("  {number:>2}. ");
        writeln!(out, "{}", wrapped(&mark, &text, width))?;
    }
    cpu(story, grid, width, ink, out)?;
    memory(story, grid, width, ink, out)?;
    quality(story, out)?;
    risk(story, out)
}

/// The four fields, now and advised.
fn sizes(story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (now, sizing) = (story.container, &story.advice.sizing);
    let cpu = |value: Option<Cpu>| value.map_or("-".to_owned(), |cpu| cpu.to_string());
    let bytes = |value: Option<Bytes>| value.map_or("-".to_owned(), |bytes| bytes.to_string());
    writeln!(out, "  {:<15} {:>10} {:>10}", "", "NOW", "ADVISED")?;
    let mut row = |name: &str, now: String, advised: String| {
        writeln!(out, "  {name:<15} {now:>10} {advised:>10}")
    };
    row(
        "CPU request",
        cpu(now.requests.cpu),
        advised(sizing.cpu_request),
    )?;
    row("CPU limit", cpu(now.limits.cpu), advised(sizing.cpu_limit))?;
    row(
        "memory request",
        bytes(now.requests.memory),
        advised(sizing.memory_request),
    )?;
    row(
        "memory limit",
        bytes(now.limits.memory),
        advised(sizing.memory_limit),
    )
}

fn advised<T: Copy + std::fmt::Display>(advice: Advice<T>) -> String {
    match advice {
        Advice::Set(value) => value.to_string(),
        Advice::Unset => "remove".to_owned(),
        Advice::Keep => "keep".to_owned(),
    }
}

fn cpu(
    story: &ContainerStory<'_>,
    grid: Grid,
    width: usize,
    ink: Ink,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(profile) = &story.profile.cpu else {
        return writeln!(out, "\n  no CPU samples");
    };
    let now = story.container.requests.cpu.map(Cpu::get);
    let after = story
        .advice
        .sizing
        .cpu_request
        .after(story.container.requests.cpu);
    let levels = Levels {
        now,
        advised: after.map(Cpu::get),
        limit: None,
    };
    let label = |value: f64| Cpu::cores(value).to_string();
    writeln!(
        out,
        "\n  CPU of a replica: peak of any pod and mean (cores)"
    )?;
    draw(&story.cpu, levels, grid, width, ink, &label, out)?;
    writeln!(
        out,
        "  distribution: p50 {}, p90 {}, p95 {}, p98 {}, p99 {}, max {}",
        profile.p50, profile.p90, profile.p95, profile.p98, profile.p99, profile.max
    )?;
    let strip = strip::strip(&profile.hour_of_week, ink);
    if strip.is_empty() {
        return Ok(());
    }
    write!(out, "  mean CPU by hour of the week\n{strip}")
}

fn memory(
    story: &ContainerStory<'_>,
    grid: Grid,
    width: usize,
    ink: Ink,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(profile) = &story.profile.memory else {
        return writeln!(out, "\n  no memory samples");
    };
    let (container, sizing) = (story.container, &story.advice.sizing);
    let limit = sizing.memory_limit.after(container.limits.memory);
    let levels = Levels {
        now: container.requests.memory.map(Bytes::to_f64),
        advised: sizing
            .memory_request
            .after(container.requests.memory)
            .map(Bytes::to_f64),
        limit: limit.map(Bytes::to_f64),
    };
    let label = |value: f64| Bytes::from_f64(value).human();
    writeln!(
        out,
        "\n  memory of a replica: peak of any pod and mean (working set)"
    )?;
    draw(&story.memory, levels, grid, width, ink, &label, out)?;
    let human = |bytes: Bytes| bytes.human();
    writeln!(
        out,
        "  distribution: p50 {}, p90 {}, p95 {}, p98 {}, p99 {}, max {}",
        human(profile.p50),
        human(profile.p90),
        human(profile.p95),
        human(profile.p98),
        human(profile.p99),
        human(profile.max)
    )
}

/// Sizes that a plot shows as levels.
#[derive(Clone, Copy)]
struct Levels {
    now: Option<f64>,
    advised: Option<f64>,
    /// The limit once the advice is followed.
    limit: Option<f64>,
}

/// Levels this far above all usage would press the curve flat: they are named, not drawn.
const TALLEST: f64 = 4.0;

fn draw(
    curve: &Curve,
    levels: Levels,
    grid: Grid,
    width: usize,
    ink: Ink,
    label: &dyn Fn(f64) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (start, end) = (seconds(grid.start), seconds(grid.end()));
    let ends = [start, end.max(start + 1.0)];
    let named = [
        ("request now", levels.now, Color::Yellow, 'n'),
        ("request advised", levels.advised, Color::Green, 'a'),
        ("limit advised", levels.limit, Color::Red, 'L'),
    ];
    let peak = curve.max().max(f64::MIN_POSITIVE);
    let drawn = |level: f64| level <= peak * TALLEST;
    let shown = named
        .iter()
        .filter_map(|(_, level, ..)| level.filter(|level| drawn(*level)));
    let top = shown.fold(peak, f64::max) * 1.05;
    let over_time = |value: fn(&Point) -> f64| {
        let points = curve.points.iter();
        points
            .map(|point| (seconds(point.start), value(point)))
            .collect()
    };
    let mut lines = vec![
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
    ];
    let mut legend = vec!["* peak".to_owned(), ". mean".to_owned()];
    for (name, level, color, letter) in named {
        let Some(level) = level else { continue };
        if drawn(level) {
            lines.push(Line {
                points: vec![(ends[0], level), (ends[1], level)],
                color,
                letter,
            });
            legend.push(format!("{letter} {name} {}", label(level)));
        } else {
            legend.push(format!("{name} {} (above the plot)", label(level)));
        }
    }
    let plot = Plot {
        lines,
        top,
        ends,
        y_labels: vec![label(0.0), label(top / 2.0), label(top)],
        x_labels: vec![day(grid, 0.0), day(grid, 0.5), day(grid, 1.0)],
    };
    let columns = u16::try_from(width.saturating_sub(2)).unwrap_or(u16::MAX);
    for line in plot.draw(columns, HEIGHT, ink).lines() {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "{}", wrapped("  ", &legend.join(", "), width))
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

fn quality(story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
    let quality = &story.profile.quality;
    let gaps = match quality.gaps {
        0 => "no gaps".to_owned(),
        1 => format!("1 gap of {}", quality.longest_gap),
        many => format!("{many} gaps, the longest {}", quality.longest_gap),
    };
    writeln!(
        out,
        "\n  data: {} samples of {} {} over {}, {} covered, {gaps}",
        quality.samples,
        quality.pods,
        if quality.pods == 1 { "pod" } else { "pods" },
        quality.span,
        quality.coverage,
    )
}

/// What happened with today's sizes, and what is said of the advised ones.
fn risk(story: &ContainerStory<'_>, out: &mut dyn Write) -> io::Result<()> {
    let container = story.container;
    let percent = |share: f64| format!("{:.1}%", share * 100.0);
    let over = |curve: &Curve, size: Option<f64>| {
        let share = size.and_then(|size| curve.share_above(size));
        share.map_or("unknown".to_owned(), percent)
    };
    let said = |part: fn(&Risk) -> Option<f64>| {
        let risk = story.advice.risk.as_ref().and_then(part);
        risk.map_or("unknown".to_owned(), percent)
    };
    let horizon = story.advice.risk.map_or(Span::WEEK, |risk| risk.horizon);
    writeln!(
        out,
        "  risk: time above the CPU request {} so far, {} once advised",
        over(&story.cpu, container.requests.cpu.map(Cpu::get)),
        said(|risk| risk.cpu_time_over_request),
    )?;
    writeln!(
        out,
        "        working set above the memory limit {} of the time so far, within {horizon} once advised: chance {}",
        over(&story.memory, container.limits.memory.map(Bytes::to_f64)),
        said(|risk| risk.memory_over_limit),
    )
}

fn next_steps(story: &Explanation<'_>, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let id = escape(&story.workload.id.to_string());
    let program = look.program;
    writeln!(out, "to change the outcome")?;
    writeln!(
        out,
        "  {program} explain {id} --goal reliability   less risk, larger sizes"
    )?;
    writeln!(
        out,
        "  {program} explain {id} --goal savings       more risk, smaller sizes"
    )?;
    writeln!(
        out,
        "  annotate the workload: kcost.dev/goal, kcost.dev/min-memory, kcost.dev/ignore"
    )
}

/// `text` in lines of at most `width`, the first behind `mark`, the others as far in.
fn wrapped(mark: &str, text: &str, width: usize) -> String {
    let indent = mark.chars().count();
    let mut lines = vec![mark.to_owned()];
    let mut used = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > indent && used + 1 + length > width {
            lines.push(" ".repeat(indent));
            used = indent;
        }
        let line = lines.len() - 1;
        if used > indent {
            lines[line].push(' ');
            used += 1;
        }
        lines[line].push_str(word);
        used += length;
    }
    lines.join("\n")
}
