//! Where too little is told to judge, and why.

use super::held::Held;
use super::part::{LIFE, Part};
use super::seen::{Fullness, Seen, by_power};
use super::state::{Certainty, State, Verdict, minute};
use crate::snapshot::Workload;
use crate::text::{percent, short};

/// Profiling that tells less than the first of a device that draws more than the second of
/// its power above the floor contradicts it.
const CONTRADICTS: (f64, f64) = (0.05, 0.50);

/// Where some of what is told is not its own.
pub(super) fn beyond(seen: &Seen) -> Option<String> {
    let (told, asked) = seen.beyond?;
    let asked = short(asked, 2);
    Some(format!(
        "it asks for {asked} devices, and its exporter tells of {told} in its name: some are not \
         its own"
    ))
}

/// Where it has not lived long enough to say anything.
pub(super) fn young(seen: &Seen) -> Option<String> {
    let lived = seen.lived.filter(|it| *it < LIFE)?;
    let (lived, least) = (lived.human(), LIFE.human());
    Some(format!(
        "it has run for {lived}, and less than {least} tells too little"
    ))
}

/// Where what its exporter tells cannot be true together.
pub(super) fn contradiction(held: &Held, seen: &Seen) -> Option<String> {
    let (full, watts) = (seen.full?, seen.watts?);
    let power = by_power(watts, None, held.card()?);
    let is_so = full.mean <= CONTRADICTS.0 && power.mean >= CONTRADICTS.1;
    is_so.then(|| {
        let units = held.vendor.units();
        format!(
            "what is told of it contradicts itself: {} of its {units} is used at {:.0} W, the power \
             of much work",
            percent(full.mean),
            watts.mean
        )
    })
}

/// Of what has no pod on any node yet: what it waits for.
pub(super) fn waiting(held: &Held, workloads: &[&Workload]) -> Option<Verdict> {
    if held.running_pods() > 0 || held.waiting_pods == 0 {
        return None;
    }
    let mut queues = workloads
        .iter()
        .filter_map(|it| Some((it, it.queued.as_ref()?)));
    let why = match queues.next() {
        Some((workload, queued)) => {
            let since = workload
                .created
                .map_or_else(String::new, |it| format!(" since {}", minute(it)));
            let (gpus, queue) = (short(held.waiting_gpus, 2), &queued.queue);
            if queued.admitted {
                format!("the queue {queue} keeps {gpus} GPUs for it, and it has no pods yet")
            } else {
                format!("it waits in the queue {queue}{since} for {gpus} GPUs")
            }
        }
        None => "its pods wait for a node".to_owned(),
    };
    Some(Verdict::new(State::Unknown, Certainty::None, why))
}

pub(super) fn unknown(held: &Held, seen: &Seen) -> Verdict {
    let why = if held.replicas > 1 && (held.takes_turns || seen.samples == 0) {
        let pods = held.replicas;
        format!("up to {pods} pods share each device, which does not tell who used it")
    } else if seen.samples == 0 {
        "no exporter tells of its devices".to_owned()
    } else if seen.is_partly_told() && seen.parts.iter().any(Part::is_known) {
        return partly(held, seen);
    } else {
        let share = percent(seen.coverage);
        format!(
            "only {} samples are known, {share} of what there could be",
            seen.samples
        )
    };
    Verdict::new(State::Unknown, Certainty::None, why)
}

/// Where some devices are told of, and of the others too little.
fn partly(held: &Held, seen: &Seen) -> Verdict {
    let (told, all) = told_of(seen);
    let (told, all) = (short(told, 2), short(all, 2));
    let used = seen
        .fullness(held.card())
        .map_or_else(String::new, |(full, from)| match from {
            Fullness::Profiling => format!(": {} of each is used", percent(full.mean)),
            Fullness::Power => format!(": {} of each is used, by its power", percent(full.mean)),
            Fullness::Engine => format!(": something runs {} of the time", percent(full.mean)),
        });
    let why = format!("enough is told of {told} of {all} devices only{used}");
    Verdict::new(State::Unknown, Certainty::None, why)
}

/// How often anything ran is the most that there was: little is little, and much says nothing.
pub(super) fn by_engine(little: bool, busy: f64, sure: Certainty, of: (&Held, &Seen)) -> Verdict {
    let share = percent(busy);
    if little {
        let why = format!("anything runs {share} of the time, so no more than that is used");
        return Verdict::new(State::Underused, sure.min(Certainty::Medium), why);
    }
    let units = of.0.vendor.units();
    let missing = if of.1.watts.is_some() {
        format!("the exporter does not tell {units}, and what the device can draw is not known")
    } else if of.1.parts.iter().any(|it| it.watts.is_some()) {
        format!("the exporter does not tell {units}, and power of some devices only")
    } else if of.0.vendor.power().is_some() {
        format!("the exporter tells neither {units} nor power")
    } else {
        format!("the exporter does not tell {units}")
    };
    let why =
        format!("something runs {share} of the time, which may fill a hundredth of it: {missing}");
    Verdict::new(State::Unknown, Certainty::None, why)
}

/// Devices of which enough is told, and all.
pub(super) fn told_of(seen: &Seen) -> (f64, f64) {
    let known = seen.parts.iter().filter(|it| it.is_known());
    let told = known.map(|it| it.devices).fold(0.0, |sum, it| sum + it);
    (told, seen.parts.iter().map(|it| it.devices).sum())
}
