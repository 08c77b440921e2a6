//! After the tables: findings, gaps, what to do next, and the verdict last.

use std::collections::BTreeMap;
use std::io;

use super::Page;
use crate::gate;
use crate::render::patch::{APPLY, DIFF};
use crate::render::pick::Row;
use crate::render::style::{BAD_BOLD, BOLD, DIM, GOOD_BOLD, HINT, WARN};
use crate::render::wrap::wrap;
use crate::snapshot::Gap;
use crate::text::{count, escape, quote};

/// So many subjects of one kind of gap are named.
const NAMED: usize = 3;

impl Page<'_> {
    pub(super) fn notes(&self, out: &mut dyn io::Write) -> io::Result<()> {
        self.gaps(out)?;
        if let Some(explain) = &self.look.explain {
            self.next(explain, out)?;
        }
        self.verdict(out)
    }

    /// Gaps of one kind together that one next step closes, with a few subjects.
    fn gaps(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let gaps = &self.analysis.snapshot.gaps;
        if gaps.is_empty() {
            return Ok(());
        }
        self.heading("Gaps", "what could not be read or understood", out)?;
        let mut groups: BTreeMap<(&str, Option<&str>), Vec<&Gap>> = BTreeMap::new();
        for gap in gaps {
            let key = (&*gap.code, gap.hint.as_deref());
            groups.entry(key).or_default().push(gap);
        }
        for gaps in groups.values() {
            self.gap(gaps, out)?;
        }
        Ok(())
    }

    fn gap(&self, gaps: &[&Gap], out: &mut dyn io::Write) -> io::Result<()> {
        let mut subjects: Vec<&str> = gaps.iter().map(|gap| gap.subject.as_str()).collect();
        subjects.dedup();
        let named: Vec<String> = subjects.iter().take(NAMED).map(|it| escape(it)).collect();
        let mut subject = named.join(", ");
        if subjects.len() > NAMED {
            subject = format!("{subject} and {}", count(subjects.len() - NAMED, "other"));
        }
        let text = format!("{subject}: {}", escape(&gaps[0].text));
        let text = wrap(&text, self.room(4), 4);
        let (head, rest) = text.split_once(": ").unwrap_or((&text, ""));
        writeln!(
            out,
            "  {} {}: {rest}",
            self.paint.on(WARN, "-"),
            self.paint.on(BOLD, head)
        )?;
        if let Some(hint) = gaps[0].hint.as_deref() {
            let hint = wrap(&escape(hint), self.room(10), 10);
            writeln!(out, "    {} {hint}", self.paint.on(HINT, "hint:"))?;
        }
        Ok(())
    }

    /// The workload that the list begins with, as a shell takes it.
    fn first(&self) -> Option<String> {
        let listed = self.worth_acting_on();
        let id = listed.first()?.id();
        Some(quote(&format!("{}/{}/{}", id.namespace, id.kind, id.name)))
    }

    /// Commands to paste.
    fn next(&self, explain: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let command = &self.look.command;
        let rows = self.look.view.rows(self.analysis);
        let changed = rows.iter().filter(|row| row.changes(self.analysis));
        let changed: Vec<&Row<'_>> = changed.collect();
        let pods: usize = changed.iter().map(|row| row.workload.pods.len()).sum();
        writeln!(out)?;
        let mut next = Vec::new();
        if let Some(first) = self.first() {
            let command = format!("{explain} {first}");
            next.push((command, "the whole story of one".to_owned()));
        }
        if !changed.is_empty() {
            let what = format!("{} to review", count(changed.len(), "workload"));
            next.push((format!("{command} -o patch > patches.yaml"), what));
            next.push((
                format!("{DIFF} patches.yaml"),
                "what would change".to_owned(),
            ));
            let what = format!("apply: {} to restart", count(pods, "pod"));
            next.push((format!("{APPLY} patches.yaml"), what));
        }
        for (command, what) in next {
            let label = self.paint.on(HINT, "next:");
            let room = self.look.width.unwrap_or(usize::MAX);
            let command = wrap_command(&command, room.saturating_sub(6));
            let last = command.lines().last().unwrap_or("").chars().count();
            let note = format!("  # {what}");
            let fits = last + note.len() + 6 <= room;
            let note = if fits {
                self.paint.on(DIM, &note)
            } else {
                String::new()
            };
            writeln!(out, "{label} {command}{note}")?;
        }
        Ok(())
    }

    fn verdict(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let outcomes = &self.analysis.outcomes;
        if outcomes.is_empty() {
            return Ok(());
        }
        let failed = outcomes
            .iter()
            .any(|outcome| outcome.failed || !outcome.judged);
        let style = if failed { BAD_BOLD } else { GOOD_BOLD };
        writeln!(out)?;
        writeln!(out, "{}", self.paint.on(style, &gate::verdict(outcomes)))
    }
}

/// Over several lines that a shell reads as one.
fn wrap_command(command: &str, room: usize) -> String {
    let mut text = String::new();
    let mut used = 0;
    for word in command.split(' ') {
        let width = word.chars().count();
        // Two more for ` \`.
        if used > 0 && used + 1 + width + 2 > room {
            text.push_str(" \\\n        ");
            used = 2;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += width;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::wrap_command;

    #[test]
    fn a_long_command_goes_on_as_a_shell_reads_it() {
        assert_eq!(wrap_command("a b", 10), "a b");
        assert_eq!(
            wrap_command("kubectl apply -f x", 16),
            "kubectl apply \\\n        -f x"
        );
    }
}
