//! When nodes were short of something, or did not answer.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Signals;
use super::ask::Asker;
use super::question::{Answer, Question};
use crate::snapshot::{Node, Spell};

/// Of kube-state-metrics: a series for each status that a condition may have.
const CONDITION: &str = "kube_node_status_condition";

pub(super) const METRICS: [&str; 1] = [CONDITION];

/// Seconds between looks: a kubelet holds on to a pressure for as long
/// (`evictionPressureTransitionPeriod`), so that none is missed.
const LOOKS: u32 = 300;

/// Unix seconds, by node and by condition.
pub(super) type Times = BTreeMap<String, BTreeMap<String, Vec<i64>>>;

/// What [`read`] asks. Only what is bad is sent: of most nodes nothing at all.
pub(super) fn question(asker: &Asker<'_>) -> Option<Question> {
    asker.has(CONDITION).then(|| {
        let of = |condition: &str| asker.selector(&[CONDITION], condition, false);
        let pressure =
            of(",condition=~\"MemoryPressure|DiskPressure|PIDPressure\",status=\"true\"");
        let ready = of(",condition=\"Ready\",status=\"true\"");
        Question {
            label: "conditions of nodes",
            text: format!("{pressure} > 0 or {ready} == 0"),
            step: Some(looks(asker)),
            // Of the three that each condition has, the one that is asked for.
            cost: asker.series(&[CONDITION]).div_ceil(3),
        }
    })
}

fn looks(asker: &Asker<'_>) -> u32 {
    LOOKS.min(asker.grid.span().as_secs()).max(1)
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    let Some(question) = question(asker) else {
        return;
    };
    let missed = asker.misses();
    let mut times = Times::new();
    let take = |answer: &Answer| {
        let node = answer.labels.get("node").to_owned();
        let condition = answer.labels.get("condition").to_owned();
        let held = times.entry(node).or_default().entry(condition).or_default();
        held.extend(answer.points.iter().map(|(time, _)| *time));
    };
    asker.over_window(&question, take).await;
    signals.conditions = (asker.misses() == missed).then_some((times, looks(asker)));
}

/// Puts the times into the nodes: of a node of which nothing bad was said there are none.
pub(super) fn merge((times, step): &(Times, u32), nodes: &mut [Node]) {
    for node in nodes {
        let own = times.get(&node.name).into_iter().flatten();
        let spells = own.flat_map(|(kind, times)| spells(kind, times, i64::from(*step)));
        let mut spells: Vec<Spell> = spells.collect();
        spells.sort_by(|a, b| (a.from, &a.kind).cmp(&(b.from, &b.kind)));
        node.spells = Some(spells);
    }
}

/// Looks that follow each other are one stretch, one that failed in between included.
fn spells(kind: &str, times: &[i64], step: i64) -> Vec<Spell> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let parts = sorted.chunk_by(|a, b| b - a <= 2 * step);
    let spell = |part: &[i64]| {
        Some(Spell {
            kind: kind.to_owned(),
            from: Timestamp::from_second(*part.first()?).ok()?,
            until: Timestamp::from_second(part.last()? + step).ok()?,
        })
    };
    parts.filter_map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_that_follow_each_other_are_one_stretch() {
        let found = spells("DiskPressure", &[900, 300, 600, 300, 2_400], 300);
        let seconds: Vec<(i64, i64)> = found
            .iter()
            .map(|it| (it.from.as_second(), it.until.as_second()))
            .collect();
        assert_eq!(seconds, [(300, 1_200), (2_400, 2_700)]);
    }

    #[test]
    fn a_node_of_which_nothing_bad_was_said_has_none() {
        let times = (Times::new(), 300);
        let mut nodes = [Node::default()];
        merge(&times, &mut nodes);
        assert_eq!(nodes[0].spells.as_deref(), Some(&[][..]));
    }
}
