//! Workloads that could share devices, and what each would keep.

use super::joint::{Known, joint};
use super::part::{KNOWN, NOTHING};
use super::report::Judged;
use super::seen::Fullness;
use super::share::{FITS, Kept};
use super::state::{Certainty, State, is_watched};
use crate::text::{percent, short};
use crate::units::{Money, Span, len_f64};

/// One workload of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its place in [`super::Gpus::workloads`].
    pub place: usize,
    /// `None` where its use is not known well enough, or it cannot share.
    pub kept: Option<Kept>,
    /// Why nothing is said because of it, behind its name: "asks for 8 devices in each pod".
    pub why: Option<String>,
}

/// Workloads on one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Sharing {
    pub members: Vec<Member>,
    /// Whether their memory fits on one device together; `None` where it is not known.
    pub fits_memory: Option<bool>,
    /// How long all of them were seen at the same time.
    pub seen: Span,
    /// How often anything of them runs, added up, at the 95th percentile.
    peak: f64,
    /// What goes once devices of all but one are given back, a month.
    pub savings: Option<Money>,
}

/// So much of the memory of a device may be in use.
const ROOM: f64 = 0.95;
/// So many others are tried for a group, those that do least.
const TRIED: usize = 16;
/// So many go together at most, as a time-sliced device loses more with each.
const MOST: usize = 4;
/// All of a group together want no more than this of the time of a device.
const PEAK: f64 = 0.7;
/// What each keeps at worst where it is said that they fit.
const AT_WORST: f64 = 0.85;
/// Below so many samples in which all are known nothing is said.
const FEWEST: usize = 5;
/// Seen together for less than this they are not said to fit.
const LONG: Span = Span::HOUR;
/// By how much power may be off about fullness. Measured on one H200.
const BY_POWER: f64 = 0.15;

impl Sharing {
    /// Whether every member keeps nearly all of its rate, at worst not much less, and memory
    /// fits; `None` where that is not known.
    pub fn fits(&self) -> Option<bool> {
        let least = |of: fn(&Kept) -> f64| {
            let rates = self.members.iter().map(|it| it.kept.as_ref().map(of));
            rates.collect::<Option<Vec<f64>>>()
        };
        let (values, lows) = (least(|it| it.value)?, least(|it| it.low)?);
        let lowest = |rates: Vec<f64>| rates.into_iter().fold(1.0, f64::min);
        if lowest(values) < FITS || self.fits_memory == Some(false) {
            return Some(false);
        }
        self.fits_memory?;
        (lowest(lows) >= AT_WORST && self.seen >= LONG).then_some(true)
    }
}

/// What one pod of a workload does on its device, or why it cannot share one or is not known.
fn known(judged: &Judged) -> Result<Known<'_>, String> {
    let (held, seen) = (&judged.held, &judged.seen);
    let each = held.gpus / len_f64(held.running_pods().max(1));
    let full = seen.fullness(held.card());
    let why = match full {
        _ if held.pods == 0 => "has no pod now".to_owned(),
        _ if held.running_pods() == 0 => "has no pod on a node yet".to_owned(),
        _ if held.waiting_pods > 0 && seen.most_done().is_none_or(|it| it <= NOTHING) => {
            "waits for the rest of its pods, so that what it will do is not known".to_owned()
        }
        _ if held.is_mixed() => "has devices of several products".to_owned(),
        _ if held.profile.is_some() => "has slices of devices".to_owned(),
        _ if held.replicas > 1 => "shares its devices already".to_owned(),
        _ if !held.is_one_whole() => {
            format!("asks for {} devices in each pod", short(each, 2))
        }
        _ if !is_watched(seen) && seen.coverage < KNOWN => {
            let (samples, share) = (seen.samples, percent(seen.coverage));
            format!("is known by {samples} samples only, {share} of what there could be")
        }
        _ if !is_watched(seen) => format!("is known by {} samples only", seen.samples),
        None => "does not tell how full its device is".to_owned(),
        Some((full, Fullness::Engine)) if full.mean > FULL_UNKNOWN => {
            "does not tell how full its device is".to_owned()
        }
        Some((_, from)) => {
            let doubt = if from == Fullness::Power {
                BY_POWER
            } else {
                0.0
            };
            return Ok(Known {
                trace: &seen.trace,
                doubt,
            });
        }
    };
    Err(why)
}

/// The same on a device of the first: what is little of one product is much of another.
fn known_beside<'a>(first: Option<&Judged>, judged: &'a Judged) -> Result<Known<'a>, String> {
    let first = first.and_then(|it| it.held.product.as_deref());
    match (first, judged.held.product.as_deref()) {
        (Some(first), Some(own)) if first != own => Err(format!("is on {own}, and not on {first}")),
        _ => known(judged),
    }
}

/// Where only how often anything ran is known, and it is less than this, it stands for fullness.
const FULL_UNKNOWN: f64 = 0.02;

/// What these would keep on one device, one pod of each.
pub fn together(workloads: &[Judged], places: &[usize], step: Span) -> Sharing {
    let members: Vec<&Judged> = places.iter().map(|place| &workloads[*place]).collect();
    let first = members.first().copied();
    let each = members.iter().map(|it| known_beside(first, it));
    let each: Vec<Result<Known<'_>, String>> = each.collect();
    let all: Option<Vec<Known<'_>>> = each.iter().map(|it| it.as_ref().ok().copied()).collect();
    let joint = all.as_deref().and_then(joint);
    let slots = joint.as_ref().map_or(0, |it| it.slots);
    let joint = joint.filter(|it| it.slots >= FEWEST);
    let apart = all.is_some() && joint.is_none();
    let member = |(at, place): (usize, &usize)| Member {
        place: *place,
        kept: joint.as_ref().and_then(|it| it.kept.get(at).copied()),
        why: match &each[at] {
            Err(why) => Some(why.clone()),
            Ok(_) if apart => Some(format!(
                "was seen together with the others in {slots} samples only"
            )),
            Ok(_) => None,
        },
    };
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    Sharing {
        members: places.iter().enumerate().map(member).collect(),
        fits_memory: are_alike(&members).then(|| fits_memory(&members)).flatten(),
        seen: Span::from_secs(step.as_secs().saturating_mul(slots)),
        peak: joint.as_ref().map_or(1.0, |it| it.peak),
        savings: None,
    }
}

/// Whether all have whole devices of one product, so that one may take the place of all.
fn are_alike(members: &[&Judged]) -> bool {
    let product = members.first().map(|it| &it.held.product);
    let is_like = |it: &&&Judged| Some(&it.held.product) == product && it.held.profile.is_none();
    members.iter().filter(is_like).count() == members.len()
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
pub(super) fn proposed(workloads: &[Judged], step: Span) -> Vec<Sharing> {
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
        let (mut at, mut tried) = (0, 0);
        while at < open.len() && group.len() < MOST && tried < TRIED {
            if !is_of_one_sort(workloads, first, open[at]) {
                at += 1;
                continue;
            }
            tried += 1;
            let with: Vec<usize> = group.iter().copied().chain([open[at]]).collect();
            if is_safe(workloads, &with, step) {
                group.push(open.remove(at));
            } else {
                at += 1;
            }
        }
        if group.len() > 1 {
            let mut sharing = together(workloads, &group, step);
            sharing.savings = savings(workloads, &group);
            groups.push(sharing);
        }
    }
    groups
}

/// Whether they fit, and leave some time of the device.
fn is_safe(workloads: &[Judged], group: &[usize], step: Span) -> bool {
    let busy = group
        .iter()
        .map(|place| workloads[*place].seen.busy.map_or(1.0, |it| it.mean));
    if busy.sum::<f64>() > PEAK {
        return false;
    }
    let sharing = together(workloads, group, step);
    sharing.fits() == Some(true) && sharing.peak <= PEAK
}

fn can_share(judged: &Judged) -> bool {
    judged.held.pods > 0
        && judged.held.is_one_whole()
        && judged.held.waiting_pods == 0
        && judged.certainty >= Certainty::Medium
        // What does nothing is better ended than shared.
        && judged.state == State::Underused
        && known(judged).is_ok()
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
