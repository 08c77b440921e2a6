//! An examination for people, what is wrong first; for programs it is [`json`].

use std::io;

mod json;

use anstyle::Style;

use super::Look;
use super::plain::plain;
use super::style::{BAD_BOLD, BOLD, DIM, GOOD, GOOD_BOLD, Paint, WARN};
use super::wrap::wrap;
use crate::doctor::{Examination, Grade, Point, Seen, Status};
use crate::text::{count, escape};

pub use json::doctor_json;

/// An examination as a list, the worst first.
pub fn doctor_table(
    seen: &Seen<'_>,
    examination: &Examination,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let page = Page {
            paint: Paint::of(look),
            width: look.width,
            verbose: look.verbose,
        };
        page.head(seen, examination, out)?;
        page.wrong(examination, Status::Bad, "To mend first", out)?;
        page.wrong(examination, Status::Warn, "To mend", out)?;
        page.rest(examination, out)
    })
}

/// What the list is written with.
struct Page {
    paint: Paint,
    width: Option<usize>,
    verbose: bool,
}

/// The columns that the name of a check takes, and the mark before it.
const NAME: usize = 17;
const INDENT: usize = 4 + NAME;

impl Page {
    fn head(
        &self,
        seen: &Seen<'_>,
        examination: &Examination,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let api = seen.vitals.api.as_ref().and_then(|api| api.as_ref().ok());
        let live = api.map(|api| api.context.as_str());
        let name = live.or(seen.snapshot.map(|it| it.cluster.name.as_str()));
        let name = escape(name.unwrap_or("no cluster"));
        let of = |status| {
            let points = examination.points.iter();
            points.filter(|point| point.status == status).count()
        };
        let mut told = vec![format!("grade {}", examination.grade)];
        for (status, noun) in [(Status::Bad, "bad"), (Status::Warn, "to mend")] {
            let number = of(status);
            if number > 0 {
                told.push(format!("{number} {noun}"));
            }
        }
        told.push(format!("{} ok", of(Status::Ok)));
        let grade = told.remove(0);
        let rest = told.join(", ");
        writeln!(
            out,
            "{}  {}, {}",
            self.paint.on(BOLD, &name),
            self.paint.on(of_grade(examination.grade), &grade),
            self.paint.on(DIM, &rest)
        )
    }

    fn wrong(
        &self,
        examination: &Examination,
        status: Status,
        title: &str,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let points = examination.points.iter();
        let mut points: Vec<&Point> = points.filter(|it| it.status == status).collect();
        if points.is_empty() {
            return Ok(());
        }
        points.sort_by_key(|point| std::cmp::Reverse(point.cost));
        writeln!(out, "\n{}", self.paint.on(BOLD, title))?;
        for point in points {
            self.point(point, out)?;
        }
        Ok(())
    }

    /// What was found, what it does, and under both what mends it.
    fn point(&self, point: &Point, out: &mut dyn io::Write) -> io::Result<()> {
        self.line(point, out)?;
        if let Some(effect) = &point.effect {
            let text = wrap(&escape(effect), self.room(), INDENT);
            writeln!(out, "{:INDENT$}{}", "", self.paint.on(DIM, &text))?;
        }
        let Some(mend) = &point.mend else {
            return Ok(());
        };
        // What is to be pasted keeps its lines.
        let mut lines = mend.lines().map(escape).collect::<Vec<_>>();
        if let [only] = &mut lines[..] {
            *only = wrap(
                only,
                self.room().map(|room| room.saturating_sub(2)),
                INDENT + 2,
            );
        }
        let mut mark = "→";
        for line in lines {
            writeln!(out, "{:INDENT$}{} {line}", "", self.paint.on(DIM, mark))?;
            mark = " ";
        }
        Ok(())
    }

    /// What is well in a line each, and what was not looked at in one.
    fn rest(&self, examination: &Examination, out: &mut dyn io::Write) -> io::Result<()> {
        let of = |status| {
            examination
                .points
                .iter()
                .filter(move |it| it.status == status)
        };
        if of(Status::Ok).next().is_some() {
            writeln!(out, "\n{}", self.paint.on(BOLD, "Well"))?;
        }
        for point in of(Status::Ok) {
            self.line(point, out)?;
        }
        let unknown: Vec<&Point> = of(Status::Unknown).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", self.paint.on(BOLD, "Not known"))?;
        // Where all fails, the same sentence a check tells nothing.
        let (mut named, mut silent) = (Vec::new(), Vec::new());
        for point in unknown {
            let same = point.text.starts_with("not looked at") && !self.verbose;
            if same {
                silent.push(words(point.check));
            } else {
                named.push(point);
            }
        }
        for point in named {
            self.point(point, out)?;
        }
        if !silent.is_empty() {
            let text = format!("not looked at: {}", silent.join(", "));
            let text = wrap(&text, self.width.map(|width| width.saturating_sub(4)), 4);
            writeln!(out, "  {} {text}", self.paint.on(DIM, "?"))?;
        }
        Ok(())
    }

    fn line(&self, point: &Point, out: &mut dyn io::Write) -> io::Result<()> {
        let (mark, style) = mark(point.status);
        let name = format!("{:<NAME$}", words(point.check));
        let text = wrap(&escape(&point.text), self.room(), INDENT);
        let shown = if point.status == Status::Ok {
            self.paint.on(DIM, &name)
        } else {
            self.paint.on(BOLD, &name)
        };
        writeln!(out, "  {} {shown}{text}", self.paint.on(style, mark))
    }

    fn room(&self) -> Option<usize> {
        self.width.map(|width| width.saturating_sub(INDENT).max(20))
    }
}

/// A sign of its own for each, because colour never carries meaning alone.
fn mark(status: Status) -> (&'static str, Style) {
    match status {
        Status::Ok => ("✓", GOOD),
        Status::Unknown => ("?", DIM),
        Status::Warn => ("!", WARN),
        Status::Bad => ("✗", BAD_BOLD),
    }
}

fn words(check: &str) -> String {
    check.replace('_', " ")
}

fn of_grade(grade: Grade) -> Style {
    match grade {
        Grade::A => GOOD_BOLD,
        Grade::B => GOOD,
        Grade::C | Grade::D => WARN,
        Grade::F => BAD_BOLD,
    }
}

/// The verdict of a gate on the grade, as a line of its own.
pub fn doctor_verdict(examination: &Examination, rule: &str, failed: bool) -> String {
    let bad = examination.points.iter();
    let bad = bad.filter(|it| matches!(it.status, Status::Bad | Status::Warn));
    let what = count(bad.count(), "point");
    let word = if failed { "failed" } else { "passed" };
    format!(
        "gate {word}: grade {} ({} of 100, {what} to mend), rule `{}`",
        examination.grade,
        examination.score,
        escape(rule)
    )
}
