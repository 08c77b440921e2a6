//! Devices of which nothing comes while others of the same workload work.

use std::collections::BTreeMap;

use super::advice::{About, Action, Advice, Danger};
use super::each::Each;
use super::part::{Lost, Part};
use crate::text::short;
use crate::units::Money;

/// So many pods with devices of which nothing comes are named, and devices of each.
const NAMED: usize = 3;
const OF_EACH: usize = 8;

/// What to do about them, and what they cost.
pub(super) fn free(about: &About<'_>) -> Option<Advice> {
    let lost = about.seen.lost(about.card());
    let shortest = lost.iter().map(|it| it.span).min()?;
    let names: Vec<String> = lost.iter().take(NAMED).map(|it| name(about, it)).collect();
    let more = match lost.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let gone: f64 = lost.iter().map(|it| it.devices).sum();
    let all: f64 = about.seen.parts.iter().map(|it| it.devices).sum();
    let all = all.max(about.held.gpus);
    let why = if about.batch() {
        "find out why no work comes to it, as others may wait for it"
    } else {
        "do without, or find out why no work comes to it"
    };
    let cure = spare(about, &lost).unwrap_or_else(|| why.to_owned());
    let counts = format!("{} of {} devices", short(gone, 2), short(all, 2));
    let time = shortest.human();
    let did = if lost.iter().all(|it| partly(it) && it.never_worked()) {
        format!("{counts} never worked in {time}")
    } else {
        format!("of {counts} nothing came in {time}")
    };
    let text = format!("{cure}: {did}: {}{more}", names.join(", "));
    let savings = savings(about, &lost, all);
    Some(about.advice(Action::FreeDevices, Danger::Medium, Some(savings), text))
}

/// Whether others of its container work, and each of them is told of.
fn partly(lost: &Lost<'_>) -> bool {
    let each = lost.part.each.as_ref();
    each.is_some_and(Each::is_partly_used)
}

/// How many devices are enough, where every pod of the workload has as many more: what a pod
/// asks for is the same for all of them.
fn spare(about: &About<'_>, lost: &[Lost<'_>]) -> Option<String> {
    let several = |it: &&Part| it.devices > 1.0;
    let mut spare: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for part in about.seen.parts.iter().filter(several) {
        let mut own = lost.iter().filter(|it| std::ptr::eq(it.part, part));
        let gone = own.find(|it| partly(it)).map_or(0.0, |it| it.devices);
        let held = spare.entry(&part.container).or_insert((part.devices, gone));
        *held = (held.0.max(part.devices), held.1.min(gone));
    }
    let mut spare = spare.into_iter().filter(|(_, (_, gone))| *gone >= 1.0);
    let (_, (devices, gone)) = spare.next().filter(|_| spare.next().is_none())?;
    let all_pods = lost.iter().all(partly) && about.seen.parts.iter().all(|it| several(&it));
    let each = if about.seen.parts.len() > 1 {
        " in each pod"
    } else {
        ""
    };
    all_pods.then(|| {
        format!(
            "hold {} GPUs instead of {}{each}, or find out why no work comes to the others",
            short(devices - gone, 2),
            short(devices, 2)
        )
        .replace("hold 1 GPUs", "hold 1 GPU")
    })
}

/// A pod of which nothing comes costs all that it has; where other devices of it work, it
/// keeps its CPU and memory.
fn savings(about: &About<'_>, lost: &[Lost<'_>], all: f64) -> Money {
    let is_whole = |it: &&Lost<'_>| it.part.is_lost(about.card());
    let sum = |whole: bool| -> f64 {
        let own = lost.iter().filter(|it| is_whole(it) == whole);
        own.map(|it| it.devices).sum()
    };
    let share = |devices: f64| (devices / all.max(f64::MIN_POSITIVE)).min(1.0);
    about.cost.scale(share(sum(true))) + about.gpu_cost.scale(share(sum(false)))
}

fn name(about: &About<'_>, lost: &Lost<'_>) -> String {
    let part = lost.part;
    let parts = about.seen.parts.iter();
    let same = parts.filter(|other| other.pod == part.pod).count();
    let own = if same > 1 {
        format!("{} of {}", part.container, part.pod)
    } else {
        part.pod.clone()
    };
    if part.hangs(about.card()) {
        return format!("{own} (hangs)");
    }
    if let Some(each) = part.each.as_ref().filter(|_| partly(lost)) {
        let named = each.unused.iter().take(OF_EACH).map(|it| it.name.as_str());
        let named: Vec<&str> = named.collect();
        let more = match each.unused.len().saturating_sub(OF_EACH) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return format!("{own} ({}{more})", numbers(&named));
    }
    if lost.devices < part.devices {
        let (devices, all) = (short(lost.devices, 2), short(part.devices, 2));
        return format!("{own} ({devices} of its {all}, by the mean of them)");
    }
    own
}

/// `GPU 3, 4, 5` of `GPU 3`, `GPU 4`, `GPU 5`.
fn numbers(names: &[&str]) -> String {
    let rest: Option<Vec<&str>> = names.iter().map(|it| it.strip_prefix("GPU ")).collect();
    match rest {
        Some(rest) => format!("GPU {}", rest.join(", ")),
        None => names.join(", "),
    }
}
