//! What is wrong with the use of accelerators, as far as it is worth money.

use std::io;

use super::Page;
use crate::gpu::{Judged, Sharing};
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
            let mut each = it.advice.iter();
            each.find_map(|it| it.savings).unwrap_or_default()
        };
        let gpus = &self.analysis.gpus;
        let all = gpus.workloads.iter().filter(listed);
        let mut all: Vec<&Judged> = all.filter(|it| worth(it) > Money::ZERO).collect();
        let groups = gpus.sharing.iter().filter(|group| {
            let mut members = group.members.iter();
            members.any(|it| gpus.workloads.get(it.place).is_some_and(|it| listed(&it)))
        });
        let groups: Vec<&Sharing> = groups.collect();
        if all.is_empty() && groups.is_empty() {
            return Ok(());
        }
        all.sort_by_key(|it| std::cmp::Reverse(worth(it)));
        let advice = gpus.workloads.iter().filter(listed);
        let advice = advice.flat_map(|it| &it.advice);
        let saved: Money = advice.filter_map(|it| it.savings).sum();
        let saved = money(saved, &self.analysis.bill.currency);
        let told =
            format!("all advice about them saves up to {saved} a month; `kcost gpus` has more");
        self.heading("GPUs", &told, out)?;
        for judged in all.iter().take(TOLD) {
            let name = self.gpu_name(judged);
            let saved = money(worth(judged), &self.analysis.bill.currency);
            let text = format!("{}: {}", judged.state.word(), judged.why);
            let text = wrap(
                &escape(&text),
                self.room(name.chars().count() + 22 + judged.rate.words().len()),
                4,
            );
            writeln!(
                out,
                "  {name}  {saved} a month{}  {}",
                judged.rate.words(),
                self.paint.on(DIM, &text)
            )?;
        }
        match all.len().saturating_sub(TOLD) {
            0 => {}
            more => writeln!(out, "  … and {}", count(more, "more workload"))?,
        }
        for group in groups.iter().take(TOLD) {
            let members = group.members.iter();
            let members = members.filter_map(|it| gpus.workloads.get(it.place));
            let names: Vec<String> = members.map(|it| self.gpu_name(it)).collect();
            let saved = group.savings.map_or_else(String::new, |it| {
                format!(": {} a month", money(it, &self.analysis.bill.currency))
            });
            let text = format!("{} could share a device{saved}", names.join(", "));
            let text = wrap(&text, self.room(2), 4);
            writeln!(out, "  {}", self.paint.on(DIM, &text))?;
        }
        Ok(())
    }

    fn gpu_name(&self, judged: &Judged) -> String {
        let place = judged.held.workloads.first();
        let workload = place.and_then(|it| self.analysis.snapshot.workloads.get(*it));
        workload.map_or_else(String::new, |it| {
            escape(&format!("{}/{}", it.id.namespace, it.id.name))
        })
    }
}
