//! The chance that nodes run out of memory, in a sentence.

use std::fmt::Write as _;
use std::io;

use super::Page;
use crate::recommend::NodeRisk;
use crate::text::{escape, percent};

impl Page<'_> {
    pub(super) fn nodes(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let targets = &self.analysis.settings.recommend.targets;
        let horizon = targets.horizon;
        let text = match &self.analysis.advised.node_risk {
            Some(risk) => {
                let mut text = format!(
                    "{} chance that a node runs out of memory within {horizon} (target {})",
                    percent(risk.overflow.get()),
                    percent(targets.node_memory_overflow),
                );
                text.push_str(&self.worst(risk));
                text
            }
            None => "unknown: too little is known to say whether nodes could run out of memory"
                .to_owned(),
        };
        self.fact("nodes", &text, out)
    }

    /// What the mean does not say: weeks that surge, and pods that fill a node alone.
    fn worst(&self, risk: &NodeRisk) -> String {
        let mut text = String::new();
        if risk.surge.get() > risk.overflow.get() {
            let _ = write!(
                text,
                "; {} of the nodes in the worst week seen, `--max-node-overflow` asks for more room",
                percent(risk.surge.get()),
            );
        }
        let name = |index: &usize| {
            let id = &self.analysis.snapshot.workloads[*index].id;
            escape(&format!("{}/{}", id.namespace, id.name))
        };
        let names: Vec<String> = risk.fill_a_node.iter().map(name).collect();
        match names.as_slice() {
            [] => {}
            [one] => {
                let _ = write!(
                    text,
                    "; {one} fills a node alone, which no request prevents"
                );
            }
            [first, .., last] => {
                let others = names.len() - 2;
                let between = if others > 0 {
                    format!(", {others} more")
                } else {
                    String::new()
                };
                let _ = write!(
                    text,
                    "; {first}{between} and {last} fill a node alone, which no request prevents"
                );
            }
        }
        text
    }
}
