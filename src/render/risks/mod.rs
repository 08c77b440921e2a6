//! Risks for people, what needs you today first; for programs they are [`json`].

use std::io;

use jiff::Timestamp;

mod json;
mod replay;
mod rules;

use super::Look;
use super::plain::plain;
use super::style::{BOLD, DIM, Paint, of_severity};
use super::wrap::wrap;
use crate::finding::Severity;
use crate::risk::{Chance, Fact, Incident, Risk, Risks, Subject};
use crate::snapshot::{Gap, Snapshot};
use crate::text::{count, escape, percent, short};

pub use json::risks_json;
pub(super) use json::{Joined, Shape, joined, shape};
pub use replay::{replay_json, replay_table};
pub use rules::{RulesFor, alert_rules};

/// So many of each group are told to a person; the rest is counted.
const TOLD: usize = 16;

/// When something needs someone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Today,
    Week,
    Later,
    Over,
}

impl Turn {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Today, "Today"),
        (Self::Week, "This week"),
        (Self::Later, "When there is time"),
        (Self::Over, "Over"),
    ];

    fn of(risk: &Risk, now: Timestamp) -> Self {
        let left = |it: Timestamp| it.duration_since(now).as_hours();
        let hours = risk.impact.map(|impact| left(impact.at));
        if !risk.goes_on() {
            Self::Over
        } else if risk.severity >= Severity::High || hours.is_some_and(|hours| hours < 24) {
            Self::Today
        } else if risk.severity >= Severity::Medium || hours.is_some_and(|hours| hours < 7 * 24) {
            Self::Week
        } else {
            Self::Later
        }
    }
}

/// What was chosen of the risks, as a list by urgency.
pub fn risks_table(
    snapshot: &Snapshot,
    risks: &Risks,
    (chosen, incidents, gaps): (&[&Risk], &[Incident], &[&Gap]),
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let page = Page::of(look);
        page.head(snapshot, risks, chosen, out)?;
        page.incidents(incidents, out)?;
        page.groups(risks, chosen, out)?;
        page.gaps(gaps, out)
    })
}

/// What the list is written with.
pub(super) struct Page {
    paint: Paint,
    width: Option<usize>,
    verbose: bool,
}

impl Page {
    pub(super) fn of(look: &Look) -> Self {
        Self {
            paint: Paint::of(look),
            width: look.width,
            verbose: look.verbose,
        }
    }

    fn head(
        &self,
        snapshot: &Snapshot,
        risks: &Risks,
        chosen: &[&Risk],
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let name = escape(&snapshot.cluster.name);
        let found = count(chosen.len(), "risk");
        let span = snapshot.usage.grid.span();
        let until = risks.now.strftime("%Y-%m-%d %H:%M");
        let text = format!("{found}, from {} of use until {until} UTC", span.human());
        writeln!(
            out,
            "{}  {}",
            self.paint.on(BOLD, &name),
            self.paint.on(DIM, &text)
        )
    }

    /// What belongs together, before its parts.
    fn incidents(&self, incidents: &[Incident], out: &mut dyn io::Write) -> io::Result<()> {
        if incidents.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", self.paint.on(BOLD, "Incidents"))?;
        let told = if self.verbose { incidents.len() } else { TOLD };
        for incident in incidents.iter().take(told) {
            self.incident(incident, out)?;
        }
        match incidents.len().saturating_sub(told) {
            0 => Ok(()),
            more => writeln!(out, "  … and {more} more: `-v` and `-o json` list them"),
        }
    }

    /// What it is, and under it what else happened then.
    pub(super) fn incident(&self, incident: &Incident, out: &mut dyn io::Write) -> io::Result<()> {
        let mark = self.paint.on(of_severity(incident.severity), "-");
        let text = wrap(&escape(&incident.text), self.room(4), 4);
        writeln!(out, "  {mark} {text}")?;
        let hint = incident.hint.as_deref().unwrap_or_default();
        let hint = wrap(&escape(hint), self.room(6), 6);
        if hint.is_empty() {
            return Ok(());
        }
        writeln!(out, "    {} {hint}", self.paint.on(DIM, "→"))
    }

    fn groups(&self, risks: &Risks, chosen: &[&Risk], out: &mut dyn io::Write) -> io::Result<()> {
        if chosen.is_empty() {
            return writeln!(out, "\nNothing is about to break, as far as can be told.");
        }
        for (turn, title) in Turn::ALL {
            let all = chosen.iter().filter(|it| Turn::of(it, risks.now) == turn);
            let all: Vec<&&Risk> = all.collect();
            if all.is_empty() {
                continue;
            }
            writeln!(out, "\n{}", self.paint.on(BOLD, title))?;
            let told = if self.verbose { all.len() } else { TOLD };
            for risk in all.iter().take(told) {
                self.risk(risk, out)?;
            }
            let more = all.len().saturating_sub(told);
            if more > 0 {
                writeln!(out, "  … and {more} more: `-v` and `-o json` list them")?;
            }
        }
        Ok(())
    }

    /// What, and under it what to do.
    pub(super) fn risk(&self, risk: &Risk, out: &mut dyn io::Write) -> io::Result<()> {
        let mark = self.paint.on(of_severity(risk.severity), "-");
        let name = escape(&called(&risk.subject, risk.container.as_deref()));
        let text = format!("{name}: {}{}", escape(&risk.text), aside(risk));
        let text = wrap(&text, self.room(4), 4);
        let (head, rest) = text.split_at(name.len().min(text.len()));
        writeln!(out, "  {mark} {}{rest}", self.paint.on(BOLD, head))?;
        let action = wrap(&escape(&risk.action.text), self.room(6), 6);
        if !action.is_empty() {
            writeln!(out, "    {} {action}", self.paint.on(DIM, "→"))?;
        }
        if self.verbose {
            self.evidence(risk, out)?;
        }
        Ok(())
    }

    fn evidence(&self, risk: &Risk, out: &mut dyn io::Write) -> io::Result<()> {
        let facts = risk.evidence.iter().map(|it| {
            let fact = match &it.fact {
                Fact::Number(number) => short(*number, 3),
                Fact::Text(text) => text.clone(),
                Fact::Time(time) => time.to_string(),
            };
            format!("{} {fact}", it.name)
        });
        let facts: Vec<String> = facts.collect();
        let confidence = risk.confidence.name();
        let text = format!(
            "{}: {}; confidence {confidence}",
            risk.check,
            facts.join(", ")
        );
        let text = wrap(&escape(&text), self.room(6), 6);
        writeln!(out, "      {}", self.paint.on(DIM, &text))
    }

    fn gaps(&self, gaps: &[&Gap], out: &mut dyn io::Write) -> io::Result<()> {
        if gaps.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", self.paint.on(BOLD, "Not known"))?;
        for gap in gaps {
            let text = format!("{}: {}", gap.subject, gap.text);
            let text = wrap(&escape(&text), self.room(4), 4);
            writeln!(out, "  {} {text}", self.paint.on(DIM, "?"))?;
            if let Some(hint) = gap.hint.as_ref().filter(|_| self.verbose) {
                writeln!(out, "    {} {}", self.paint.on(DIM, "→"), escape(hint))?;
            }
        }
        Ok(())
    }

    fn room(&self, taken: usize) -> Option<usize> {
        self.width.map(|width| width.saturating_sub(taken).max(20))
    }
}

/// `shop/api app`, `node ip-10-0-0-1`.
fn called(subject: &Subject, container: Option<&str>) -> String {
    let mut name = match &subject.namespace {
        Some(namespace) => format!("{namespace}/{}", subject.name),
        None => format!("{} {}", subject.kind.to_lowercase(), subject.name),
    };
    for more in [subject.template.as_deref(), container]
        .into_iter()
        .flatten()
    {
        name.push(' ');
        name.push_str(more);
    }
    name
}

/// ` (62% within 7d)`, where the sentence does not say so itself.
fn aside(risk: &Risk) -> String {
    let words = |it: &Chance| format!(" ({} within {})", percent(it.probability), it.within);
    let said = risk.text.contains("probability");
    let chance = risk.chance.as_ref().filter(|_| !said);
    chance.map_or_else(String::new, words)
}
