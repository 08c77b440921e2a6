//! What is used at some hours only, or now and then: a schedule, or none between uses.

use std::collections::{BTreeMap, BTreeSet};

use super::advice::{About, Action, Advice, Danger};
use super::past::Hours;
use crate::units::len_f64;

/// A schedule is worth it where no more than this of the hours of the week is used.
const FEW_HOURS: f64 = 0.75;
/// Hours of the week that must be known for one.
const KNOWN_HOURS: usize = 120;
/// What is used at any hour can be away between uses where it is used in so few hours.
const RARE_HOURS: f64 = 0.10;
/// The same of what works in hardly any sample.
const SOME_HOURS: f64 = 0.35;

/// Hours in which nothing runs cost as much as others, and come again.
pub(super) fn hours(about: &About<'_>) -> Option<Advice> {
    if about.product.is_some() {
        return None;
    }
    let hours = &about.seen.past.hours;
    let known = hours.of_week.len();
    let used = hours.of_week.values().filter(|it| **it).count();
    let is_told = known >= KNOWN_HOURS && hours.come_again;
    if !is_told || about.held.pods == 0 || about.batch() || about.seen.begun().is_some() {
        return None;
    }
    let share = len_f64(used) / len_f64(known);
    if share > FEW_HOURS {
        return None;
    }
    let when = when(hours).map_or_else(String::new, |it| format!(", {it}"));
    let text = format!(
        "run it on a schedule, or scale it to zero between: {} did something in {used} of {known} \
         hours of the week{when}",
        about.devices()
    );
    let savings = about.cost.scale(1.0 - share);
    Some(about.advice(Action::Schedule, Danger::Medium, Some(savings), text))
}

/// What is used now and then, at no hours that come again.
pub(super) fn between(about: &About<'_>) -> Option<Advice> {
    if about.product.is_some() {
        return None;
    }
    let (seen, hours) = (about.seen, &about.seen.past.hours);
    let share = len_f64(hours.used) / len_f64(hours.known.max(1));
    let most = if seen.is_rare() {
        SOME_HOURS
    } else {
        RARE_HOURS
    };
    // What is at work all the time and does little does not rest between uses.
    let is_used = hours.used > 0 && share <= most && seen.past.did <= most;
    if !is_used || hours.known < 24 || about.batch() || seen.begun().is_some() {
        return None;
    }
    if about.held.pods == 0 {
        return None;
    }
    let how = if about.is_interactive() {
        "stop it between uses, and start it again on demand"
    } else {
        "scale it to zero between uses, and start it again on demand"
    };
    let text = format!(
        "{how}: {} worked for {}, in {} of {} hours",
        about.devices(),
        seen.rarely(),
        hours.used,
        hours.known
    );
    let savings = about.cost.scale(1.0 - share);
    Some(about.advice(Action::ScaleToZero, Danger::Medium, Some(savings), text))
}

/// A run that works now and then: something is wrong with it, or it could end.
pub(super) fn seldom(about: &About<'_>) -> Option<Advice> {
    if about.held.pods == 0 || !about.batch() || about.product.is_some() {
        return None;
    }
    let text = format!(
        "stop it, or look why so little comes of it: {} worked for {}",
        about.devices(),
        about.seen.rarely()
    );
    Some(about.advice(Action::ScaleToZero, Danger::Medium, Some(about.cost), text))
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// `09:00 to 18:00 UTC on Mon to Fri`, where it is the same on each day on which it is used.
fn when(hours: &Hours) -> Option<String> {
    let mut days: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (hour, _) in hours.of_week.iter().filter(|it| *it.1) {
        days.entry(hour / 24).or_default().insert(hour % 24);
    }
    let first = days.values().next()?.clone();
    if days.values().any(|it| *it != first) {
        return None;
    }
    let (from, to) = (*first.first()?, *first.last()?);
    let is_whole = usize::try_from(to - from + 1).is_ok_and(|it| it == first.len());
    if !is_whole || first.len() >= 24 {
        return None;
    }
    let name = |day: &u32| DAYS.get(usize::try_from(*day).unwrap_or(0)).copied();
    let names: Vec<&str> = days.keys().filter_map(name).collect();
    let (low, high) = (*days.keys().next()?, *days.keys().next_back()?);
    let in_a_row = usize::try_from(high - low + 1).is_ok_and(|it| it == names.len());
    let on = match names.as_slice() {
        [_, _, _, _, _, _, _] => "every day".to_owned(),
        [one] => format!("on {one}"),
        [first, .., last] if in_a_row => format!("on {first} to {last}"),
        several => format!("on {}", several.join(", ")),
    };
    Some(format!("{from:02}:00 to {:02}:00 UTC {on}", (to + 1) % 24))
}
