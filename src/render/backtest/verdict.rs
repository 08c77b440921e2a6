//! Who won, in a line: the cheapest that keeps the risks of its goal.

use crate::backtest::{Backtest, Score, Verdict};
use crate::text::{money, percent};
use crate::units::Money;

/// The last line of a comparison.
pub(super) fn line(backtest: &Backtest) -> Option<String> {
    let first = backtest.scores.first()?;
    let goal = |score: &Score| {
        if score.heeds_goal {
            score.goal
        } else {
            first.goal
        }
    };
    let kept = |score: &&Score| broken(score, first).is_none();
    let mut keeping: Vec<&Score> = backtest.scores.iter().filter(kept).collect();
    keeping.sort_by_key(|score| score.monthly);
    let amount = |score: &Score| money(score.monthly, &backtest.currency);
    if let [only] = backtest.scores.as_slice() {
        return Some(match broken(only, first) {
            None => format!("{} keeps the risks of `{}`", only.label, goal(only)),
            Some(why) => format!(
                "{} does not keep the risks of `{}`: {why}",
                only.label,
                goal(only)
            ),
        });
    }
    let Some(winner) = keeping.first() else {
        let cheapest = backtest.scores.iter().min_by_key(|score| score.monthly)?;
        let why = broken(cheapest, first).unwrap_or_default();
        return Some(format!(
            "nobody wins: none keeps the risks of `{}`; of {}, the cheapest, {why}",
            first.goal, cheapest.label
        ));
    };
    let won = format!("{} wins at {} a month", winner.label, amount(winner));
    let Some(next) = keeping.get(1) else {
        return Some(format!(
            "{won}: only it keeps the risks of `{}`{}",
            goal(winner),
            cheaper(backtest, winner, first)
        ));
    };
    let less = next.monthly - winner.monthly;
    let share = share(less, next.monthly);
    Some(format!(
        "{won}: {} ({share}) less than {}, the next to keep its risks{}",
        money(less, &backtest.currency),
        next.label,
        cheaper(backtest, winner, first)
    ))
}

/// Why the cheapest of all is not the winner, where it is not.
fn cheaper(backtest: &Backtest, winner: &Score, first: &Score) -> String {
    let cheapest = backtest.scores.iter().min_by_key(|score| score.monthly);
    let cheapest = cheapest.filter(|score| score.monthly < winner.monthly);
    let why = cheapest.and_then(|score| Some((score, broken(score, first)?)));
    why.map_or_else(String::new, |(score, why)| {
        format!("; {} costs less, but {why}", score.label)
    })
}

/// Which risk a strategy did not keep, with the worst first: its own promise, or where it
/// promises nothing, the risk of the goal that was asked for.
fn broken(score: &Score, first: &Score) -> Option<String> {
    let targets = if score.heeds_goal {
        score.targets
    } else {
        first.targets
    };
    let kept =
        |verdict: Verdict, target: bool| verdict != Verdict::Broken && (score.heeds_goal || target);
    let limit = score.over_limit;
    if !kept(
        score.memory_verdict(),
        limit.keeps(targets.memory_over_limit),
    ) {
        let rate = percent(limit.rate());
        return Some(format!("{rate} of workloads went over their memory limit"));
    }
    let nodes = score.node_overflow;
    let node_target = nodes.is_none_or(|nodes| nodes.keeps(targets.node_memory_overflow));
    if let Some(nodes) = nodes.filter(|_| !kept(score.node_verdict(), node_target)) {
        return Some(format!("{} of nodes ran full", percent(nodes.rate())));
    }
    let time = score.cpu_time_over;
    if !kept(
        score.cpu_verdict(),
        time.keeps(targets.cpu_time_over_request),
    ) {
        let rate = percent(time.rate);
        return Some(format!("CPU was above its request {rate} of the time"));
    }
    None
}

fn share(part: Money, of: Money) -> String {
    let of = of.to_f64();
    percent(if of > 0.0 { part.to_f64() / of } else { 0.0 })
}
