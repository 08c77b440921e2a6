//! What is wrong with the use of accelerators, as far as it is worth money.

use std::io;

use super::Page;
use crate::gpu::Judged;
use crate::render::style::DIM;
use crate::render::wrap::wrap;
use crate::text::{count, escape, money};
use crate::units::Money;

/// So many are told; `kcost gpus` tells all.
const TOLD: usize = 4;

impl Page<'_> {
    /// Workloads whose accelerators could be had for less, the dearest first.
    pub(super) fn gpus(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let rows = self.look.view.rows(self.analysis);
        let listed = |it: &&Judged| {
            let mut own = it.held.workloads.iter();
            own.any(|place| rows.iter().any(|row| row.advice.workload == *place))
        };
        let worth = |it: &Judged| {
            let first = it.advice.first();
            first.and_then(|it| it.savings).unwrap_or_default()
        };
        let all = self.analysis.gpus.workloads.iter().filter(listed);
        let mut all: Vec<&Judged> = all.filter(|it| worth(it) > Money::ZERO).collect();
        if all.is_empty() {
            return Ok(());
        }
        all.sort_by_key(|it| std::cmp::Reverse(worth(it)));
        self.heading("GPUs", "what they really do; `kcost gpus` has more", out)?;
        for judged in all.iter().take(TOLD) {
            let Some(place) = judged.held.workloads.first() else {
                continue;
            };
            let id = &self.analysis.snapshot.workloads[*place].id;
            let name = escape(&format!("{}/{}", id.namespace, id.name));
            let saved = money(worth(judged), &self.analysis.bill.currency);
            let text = format!("{}: {}", judged.state.word(), judged.why);
            let text = wrap(&escape(&text), self.room(name.chars().count() + 22), 4);
            writeln!(
                out,
                "  {name}  {saved} a month  {}",
                self.paint.on(DIM, &text)
            )?;
        }
        match all.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => writeln!(out, "  … and {}", count(more, "more workload")),
        }
    }
}
