//! For people: what it costs, what stands out, and what to do about it.

mod cohorts;
mod facts;
mod fleet;
mod grid;
mod notes;
mod summary;
mod wide;
mod worth;

use std::io;

use super::style::{BOLD, Paint};
use super::wrap::wrap;
use super::{Fleet, Look, Renderer};
use crate::pipeline::Analysis;

pub(super) struct Table;

impl Renderer for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn summary(&self) -> &'static str {
        "for people: the summary, and the workloads worth acting on"
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
        page.summary(out)?;
        page.cohorts(out)?;
        page.worth(out)?;
        page.notes(out)
    }

    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        fleet::write(
            fleet,
            look,
            |analysis, look, out| self.render(analysis, look, out),
            out,
        )
    }
}

pub(super) struct Wide;

impl Renderer for Wide {
    fn name(&self) -> &'static str {
        "wide"
    }

    fn summary(&self) -> &'static str {
        "for people: every container, with limits, risk and reasons"
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
        page.summary(out)?;
        page.cohorts(out)?;
        page.containers(out)?;
        page.notes(out)
    }

    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        fleet::write(
            fleet,
            look,
            |analysis, look, out| self.render(analysis, look, out),
            out,
        )
    }
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
            paint: Paint(look.color),
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
