//! Devices of which nothing comes while others of the same workload work.

use std::collections::BTreeMap;

use super::advice::{About, Action, Advice, Danger};
use super::part::{Lost, Of, Part};
use super::state::slack_at_most;
use crate::text::{percent, short};
use crate::units::Money;

/// So many pods with devices of which nothing comes are named, and devices of each.
const NAMED: usize = 3;
const OF_EACH: usize = 8;

/// Of one container of a pod what nothing comes of.
struct Group<'a> {
    pod: &'a str,
    container: &'a str,
    lost: Vec<Lost<'a>>,
    /// All its devices.
    devices: f64,
}

impl Group<'_> {
    fn gone(&self) -> f64 {
        self.lost.iter().map(|it| it.devices).sum()
    }

    /// Whether nothing comes of any of its devices.
    fn is_whole(&self) -> bool {
        self.gone() + 0.01 >= self.devices
    }

    /// Whether others of its container work, and each of them is told of.
    fn is_partly(&self) -> bool {
        !self.is_whole() && self.lost.iter().all(|it| it.part.is_device())
    }
}

/// What to do about them, and what they cost.
pub(super) fn free(about: &About<'_>) -> Option<Advice> {
    let lost = about.seen.lost(about.card());
    let shortest = lost.iter().map(|it| it.span).min()?;
    let groups = groups(about, &lost);
    let names: Vec<String> = groups
        .iter()
        .take(NAMED)
        .map(|it| name(about, it))
        .collect();
    let more = match groups.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let gone: f64 = lost.iter().map(|it| it.devices).sum();
    let all: f64 = about.seen.parts.iter().map(|it| it.devices).sum();
    let all = all.max(about.held.gpus);
    let hangs = lost.iter().any(|it| it.part.hangs(about.card()));
    let (cure, freed) = match spare(about, &groups).filter(|_| !hangs) {
        Some((cure, freed)) => (cure, Some(freed)),
        None => (why(about, hangs).to_owned(), None),
    };
    let counts = format!("{} of {} devices", short(gone, 2), short(all, 2));
    let time = shortest.human();
    let never = |it: &Group<'_>| it.is_partly() && it.lost.iter().all(Lost::never_worked);
    let did = if groups.iter().all(never) {
        format!("{counts} never worked in {time}")
    } else {
        format!("of {counts} nothing came in {time}")
    };
    let text = format!("{cure}: {did}: {}{more}", names.join(", "));
    let savings = savings(about, &groups, (freed, all));
    Some(about.advice(Action::FreeDevices, Danger::Medium, Some(savings), text))
}

/// What to look for where devices do next to nothing beside others that do much: what they do
/// may be needed, so nothing is saved by it alone.
pub(super) fn slack(about: &About<'_>) -> Option<Advice> {
    let slack = about.seen.slack(about.card());
    let first = slack.first()?;
    let own = slack
        .iter()
        .filter(|it| it.pod == first.pod && it.container == first.container);
    let names: Vec<&str> = own
        .filter_map(|it| it.device_name())
        .take(OF_EACH)
        .collect();
    let pods = slack.iter().filter(|it| it.pod != first.pod);
    let more = match pods.count() {
        0 => String::new(),
        more => format!(" and {more} more of other pods"),
    };
    let (full, _) = about.seen.fullness(about.card())?;
    let text = format!(
        "find out why so little work comes to {} of {}{more}: {} of each is used at most, and {} of \
         the others",
        numbers(&names),
        first.pod,
        percent(slack_at_most(&slack, about.card())),
        percent(full.mean)
    );
    Some(about.advice(Action::FreeDevices, Danger::Medium, None, text))
}

fn why(about: &About<'_>, hangs: bool) -> &'static str {
    match (about.batch(), hangs) {
        (true, true) => "look why it hangs, as others may wait for it",
        (false, true) => "look why it hangs, and start it again",
        (true, false) => "find out why no work comes to it, as others may wait for it",
        (false, false) => "do without, or find out why no work comes to it",
    }
}

fn groups<'a>(about: &About<'a>, lost: &[Lost<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for it in lost {
        let (pod, container) = (it.part.pod.as_str(), it.part.container.as_str());
        let mut known = groups.iter_mut();
        if let Some(group) = known.find(|own| own.pod == pod && own.container == container) {
            group.lost.push(*it);
            continue;
        }
        let own = about.seen.parts.iter();
        let own = own.filter(|it| it.pod == pod && it.container == container);
        groups.push(Group {
            pod,
            container,
            lost: vec![*it],
            devices: own.map(|it| it.devices).sum(),
        });
    }
    groups
}

/// How many devices are enough, where every pod of the workload has as many more, as what a
/// pod asks for is the same for all of them; and how many that frees.
fn spare(about: &About<'_>, groups: &[Group<'_>]) -> Option<(String, f64)> {
    let mut pods: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for part in &about.seen.parts {
        *pods.entry((&part.container, &part.pod)).or_default() += part.devices;
    }
    if !groups.iter().all(Group::is_partly) || pods.values().any(|it| *it <= 1.0) {
        return None;
    }
    // Of each container what its pods have, what all of them could do without, and how many.
    let mut spare: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for ((container, pod), devices) in &pods {
        let mut own = groups.iter();
        let own = own.find(|it| it.pod == *pod && it.container == *container);
        let gone = own.map_or(0.0, Group::gone);
        let held = spare.entry(container).or_insert((*devices, gone, 0.0));
        *held = (held.0.max(*devices), held.1.min(gone), held.2 + 1.0);
    }
    let mut spare = spare.into_values().filter(|it| it.1 >= 1.0);
    let (devices, gone, count) = spare.next().filter(|_| spare.next().is_none())?;
    let each = if count > 1.0 { " in each pod" } else { "" };
    let cure = format!(
        "hold {} instead of {}{each}, or find out why no work comes to the others",
        about.counted(devices - gone),
        short(devices, 2)
    );
    Some((cure, gone * count))
}

/// A pod of which nothing comes costs all that it has; where other devices of it work, it
/// keeps its CPU and memory, and what is freed is what the advice frees. Each device counts at
/// the price of where it is.
fn savings(about: &About<'_>, groups: &[Group<'_>], (freed, all): (Option<f64>, f64)) -> Money {
    let weights = Weights::of(about);
    let told: f64 = about.seen.parts.iter().map(|it| it.devices).sum();
    // Of devices that nothing is told of each costs the mean of the others.
    let more = (all / told.max(f64::MIN_POSITIVE)).max(1.0);
    let share = |whole: bool, weight: fn(&Weights, &str) -> f64| {
        let own = groups.iter().filter(|it| it.is_whole() == whole);
        let gone: f64 = own.map(|it| it.gone() * weight(&weights, it.pod)).sum();
        let parts = about.seen.parts.iter();
        let every: f64 = parts.map(|it| it.devices * weight(&weights, &it.pod)).sum();
        (gone / (every * more).max(f64::MIN_POSITIVE)).min(1.0)
    };
    let gone: f64 = groups
        .iter()
        .filter(|it| !it.is_whole())
        .map(Group::gone)
        .sum();
    let scale = freed.filter(|_| gone > 0.0).map_or(1.0, |it| it / gone);
    let partly = (share(false, Weights::device) * scale).min(1.0);
    about.cost.scale(share(true, Weights::pod)) + about.gpu_cost.scale(partly)
}

/// What a device costs, alone and with its part of the rest of its pod; of each as much where
/// that is not known of all.
struct Weights(BTreeMap<String, (f64, f64)>);

impl Weights {
    fn of(about: &About<'_>) -> Self {
        let mut devices: BTreeMap<&str, f64> = BTreeMap::new();
        for part in &about.seen.parts {
            *devices.entry(&part.pod).or_default() += part.devices;
        }
        let each = devices.into_iter().map(|(pod, devices)| {
            let hourly = (about.hourly)(pod)?;
            let whole = hourly.all / devices.max(f64::MIN_POSITIVE);
            Some((pod.to_owned(), (hourly.device?, whole)))
        });
        let each: Option<BTreeMap<String, (f64, f64)>> = each.collect();
        Self(each.unwrap_or_default())
    }

    fn device(&self, pod: &str) -> f64 {
        self.0.get(pod).map_or(1.0, |it| it.0)
    }

    fn pod(&self, pod: &str) -> f64 {
        self.0.get(pod).map_or(1.0, |it| it.1)
    }
}

fn name(about: &About<'_>, group: &Group<'_>) -> String {
    let parts = about.seen.parts.iter();
    let same = parts.filter(|other| other.pod == group.pod && other.container != group.container);
    let own = if same.count() > 0 {
        format!("{} of {}", group.container, group.pod)
    } else {
        group.pod.to_owned()
    };
    let (hung, unused): (Vec<&Part>, Vec<&Part>) = group
        .lost
        .iter()
        .map(|it| it.part)
        .partition(|it| it.hangs(about.card()));
    if group.is_whole() {
        return if unused.is_empty() {
            format!("{own} (hangs)")
        } else {
            own
        };
    }
    if group.is_partly() {
        let of = |parts: &[&Part]| {
            let names: Vec<&str> = parts.iter().filter_map(|it| it.device_name()).collect();
            let more = match names.len().saturating_sub(OF_EACH) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{}{more}", numbers(&names[..names.len().min(OF_EACH)]))
        };
        let hang = if hung.len() == 1 { "hangs" } else { "hang" };
        return match (hung.is_empty(), unused.is_empty()) {
            (true, _) => format!("{own} ({})", of(&unused)),
            (false, true) => format!("{own} ({} {hang})", of(&hung)),
            (false, false) => format!("{own} ({}; {} {hang})", of(&unused), of(&hung)),
        };
    }
    let (devices, all) = (short(group.gone(), 2), short(group.devices, 2));
    format!("{own} ({devices} of its {all}, by the mean of them)")
}

/// `GPU 3, 4, 5` of `GPU 3`, `GPU 4`, `GPU 5`.
fn numbers(names: &[&str]) -> String {
    let word = names.first().and_then(|it| it.split_once(' '));
    let (word, _) = word.unwrap_or_default();
    let rest: Option<Vec<&str>> = names
        .iter()
        .map(|it| it.strip_prefix(word)?.strip_prefix(' '))
        .collect();
    match rest {
        Some(rest) => format!("{word} {}", rest.join(", ")),
        None => names.join(", "),
    }
}

impl Part {
    fn device_name(&self) -> Option<&str> {
        match &self.of {
            Of::Device { name, .. } => Some(name),
            _ => None,
        }
    }
}
