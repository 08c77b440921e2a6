//! Which way wins.

use super::advice::{Advice, Leave};
use super::trial::{DEFAULT, Outcome, Way};
use crate::units::Money;

/// A simpler way wins over one that costs less than so much less.
const AS_CHEAP: f64 = 0.05;

/// Less than this share of what is paid otherwise, or than this a month, is not worth
/// replicas that come and go.
const WORTH_SHARE: f64 = 0.1;
const WORTH: f64 = 2.0;

/// From how they did; `proven` says whether a season is.
pub(super) fn choose(outcomes: &[Outcome], proven: bool) -> Advice {
    let holding: Vec<&Outcome> = outcomes.iter().filter(|it| it.holds).collect();
    let still: Vec<&Outcome> = holding.iter().filter(|it| !scales(it)).copied().collect();
    let Some(best) = cheapest(&holding) else {
        return least_short(outcomes, proven);
    };
    if let Some(still) = cheapest(&still) {
        let worth = Money::from_f64(WORTH).max(still.monthly.scale(WORTH_SHARE));
        if still.monthly - best.monthly < worth {
            return Advice::Leave(match still.way {
                Way::Peak => Leave::Peak,
                _ if best.way == still.way => Leave::Enough,
                _ if proven => Leave::NotWorth,
                _ => Leave::NoSeason,
            });
        }
    }
    // The simplest of those that are about as cheap; ways stand in this order. An autoscaler
    // whose target has to be lower all week for what a window would cover is not simpler.
    let most = best.monthly.scale(1.0 + AS_CHEAP);
    let order = [Way::Hpa, Way::ScheduleAndHpa, Way::Schedule];
    let is_plain = |it: &Outcome| it.way != Way::Hpa || it.target >= Some(DEFAULT);
    let cheap = |way: &Way| {
        let mut found = holding.iter();
        found.find(|it| it.way == *way && it.monthly <= most && is_plain(it))
    };
    let winner = order.iter().find_map(cheap).copied().unwrap_or(best);
    advice(winner)
}

/// Where nothing holds as well as it should.
fn least_short(outcomes: &[Outcome], proven: bool) -> Advice {
    let short = |it: &&Outcome| it.short_minutes.unwrap_or(f64::INFINITY);
    let by_short = |a: &&Outcome, b: &&Outcome| {
        short(a)
            .total_cmp(&short(b))
            .then(a.monthly.cmp(&b.monthly))
    };
    match outcomes.iter().min_by(by_short) {
        Some(best) if scales(best) => advice(best),
        Some(best) if best.way == Way::Peak => Advice::Leave(Leave::Peak),
        _ if proven => Advice::Leave(Leave::Enough),
        _ => Advice::Leave(Leave::NoSeason),
    }
}

fn scales(outcome: &Outcome) -> bool {
    matches!(outcome.way, Way::Hpa | Way::Schedule | Way::ScheduleAndHpa)
}

fn cheapest<'a>(outcomes: &[&'a Outcome]) -> Option<&'a Outcome> {
    outcomes
        .iter()
        .copied()
        .min_by_key(|it| (it.monthly, it.way))
}

fn advice(outcome: &Outcome) -> Advice {
    match (outcome.way, outcome.target) {
        (Way::Hpa, Some(target)) => Advice::Hpa(target),
        (Way::ScheduleAndHpa, Some(target)) => Advice::ScheduleAndHpa(target),
        _ => Advice::Schedule,
    }
}
