//! For people: what it costs, what stands out, and what to do about it.

mod billing;
mod cohorts;
mod facts;
mod findings;
mod fleet;
mod gpus;
mod moves;
mod nodes;
mod notes;
mod risks;
mod shares;
mod summary;
mod wide;
mod worth;

use std::io;

use super::plain::plain;
use super::style::{BOLD, Paint};
use super::wrap::wrap;
use super::{Fleet, Look, Renderer};
use crate::pipeline::Analysis;

/// A part of a page.
type Section = fn(&Page<'_>, &mut dyn io::Write) -> io::Result<()>;

/// What follows the list, a line for each capability that has something to say.
static SECTIONS: &[Section] = &[
    |page, out| page.risks(out),
    |page, out| page.gpus(out),
    |page, out| page.findings(out),
    |page, out| page.cohorts(out),
    |page, out| page.billing(out),
    |page, out| page.facts(out),
];

/// A report for people: the same around different lists of workloads.
pub(super) struct Report {
    name: &'static str,
    summary: &'static str,
    list: Section,
    /// Whether the [`SECTIONS`] follow the list.
    whole: bool,
}

pub(super) static TABLE: Report = Report {
    name: "table",
    summary: "for people: the summary, and the workloads worth acting on",
    list: |page, out| page.worth(out),
    whole: true,
};

pub(super) static WIDE: Report = Report {
    name: "wide",
    summary: "for people: one line a container, with limits, use and why",
    list: |page, out| page.containers(out),
    whole: false,
};

impl Renderer for Report {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn for_people(&self) -> bool {
        true
    }

    fn render(
        &self,
        analysis: &Analysis<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let page = Page::new(analysis, look);
        plain(look, out, |out| {
            page.head(out)?;
            page.shares(out)?;
            (self.list)(&page, out)?;
            for section in SECTIONS.iter().filter(|_| self.whole) {
                section(&page, out)?;
            }
            page.notes(out)
        })
    }

    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let one = |analysis: &Analysis<'_>, look: &Look, out: &mut dyn io::Write| {
            self.render(analysis, look, out)
        };
        plain(look, out, |out| fleet::write(fleet, look, one, out))
    }
}

/// The workloads that stand out, for whoever has named none.
pub fn choices(analysis: &Analysis<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    let page = Page::new(analysis, look);
    plain(look, out, |out| {
        page.worth(out)?;
        match &look.explain {
            Some(explain) => writeln!(out, "\nname one: {explain} NAMESPACE/KIND/NAME"),
            None => Ok(()),
        }
    })
}

/// One report on its way out.
struct Page<'a> {
    analysis: &'a Analysis<'a>,
    look: &'a Look,
    paint: Paint,
}

impl<'a> Page<'a> {
    fn new(analysis: &'a Analysis<'a>, look: &'a Look) -> Self {
        Self {
            analysis,
            look,
            paint: Paint::of(look),
        }
    }

    /// A blank line, and what comes next.
    fn heading(&self, text: &str, aside: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let head = self.paint.on(BOLD, text);
        if aside.is_empty() {
            return writeln!(out, "\n{head}");
        }
        let aside = wrap(aside, self.room(text.chars().count() + 2), 2);
        writeln!(
            out,
            "\n{head}  {}",
            self.paint.on(super::style::DIM, &aside)
        )
    }

    /// What is left of the width beside `taken` columns.
    fn room(&self, taken: usize) -> Option<usize> {
        self.look
            .width
            .map(|width| width.saturating_sub(taken).max(20))
    }
}
