//! What is about to break, as far as it cannot wait.

use std::io;

use super::Page;
use crate::finding::Severity;
use crate::render::risks::Page as List;
use crate::risk::Risk;
use crate::text::count;

/// So many are told; `kcost risks` tells all.
const TOLD: usize = 5;
/// The same of incidents.
const INCIDENTS: usize = 2;

impl Page<'_> {
    /// Those of the listed workloads, and of what is none, that need someone this week.
    pub(super) fn risks(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let rows = self.look.view.rows(self.analysis);
        let listed = |risk: &&Risk| {
            let mut rows = rows.iter();
            risk.workload
                .is_none_or(|it| rows.any(|row| row.advice.workload == it))
        };
        let found = self.analysis.risks.found.iter();
        let now = found.filter(|it| it.goes_on() && it.severity >= Severity::Medium);
        let all: Vec<&Risk> = now.filter(listed).collect();
        if all.is_empty() {
            return Ok(());
        }
        self.heading(
            "Risks",
            "what is about to break; `kcost risks` has more",
            out,
        )?;
        let list = List::of(self.look);
        let now = self.analysis.risks.now();
        let incidents = self.analysis.risks.incidents(self.analysis.snapshot, &now);
        for incident in incidents.iter().take(INCIDENTS) {
            list.incident(incident, out)?;
        }
        for risk in all.iter().take(TOLD) {
            list.risk(risk, out)?;
        }
        match all.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => writeln!(out, "  … and {}", count(more, "more risk")),
        }
    }
}
