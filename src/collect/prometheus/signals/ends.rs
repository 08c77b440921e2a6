//! OOM kills and restarts, those of pods that are gone included.

use std::collections::{BTreeMap, BTreeSet};

use super::Signals;
use super::ask::{Asker, whole};
use super::place::Place;
use super::question::{Answer, Question};

/// Of cAdvisor; often gone with the container before it is scraped.
const EVENTS: &str = "container_oom_events_total";
/// Of kube-state-metrics; says it until the next end of the container.
const REASON: &str = "kube_pod_container_status_last_terminated_reason";
const FINISHED: &str = "kube_pod_container_status_last_terminated_timestamp";
const RESTARTS: &str = "kube_pod_container_status_restarts_total";

pub(super) const METRICS: [&str; 4] = [EVENTS, REASON, FINISHED, RESTARTS];

/// Seconds between looks at the last end.
const LOOKS: u32 = 900;

/// Kills within one step that are told apart, at most: a container in back-off
/// comes to twelve an hour.
const MOST_KILLS: u64 = 12;

/// What ended, and when.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Kills at a known second.
    pub(super) exact: BTreeMap<Place, BTreeSet<i64>>,
    /// Kills within `(from, to]`, and their number.
    pub(super) within: BTreeMap<Place, BTreeMap<(i64, i64), u64>>,
    /// Restarts within `(from, to]` each, all within the window.
    pub(super) restarts: BTreeMap<Place, BTreeMap<(i64, i64), u64>>,
}

impl Ends {
    fn add(&mut self, place: &Place, between: (i64, i64), count: u64) {
        if count > 0 {
            let kills = self.within.entry(place.clone()).or_default();
            let held = kills.entry(between).or_default();
            // The same kill comes from two scrape jobs; it stays one.
            *held = count.min(MOST_KILLS).max(*held);
        }
    }
}

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    let all = [kills(asker), reasons(asker), rises(asker)];
    all.into_iter().flatten().collect()
}

/// What it asks besides where containers were killed.
pub(super) fn times(asker: &Asker<'_>) -> Option<Question> {
    let is_asked = asker.has(REASON) && asker.has(FINISHED);
    is_asked.then(|| Question {
        label: "times of OOM kills",
        text: asker.selector(&[FINISHED], "", false),
        step: Some(looks(asker)),
        cost: asker.series(&[FINISHED]),
    })
}

/// Counters above zero, so that what was never killed is not even sent.
fn kills(asker: &Asker<'_>) -> Option<Question> {
    asker.has(EVENTS).then(|| Question {
        label: "OOM kills",
        text: format!(
            "{} > 0",
            asker.selector(&[EVENTS], &asker.of_containers(), true)
        ),
        step: Some(asker.coarse()),
        cost: asker.series(&[EVENTS]),
    })
}

fn reasons(asker: &Asker<'_>) -> Option<Question> {
    let reason = || asker.selector(&[REASON], ",reason=\"OOMKilled\"", false);
    asker.has(REASON).then(|| Question {
        label: "ends of containers",
        text: format!("{} > 0", reason()),
        step: Some(looks(asker)),
        cost: asker.series(&[REASON]),
    })
}

fn rises(asker: &Asker<'_>) -> Option<Question> {
    asker.has(RESTARTS).then(|| Question {
        label: "restarts",
        text: format!("{} > 0", asker.selector(&[RESTARTS], "", false)),
        step: Some(asker.coarse()),
        cost: asker.series(&[RESTARTS]),
    })
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    let mut ends = Ends::default();
    events(asker, &mut ends).await;
    let killed = last_ends(asker, &mut ends).await;
    restarts(asker, &mut ends, &killed).await;
    signals.ends = ends;
}

async fn events(asker: &mut Asker<'_>, ends: &mut Ends) {
    let Some(question) = kills(asker) else {
        return;
    };
    let step = asker.coarse();
    let (view, begins) = (asker.view, asker.begins);
    let take = |answer: &Answer| {
        if let Some(place) = view.place(&answer.labels) {
            for (between, count) in increases(&answer.points, answer.first.max(begins), step) {
                ends.add(&place, between, count);
            }
        }
    };
    asker.over_window(&question, take).await;
}

/// By how much a counter rose up to each point. One that was not there before
/// began at 0, except up to `first`, where data or a piece of the window begins:
/// what came before the window does not count, and the piece before has judged
/// what came before its last point.
pub(super) fn increases(points: &[(i64, f64)], first: i64, step: u32) -> Vec<((i64, i64), u64)> {
    let step = i64::from(step);
    let mut found = Vec::new();
    let mut before: Option<(i64, f64)> = None;
    for (time, value) in points {
        let base = match before {
            Some((at, held)) if time - at <= step && *value >= held => held,
            _ => 0.0,
        };
        let judged = before.is_none() && *time <= first;
        if !judged && *value > base {
            found.push(((time - step, *time), whole(value - base)));
        }
        before = Some((*time, *value));
    }
    found
}

/// The ends that kube-state-metrics remembers; gives when each container's last
/// end was an OOM kill.
async fn last_ends(asker: &mut Asker<'_>, ends: &mut Ends) -> BTreeMap<Place, BTreeSet<i64>> {
    let mut killed: BTreeMap<Place, BTreeSet<i64>> = BTreeMap::new();
    let Some(question) = reasons(asker) else {
        return killed;
    };
    let step = looks(asker);
    let (view, begins) = (asker.view, asker.begins);
    let take = |answer: &Answer| {
        if let Some(place) = view.place(&answer.labels) {
            let times = killed.entry(place).or_default();
            times.extend(answer.points.iter().map(|(time, _)| *time));
        }
    };
    asker.over_window(&question, take).await;
    if killed.is_empty() {
        return killed;
    }
    if let Some(question) = times(asker) {
        let take = |answer: &Answer| {
            let place = Place::of(&answer.labels, view.words);
            if let Some(times) = killed.get(&place) {
                let points = answer.points.iter();
                let at = points.filter(|(time, _)| times.contains(time));
                let seconds = at.filter_map(|(_, at)| i64::try_from(whole(*at)).ok());
                let exact = ends.exact.entry(place).or_default();
                exact.extend(seconds.filter(|second| *second > 0));
            }
        };
        asker.over_window(&question, take).await;
    }
    for (place, times) in &killed {
        if ends.exact.get(place).is_some_and(|exact| !exact.is_empty()) {
            continue;
        }
        for (between, count) in appearances(times, begins, step) {
            ends.add(place, between, count);
        }
    }
    killed
}

/// Where an uninterrupted time of saying so begins, there was a kill before;
/// not where data begins, where it may be long ago.
fn appearances(times: &BTreeSet<i64>, begins: i64, step: u32) -> Vec<((i64, i64), u64)> {
    let step = i64::from(step);
    let fresh = |time: &&i64| !times.contains(&(**time - step)) && **time > begins;
    let found = times.iter().filter(fresh);
    found.map(|time| ((time - step, *time), 1)).collect()
}

async fn restarts(asker: &mut Asker<'_>, ends: &mut Ends, killed: &BTreeMap<Place, BTreeSet<i64>>) {
    let Some(question) = rises(asker) else {
        return;
    };
    let step = asker.coarse();
    let mut found: BTreeMap<Place, BTreeMap<(i64, i64), u64>> = BTreeMap::new();
    let (view, begins) = (asker.view, asker.begins);
    let take = |answer: &Answer| {
        if let Some(place) = view.place(&answer.labels) {
            let all = found.entry(place).or_default();
            for (between, count) in increases(&answer.points, answer.first.max(begins), step) {
                let held = all.entry(between).or_default();
                *held = count.max(*held);
            }
        }
    };
    asker.over_window(&question, take).await;
    for (place, all) in found {
        let exact = ends
            .exact
            .get(&place)
            .is_some_and(|exact| !exact.is_empty());
        if let Some(times) = killed.get(&place)
            && !exact
        {
            // Without the time of its end, each restart after an OOM kill is one.
            for (between, count) in all.iter().filter(|((_, to), _)| times.contains(to)) {
                ends.add(&place, *between, *count);
            }
        }
        ends.restarts.insert(place, all);
    }
}

/// Nearly a quarter of an hour: seldom does a pod live on for less after a kill.
fn looks(asker: &Asker<'_>) -> u32 {
    let step = asker.grid.step.as_secs().max(1);
    ((LOOKS / step).max(1) * step).min(asker.coarse())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_counted_from_where_a_counter_appears() {
        // At the first point it may be old.
        let old = [(0, 2.0), (100, 2.0), (200, 5.0)];
        assert_eq!(increases(&old, 0, 100), [((100, 200), 3)]);
        // A container that begins again has a counter of its own.
        let fresh = [(300, 1.0), (400, 1.0), (500, 1.0), (700, 1.0)];
        let expected = [((200, 300), 1), ((600, 700), 1)];
        assert_eq!(increases(&fresh, 0, 100), expected);
    }

    #[test]
    fn a_reason_that_appears_is_one_kill() {
        let times = BTreeSet::from([0, 100, 300, 400]);
        assert_eq!(appearances(&times, 0, 100), [((200, 300), 1)]);
    }
}
