//! Devices that work one after the other, as the layers of a model do that is spread over them
//! without batches of their own.

use std::collections::BTreeSet;

use super::advice::{About, Action, Advice, Danger};
use super::held::Held;
use super::part::{Of, Part};
use super::seen::Seen;
use crate::text::short;
use crate::units::{Bytes, count_from, len_f64};

/// Of how many devices, how many work at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alternate {
    pub(super) at_a_time: f64,
    pub(super) devices: f64,
}

/// Each runs for this share of some sample at least, and on average for no more than this:
/// where they run together, as of a load that is small, none does.
const HARD: f64 = 0.5;
const MOST: f64 = 0.75;
/// A device more that runs for less than this share of the time is none that works at once.
const SLACK: f64 = 0.2;
/// Memory of which so much can be used.
const FITS: f64 = 0.95;

impl Seen {
    /// `None` where most of its devices work at the same time, or it is not known.
    pub(super) fn alternate(&self, held: &Held) -> Option<Alternate> {
        let devices: f64 = self.parts.iter().map(|it| it.devices).sum();
        let is_told = |it: &Part| it.is_known() && (it.of != Of::All || it.devices <= 1.0);
        let turns = |it: &Part| {
            let most = it.most_busy.is_some_and(|it| it >= HARD);
            most && it.busy.is_some_and(|it| it <= MOST)
        };
        let mut parts = self.parts.iter();
        let each = parts.all(|it| is_told(it) && turns(it));
        if devices < 1.5 || !each || held.takes_turns || !self.lost(held.card()).is_empty() {
            return None;
        }
        let at_a_time = (self.trace.at_once()? * devices - SLACK).ceil().max(1.0);
        (2.0 * at_a_time <= devices).then_some(Alternate { at_a_time, devices })
    }
}

impl Alternate {
    /// `1 of 8 devices works at a time, one after the other`.
    pub(super) fn told(&self) -> String {
        let (few, all) = (short(self.at_a_time, 2), short(self.devices, 2));
        let works = if self.at_a_time < 1.5 {
            "works"
        } else {
            "work"
        };
        format!("{few} of {all} devices {works} at a time, one after the other")
    }
}

/// As many devices as work at a time, or work for all of them at a time.
pub(super) fn take_fewer(about: &About<'_>) -> Option<Advice> {
    let seen = about.seen;
    let alternate = seen.alternate(about.held)?;
    // Pods that are alike and independent of each other may be fewer.
    let pods: BTreeSet<&str> = seen.parts.iter().map(|it| it.pod.as_str()).collect();
    if about.held.pods == 0 || pods.len() > 1 && !about.batch() {
        return None;
    }
    let all = about.counted(alternate.devices);
    let few = count_from(alternate.at_a_time);
    let parts = seen.parts.iter();
    let memory = parts.map(|it| it.levels.memory.map(|memory| it.devices * memory.max));
    let memory: Option<f64> = memory.sum();
    let total = seen.memory_of_one(about.card());
    let room = total.map(|it| FITS * alternate.at_a_time * it.to_f64());
    let told = alternate.told();
    let (risk, text) = match memory.zip(room) {
        Some((memory, room)) if memory <= room => (
            Danger::Medium,
            format!(
                "hold {few} instead of {all}: {told}, and {} holds what all have in memory",
                if few == 1 { "one" } else { "so many" }
            ),
        ),
        _ => {
            let holds = memory.map_or_else(String::new, |it| {
                let each = Bytes::from_f64(it / alternate.devices).human();
                format!(", as {each} are held of each")
            });
            (
                Danger::High,
                format!(
                    "give them work at the same time (batches one behind the other), or hold {few} \
                     instead of {all} where memory allows{holds}: {told}"
                ),
            )
        }
    };
    let share = 1.0 - alternate.at_a_time / alternate.devices.max(alternate.at_a_time);
    let savings = about.gpu_cost.scale(share);
    Some(about.advice(Action::FreeDevices, risk, Some(savings), text))
}

/// The mean over devices in samples in which any runs, which 95 % of them are at or below.
pub(super) fn mostly(mut shares: Vec<f64>) -> Option<f64> {
    shares.sort_unstable_by(f64::total_cmp);
    let place = (0.95 * len_f64(shares.len().checked_sub(1)?)).round();
    shares
        .get(usize::try_from(count_from(place)).ok()?)
        .copied()
}
