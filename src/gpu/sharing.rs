//! Workloads that could share devices, and what each would keep.

use super::held::Held;
use super::report::Judged;
use super::seen::Seen;
use super::share::{FITS, Kept, Load, kept};
use super::state::{Certainty, State};
use crate::units::{Money, len_f64};

/// One workload of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Its place in [`super::Gpus::workloads`].
    pub place: usize,
    /// `None` where its use is not known well enough.
    pub kept: Option<Kept>,
}

/// Workloads on one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Sharing {
    pub members: Vec<Member>,
    /// Whether their memory fits on one device together; `None` where it is not known.
    pub fits_memory: Option<bool>,
    /// What goes once devices of all but one are given back, a month.
    pub savings: Option<Money>,
}

/// So much of the memory of a device may be in use.
const ROOM: f64 = 0.95;
/// So many go together at most, as a time-sliced device loses more with each.
const MOST: usize = 4;
/// No pod of a group holds more than this of the time of a device.
const PEAK: f64 = 0.7;

impl Sharing {
    /// Whether every member keeps nearly all of its rate, and memory fits.
    pub fn fits(&self) -> bool {
        let rates = self.members.iter();
        let all = rates.map(|it| it.kept.map_or(0.0, |kept| kept.value));
        self.fits_memory == Some(true) && all.fold(1.0, f64::min) >= FITS
    }
}

/// What one pod of a workload does on its device.
fn load(held: &Held, seen: &Seen) -> Option<Load> {
    let (full, from) = seen.fullness(held.card())?;
    if held.profile.is_some() || from == super::Fullness::Engine && full.mean > FULL_UNKNOWN {
        return None;
    }
    let busy = seen.busy.map_or(full.mean, |it| it.mean).max(full.mean);
    Some(Load {
        busy,
        full: full.mean,
    })
}

/// Where only how often anything ran is known, and it is less than this, it stands for fullness.
const FULL_UNKNOWN: f64 = 0.02;

/// What these would keep on one device, one pod of each.
pub fn together(workloads: &[Judged], places: &[usize]) -> Sharing {
    let members: Vec<&Judged> = places.iter().map(|place| &workloads[*place]).collect();
    let loads: Option<Vec<Load>> = members.iter().map(|it| load(&it.held, &it.seen)).collect();
    let rates = loads.map(|loads| kept(&loads));
    let each = places.iter().enumerate().map(|(at, place)| Member {
        place: *place,
        kept: rates.as_ref().and_then(|rates| rates.get(at).copied()),
    });
    Sharing {
        members: each.collect(),
        fits_memory: fits_memory(&members),
        savings: None,
    }
}

fn fits_memory(members: &[&Judged]) -> Option<bool> {
    let held: Option<f64> = members.iter().map(|it| it.seen.memory.map(|m| m.max)).sum();
    let most = members
        .iter()
        .filter_map(|it| it.seen.memory_of_one(it.held.card()))
        .min()?;
    Some(held? <= most.to_f64() * ROOM)
}

/// Groups that keep nearly everything: of one product, each pod with one whole device, the
/// least first. A workload is in one group.
pub(super) fn proposed(workloads: &[Judged]) -> Vec<Sharing> {
    let mut open: Vec<usize> = (0..workloads.len())
        .filter(|place| can_share(&workloads[*place]))
        .collect();
    let full = |place: usize| {
        let it = &workloads[place];
        it.seen.fullness(it.held.card()).map_or(1.0, |it| it.0.mean)
    };
    open.sort_by(|a, b| full(*a).total_cmp(&full(*b)).then(a.cmp(b)));
    let mut groups = Vec::new();
    while !open.is_empty() {
        let first = open.remove(0);
        let mut group = vec![first];
        let mut at = 0;
        while at < open.len() && group.len() < MOST {
            let with: Vec<usize> = group.iter().copied().chain([open[at]]).collect();
            if is_of_one_sort(workloads, first, open[at]) && is_safe(workloads, &with) {
                group.push(open.remove(at));
            } else {
                at += 1;
            }
        }
        if group.len() > 1 {
            let mut sharing = together(workloads, &group);
            sharing.savings = savings(workloads, &group);
            groups.push(sharing);
        }
    }
    groups
}

/// Whether even what is likely at worst is not much less, and memory fits.
fn is_safe(workloads: &[Judged], group: &[usize]) -> bool {
    let sharing = together(workloads, group);
    let lowest = sharing
        .members
        .iter()
        .map(|it| it.kept.map_or(0.0, |it| it.low));
    let busy = group
        .iter()
        .map(|place| workloads[*place].seen.busy.map_or(1.0, |it| it.p95));
    sharing.fits() && lowest.fold(1.0, f64::min) >= 0.8 && busy.sum::<f64>() <= PEAK
}

fn can_share(judged: &Judged) -> bool {
    let steady = !matches!(judged.held.pods, 0);
    steady
        && judged.held.is_one_whole()
        && judged.held.waiting_pods == 0
        && judged.certainty >= Certainty::Medium
        // What does nothing is better ended than shared.
        && judged.state == State::Underused
        && load(&judged.held, &judged.seen).is_some()
}

fn is_of_one_sort(workloads: &[Judged], a: usize, b: usize) -> bool {
    let (a, b) = (&workloads[a].held, &workloads[b].held);
    a.product == b.product && a.spot == b.spot
}

/// Devices of all pods, less those of the largest member, at their price.
fn savings(workloads: &[Judged], group: &[usize]) -> Option<Money> {
    let pods = |place: &usize| workloads[*place].held.pods;
    let all: usize = group.iter().map(pods).sum();
    let most = group.iter().map(pods).max()?;
    let cost: Money = group.iter().map(|place| workloads[*place].gpu_cost).sum();
    Some(cost.scale(len_f64(all - most) / len_f64(all.max(1))))
}
