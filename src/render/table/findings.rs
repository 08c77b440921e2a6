//! What to do that is no size.

use std::cmp::Reverse;
use std::io;

use super::Page;
use crate::finding::Finding;
use crate::render::findings;
use crate::render::style::{BOLD, of_severity};
use crate::render::words::called;
use crate::render::wrap::wrap;
use crate::risk;
use crate::text::{count, escape};

/// So many are told; the rest is counted.
const TOLD: usize = 6;

/// Those that the list shows already.
const SHOWN: [&str; 2] = ["idle", "oom_killed"];

/// Those that a risk says better, where there is one of the workload.
const SAME: [(&str, &str); 2] = [
    ("growing", "memory_leak"),
    ("missing_pods", "replicas_missing"),
];

impl Page<'_> {
    /// The most severe first.
    pub(super) fn findings(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let rows = self.look.view.rows(self.analysis);
        let mut all = findings::of(&rows, self.analysis);
        all.retain(|finding| !self.is_shown(finding));
        all.sort_by_key(|finding| Reverse(finding.severity));
        if all.is_empty() {
            return Ok(());
        }
        self.heading("Findings", "what sizes alone do not fix", out)?;
        for finding in all.iter().take(TOLD) {
            let workload = &self.analysis.snapshot.workloads[finding.workload];
            let name = escape(&called(&workload.id));
            let text = format!("{name}: {}", escape(&finding.text));
            let text = wrap(&text, self.room(4), 4);
            let (head, rest) = text.split_once(": ").unwrap_or((&text, ""));
            let mark = self.paint.on(of_severity(finding.severity), "-");
            writeln!(out, "  {mark} {}: {rest}", self.paint.on(BOLD, head))?;
        }
        match all.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => writeln!(out, "  … and {}", count(more, "more finding")),
        }
    }

    /// Whether another part of the report tells it.
    fn is_shown(&self, finding: &Finding) -> bool {
        let told = risk::names().contains(&finding.code);
        let mut risks = self
            .analysis
            .risks
            .of_workload(finding.workload)
            .into_iter();
        match SAME.iter().find(|(code, _)| *code == finding.code) {
            Some((_, check)) => risks.any(|it| it.check == *check),
            None => told || SHOWN.contains(&finding.code),
        }
    }
}
