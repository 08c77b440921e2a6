//! One workload explained: for people in full, for programs as numbers.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::Style;

mod chart;
mod container;
mod json;
mod plot;
mod strip;

use super::Look;
use super::forecast;
use super::plain::plain;
use super::risks::Page as List;
use super::style::{BOLD, Paint};
use super::words::{pods, state, worth};
use super::wrap::wrap;
use crate::explain::{ContainerStory, Explanation};
use crate::gpu::{Action, Judged, Rate};
use crate::recommend::{Confidence, DataQuality};
use crate::snapshot::Grid;
use crate::text::{ascii, count, escape, money, percent};
use crate::units::{Money, Span};
use plot::Ink;

pub use json::explanation_json;

/// Width of a text that is not cut to a terminal.
const WIDTH: usize = 100;

/// The explanation for a person.
///
/// `unicode` draws with braille and blocks, else all of it is ASCII.
pub fn explanation_text(
    story: &Explanation<'_>,
    grid: Grid,
    look: &Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = Page {
        ink: Ink {
            color: look.color,
            unicode: look.unicode,
        },
        width: look.width.unwrap_or(WIDTH).clamp(40, 160),
        verbose: look.verbose,
        shared: !look.verbose && story.containers.len() > 1,
        grid,
    };
    page.heading(story, out)?;
    if let Some(pod) = &story.advice.pod {
        writeln!(out)?;
        page.pod(story.workload, pod, out)?;
    }
    let largest = largest(story);
    for (place, container) in story.containers.iter().enumerate() {
        writeln!(out)?;
        page.container(container, Some(place) == largest, out)?;
    }
    if let Some(gpu) = story.gpu {
        writeln!(out)?;
        page.accelerators(gpu, story, out)?;
    }
    page.season(story, out)?;
    if !story.risks.is_empty() {
        writeln!(out)?;
        page.head("Risks", out)?;
        let list = List::of(look);
        plain(look, out, |out| {
            story
                .risks
                .iter()
                .try_for_each(|risk| list.risk(risk, out))?;
            let mut incidents = story.incidents.iter();
            incidents.try_for_each(|it| list.incident(it, out))
        })?;
    }
    if look.explain.is_some() {
        writeln!(out)?;
        page.next_steps(&look.command, out)?;
    }
    Ok(())
}

/// How far the data can be trusted, in one line: the number, its parts, and what it does
/// to confidence.
fn data(quality: &DataQuality) -> String {
    let mut text = format!("data quality {} of 100", quality.score);
    if let Some(age) = quality.age {
        let _ = write!(
            text,
            ": {} of history, {} covered",
            quality.history.human(),
            percent(quality.coverage.get()),
        );
        if age >= Span::HOUR {
            let _ = write!(text, ", newest sample {} old", age.human());
        }
        if quality.gaps > 0 {
            let gaps = count(usize::try_from(quality.gaps).unwrap_or(usize::MAX), "gap");
            let longest = if quality.gaps > 1 { "at most " } else { "of " };
            let _ = write!(text, ", {gaps} {longest}{}", quality.longest_gap.human());
        }
    }
    for doubt in &quality.doubts {
        let _ = write!(text, "; {}", doubt.text);
    }
    if quality.allows < Confidence::High {
        let _ = write!(
            text,
            "; holds confidence at {} or less",
            quality.allows.name()
        );
    }
    text
}

/// The container that uses the most CPU: it is drawn, the others on demand.
fn largest(story: &Explanation<'_>) -> Option<usize> {
    let used = |container: &ContainerStory<'_>| {
        let cpu = container.profile.cpu.as_ref();
        cpu.map_or(0.0, |cpu| cpu.mean.get())
    };
    let all = story.containers.iter().enumerate();
    let largest = all.max_by(|a, b| used(a.1).total_cmp(&used(b.1)).then(b.0.cmp(&a.0)));
    largest.map(|(place, _)| place)
}

/// What the whole text is written with.
#[derive(Clone, Copy)]
struct Page {
    ink: Ink,
    width: usize,
    /// Whether it is told how each size was found.
    verbose: bool,
    /// Whether several containers share the page, which is to stay short.
    shared: bool,
    grid: Grid,
}

impl Page {
    /// What comes again of its CPU, and the peak that comes with it; on a page that several
    /// containers share only where there is one.
    fn season(self, story: &Explanation<'_>, out: &mut dyn Write) -> io::Result<()> {
        if story.seasons.is_empty() || (self.shared && story.peak.is_none()) {
            return Ok(());
        }
        self.line("  season: ", &forecast::seasons(&story.seasons), out)?;
        if let Some(peak) = story.peak {
            self.line("  peak: ", &peak.text(), out)?;
        }
        Ok(())
    }

    /// How it uses its accelerators, and what to do.
    fn accelerators(
        self,
        judged: &Judged,
        story: &Explanation<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let amount = |it: Money| money(it, &story.currency);
        let (all, gpus) = (judged.cost, judged.gpu_cost);
        // What is told of a part, or by how long it ran, is less.
        let of = match judged.rate {
            Rate::Always if story.others.is_empty() => String::new(),
            Rate::Always => format!(" for all of its {}", story.workload.id.kind),
            rate => rate.words().to_owned(),
        };
        let head = format!(
            "GPUs  {}, {} a month{of}: {} for GPUs, {} for CPU and memory",
            judged.state.word(),
            amount(all),
            amount(gpus),
            amount(all - gpus)
        );
        self.head(&head, out)?;
        self.line("  ", &judged.why, out)?;
        let told = if self.verbose { usize::MAX } else { 2 };
        // With whom it could share a device is told in any case.
        let all = judged.advice.iter().enumerate();
        let shown = all.filter(|(at, it)| *at < told || it.action == Action::Share);
        for (_, advice) in shown {
            let worth = advice.savings.filter(|it| *it > Money::ZERO);
            let worth = worth.map_or_else(String::new, |it| {
                let rate = judged.rate.words();
                format!(": {} a month{rate}", money(it, &story.currency))
            });
            let text = format!("{}{worth} ({} risk)", advice.text, advice.risk.name());
            self.line("  - ", &text, out)?;
        }
        Ok(())
    }

    fn heading(self, story: &Explanation<'_>, out: &mut dyn Write) -> io::Result<()> {
        let (advice, bill) = (story.advice, story.bill);
        self.head(&story.workload.id.to_string(), out)?;
        if !story.others.is_empty() {
            let parts = count(story.others.len() + 1, "part");
            let of_all = match story.gpu {
                Some(_) => "; what is told of GPUs is of all of them",
                None => "",
            };
            let text = format!(
                "one of {parts} of its {}; beside it: {}{of_all}",
                story.workload.id.kind,
                story.others.join(", ")
            );
            self.line("", &text, out)?;
        }
        let mut facts = vec![
            state(advice.state).to_owned(),
            format!("severity {}", bill.severity.name()),
            format!("confidence {}", advice.confidence.name()),
            pods(story.workload),
        ];
        let cohort = story.cohort.filter(|_| !self.verbose);
        facts.extend(cohort.map(|cohort| format!("cohort {}", cohort.name)));
        self.line("", &facts.join(" · "), out)?;
        self.line("", &data(&advice.data_quality), out)?;
        let amount = |amount: Money| money(amount, &story.currency);
        let change = worth(bill.savings(), &story.currency);
        let (now, next) = (amount(bill.current), amount(bill.recommended));
        // Runs are paid for while they run.
        let by = if story.workload.is_batch() && story.gpu.is_some() {
            "by how long it ran"
        } else {
            "now"
        };
        self.line(
            "",
            &format!("{now} a month {by}, {next} advised: {change}"),
            out,
        )?;
        let Some(cohort) = story.cohort else {
            let none = "no cohort: too little data to say what it behaves like";
            return self.line("", none, out);
        };
        if !self.verbose {
            return Ok(());
        }
        let behaviour = format!("{}: {}", cohort.name, cohort.description);
        self.line("cohort ", &behaviour, out)?;
        if story.alike.is_empty() {
            return Ok(());
        }
        self.line("most alike: ", &story.alike.join(", "), out)
    }

    /// How to get other sizes; `command` is the one that was given, without its goal.
    fn next_steps(self, command: &str, out: &mut dyn Write) -> io::Result<()> {
        self.head("to change the outcome", out)?;
        for (what, goal) in [
            ("less risk, larger sizes", "reliability"),
            ("more risk, smaller sizes", "savings"),
        ] {
            writeln!(out, "  {what}:")?;
            writeln!(out, "    {} --goal {goal}", self.words(command))?;
        }
        let annotations = "annotate the workload: kcost.dev/goal, kcost.dev/min-memory, \
                           kcost.dev/ignore";
        self.line("  ", annotations, out)
    }

    /// A line that stands out.
    fn head(self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.paint(BOLD, &self.words(text)))
    }

    fn paint(self, style: Style, text: &str) -> String {
        Paint::new(self.ink.color, self.ink.unicode).on(style, text)
    }

    /// `text` within the width, the first line behind `mark`, the others as far in.
    fn line(self, mark: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let indent = mark.chars().count();
        let room = self.width.saturating_sub(indent);
        let text = wrap(&self.words(text), Some(room), indent);
        writeln!(out, "{mark}{text}")
    }

    /// Text of others and of kcost, safe for this terminal.
    fn words(self, text: &str) -> String {
        let safe = escape(text);
        if self.ink.unicode { safe } else { ascii(&safe) }
    }
}
