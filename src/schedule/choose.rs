//! Which way wins.

use super::advice::{Advice, Leave};
use super::trial::{DEFAULT, Outcome, Way};
use crate::units::Money;

/// Ways that cost at most so much more than the cheapest cost about as much.
const AS_CHEAP: f64 = 0.05;

/// Ways that are short no more than so many minutes a week longer are short about as long.
pub(super) const AS_SHORT: f64 = 1.0;

/// Less than this share of what is paid otherwise, or than this a month, is not worth
/// replicas that come and go.
const WORTH_SHARE: f64 = 0.1;
const WORTH: f64 = 2.0;

/// What is advised, and the way that it is, where that scales: from how all did. `proven` says
/// whether a season is, `is_own` whether a way has the target of the autoscaler of today.
pub(super) fn choose(
    outcomes: &[Outcome],
    proven: bool,
    is_own: impl Fn(&Outcome) -> bool,
) -> (Advice, Option<Outcome>) {
    let holding: Vec<&Outcome> = outcomes.iter().filter(|it| it.holds).collect();
    let still: Vec<&Outcome> = holding.iter().filter(|it| !scales(it)).copied().collect();
    let Some(cheapest_of_all) = cheapest(&holding) else {
        return least_short(outcomes, proven);
    };
    let still = cheapest(&still).filter(|it| !is_worth(it.monthly, cheapest_of_all.monthly));
    if let Some(still) = still {
        let why = match still.way {
            Way::Peak if holding.iter().any(|it| scales(it)) => Leave::Peak,
            Way::Peak => Leave::OnlyPeak,
            _ if cheapest_of_all.way == still.way => Leave::Enough,
            _ if proven => Leave::NotWorth,
            _ => Leave::NoSeason,
        };
        return (Advice::Leave(why), None);
    }
    // A plain autoscaler that holds is simpler than any schedule. One whose target has to be
    // lower all week for what a window would cover is not.
    let most = cheapest_of_all.monthly.scale(1.0 + AS_CHEAP);
    let is_plain =
        |it: &&&Outcome| it.way == Way::Hpa && (it.target >= Some(DEFAULT) || is_own(it));
    let plain = holding
        .iter()
        .filter(|it| it.monthly <= most)
        .filter(is_plain)
        .min_by_key(|it| it.monthly);
    let moving: Vec<Outcome> = holding
        .iter()
        .filter(|it| scales(it))
        .map(|it| **it)
        .collect();
    let winner = plain.copied().copied().or_else(|| best(&moving));
    let advice = winner.map_or(Advice::Leave(Leave::Enough), |it| advice(&it));
    (advice, winner)
}

/// Whether one way costs so much more than another a month that it is worth a change.
pub(super) fn is_worth(from: Money, to: Money) -> bool {
    from - to >= Money::from_f64(WORTH).max(from.scale(WORTH_SHARE))
}

/// Of ways that hold, and cost about as much as the cheapest of them, the simplest that is
/// short hardly longer than any of these. Where none holds the one that is short least.
pub(super) fn best(outcomes: &[Outcome]) -> Option<Outcome> {
    let short = Outcome::counted;
    let holding: Vec<&Outcome> = outcomes.iter().filter(|it| it.holds).collect();
    let Some(least) = cheapest(&holding) else {
        let mut all = outcomes.iter();
        let first = all.next()?;
        let fewer = |a, b| if short(b) < short(a) { b } else { a };
        return Some(*all.fold(first, fewer));
    };
    let most = least.monthly.scale(1.0 + AS_CHEAP);
    let cheap = holding.into_iter().filter(|it| it.monthly <= most);
    let cheap: Vec<&Outcome> = cheap.collect();
    let fewest = cheap
        .iter()
        .map(|it| short(it))
        .fold(f64::INFINITY, f64::min);
    let as_short = cheap
        .into_iter()
        .filter(|it| short(it) <= fewest + AS_SHORT);
    let as_short: Vec<&Outcome> = as_short.collect();
    let simplest = |it: &&&Outcome| (simplicity(it.way), it.windows, it.monthly);
    let simplest = as_short.iter().min_by_key(simplest)?;
    // Windows are for what a target that is no lower does not hold by itself.
    let alone = as_short.iter().filter(|it| it.way == Way::Hpa);
    let mut alone = alone.filter(|it| it.target >= simplest.target);
    let plainer = alone.next().filter(|_| simplest.way == Way::ScheduleAndHpa);
    Some(**plainer.unwrap_or(simplest))
}

/// How much there is to a way, the least first.
fn simplicity(way: Way) -> u8 {
    match way {
        Way::Today | Way::Advised | Way::Peak => 0,
        Way::ScheduleAndHpa => 1,
        Way::Schedule => 2,
        // Only one with a low target comes as far.
        Way::Hpa => 3,
    }
}

/// Where nothing holds as well as it should.
fn least_short(outcomes: &[Outcome], proven: bool) -> (Advice, Option<Outcome>) {
    let by_short = |a: &&Outcome, b: &&Outcome| {
        let short = a.counted().total_cmp(&b.counted());
        short.then(a.monthly.cmp(&b.monthly))
    };
    let why = match outcomes.iter().min_by(by_short) {
        Some(best) if scales(best) => return (advice(best), Some(*best)),
        Some(best) if best.way == Way::Peak => Leave::OnlyPeak,
        _ if proven => Leave::Enough,
        _ => Leave::NoSeason,
    };
    (Advice::Leave(why), None)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(way: Way, short: f64, monthly: f64, holds: bool) -> Outcome {
        Outcome {
            way,
            size: 0,
            target: (way != Way::Schedule).then_some(DEFAULT),
            cores: None,
            short_minutes: Some(short),
            once_minutes: 0.0,
            again_minutes: Some(0.0),
            holds,
            windows: 1,
            cut: None,
            replica_hours: 0.0,
            monthly: Money::from_f64(monthly),
            most: 1,
            changes_a_day: 0.0,
        }
    }

    fn chosen(outcomes: &[Outcome]) -> Advice {
        choose(outcomes, true, |_| false).0
    }

    #[test]
    fn a_schedule_is_short_hardly_longer_than_what_costs_as_much() {
        let low = Outcome {
            target: Some(0.7),
            ..told(Way::Hpa, 4.6, 15.1, true)
        };
        let short = told(Way::ScheduleAndHpa, 19.0, 14.9, true);
        let today = told(Way::Today, 0.0, 91.0, true);
        assert_eq!(chosen(&[today, low, short]), Advice::Hpa(0.7));
        let better = told(Way::ScheduleAndHpa, 0.0, 15.5, true);
        let all = [today, low, short, better];
        assert_eq!(chosen(&all), Advice::ScheduleAndHpa(DEFAULT));
        // Not where that costs much more.
        let dear = told(Way::ScheduleAndHpa, 0.0, 17.0, true);
        assert_eq!(chosen(&[today, low, dear]), Advice::Hpa(0.7));
    }

    #[test]
    fn windows_must_do_what_their_target_does_not_do_alone() {
        let at = |target: f64, it: Outcome| Outcome {
            target: Some(target),
            ..it
        };
        let alone = at(0.5, told(Way::Hpa, 0.0, 56.5, true));
        let windows = at(0.5, told(Way::ScheduleAndHpa, 0.1, 55.0, true));
        assert_eq!(chosen(&[alone, windows]), Advice::Hpa(0.5));
        let higher = at(0.7, windows);
        assert_eq!(chosen(&[alone, higher]), Advice::ScheduleAndHpa(0.7));
    }

    #[test]
    fn a_size_for_the_peak_is_said_to_be_cheap_only_where_it_was_held_against_others() {
        let peak = told(Way::Peak, 0.0, 50.0, true);
        let fails = told(Way::ScheduleAndHpa, 90.0, 15.0, false);
        let holds = told(Way::ScheduleAndHpa, 1.0, 49.0, true);
        let said = |other| chosen(&[peak, other]);
        assert_eq!(said(fails), Advice::Leave(Leave::OnlyPeak));
        assert_eq!(said(holds), Advice::Leave(Leave::Peak));
    }
}
