//! `--fail-on` texts into thresholds, and thresholds into verdicts.

use std::fmt;

use super::{ALL, Comparison, Outcome, Rule, Scope, Threshold, Unit, Within, names};
use crate::finding::Severity;
use crate::text::{money, most_like, short};
use crate::units::{Money, len_f64};

/// How near a name must be to be suggested; 1 is the same.
const SIMILAR: f64 = 0.7;

/// Why a text is no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid threshold: {problem}")]
pub struct ParseRuleError {
    text: String,
    problem: String,
}

/// Reads `cost-waste>30%`, `cost-waste>30% in namespace:shop`, or several between commas.
///
/// # Errors
///
/// The first part that is no threshold, with what is wrong and the rule that
/// was probably meant.
pub fn parse(text: &str) -> Result<Vec<Threshold>, ParseRuleError> {
    text.split(',').map(|part| one(part.trim())).collect()
}

fn one(text: &str) -> Result<Threshold, ParseRuleError> {
    let fail = |problem: String| ParseRuleError {
        text: text.to_owned(),
        problem,
    };
    if text.is_empty() {
        return Err(fail("it is empty".to_owned()));
    }
    let Some(at) = text.find(['>', '<', '=']) else {
        let known = rule(text).map_or(ALL[0], |(rule, _)| rule);
        let example = example(known);
        return Err(fail(format!("it has no `>`; write it as `{example}`")));
    };
    let (name, rest) = text.split_at(at);
    let (comparison, limit) = match rest.strip_prefix(">=") {
        Some(limit) => (Comparison::AtLeast, limit),
        None => match rest.strip_prefix('>') {
            Some(limit) => (Comparison::Above, limit),
            None => return Err(fail("only `>` and `>=` are understood".to_owned())),
        },
    };
    let (rule, name) = rule(name.trim()).ok_or_else(|| fail(unknown(name.trim())))?;
    let (limit, scope) = match limit.split_once(" in ") {
        Some((limit, scope)) => {
            let scope: Scope = scope.trim().parse().map_err(fail)?;
            (limit.trim(), Some(scope))
        }
        None => (limit.trim(), None),
    };
    let value = read_limit(rule.unit(), limit).map_err(fail)?;
    if let Some(most) = most(rule.unit()).filter(|most| match comparison {
        // `>100%` is how a pipeline is written that reports and never fails.
        Comparison::Above if rule.unit() == Unit::Percent => value > *most,
        Comparison::Above => value >= *most,
        Comparison::AtLeast => value > *most,
    }) {
        return Err(fail(format!(
            "it can never fail: there is nothing above {}",
            say(rule.unit(), most)
        )));
    }
    Ok(Threshold {
        rule,
        name,
        comparison,
        limit: value,
        scope,
    })
}

/// The rule that is called so, now or before, and this name of it.
fn rule(name: &str) -> Option<(&'static dyn Rule, &'static str)> {
    let mut names = ALL.iter().flat_map(|rule| {
        let names = [Some(rule.name()), rule.old_name()];
        names.into_iter().flatten().map(|name| (*rule, name))
    });
    names.find(|(_, known)| known.eq_ignore_ascii_case(name))
}

fn unknown(name: &str) -> String {
    match nearest(name, &names()) {
        Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
        // The hint beside it lists them all.
        None => format!("there is no rule `{name}`"),
    }
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = most_like(name, known.iter().copied());
    near.filter(|(likeness, _)| *likeness >= SIMILAR)
        .map(|(_, near)| near)
}

fn example(rule: &dyn Rule) -> String {
    let limit = match rule.unit() {
        Unit::Percent => ">30%",
        Unit::Money => ">100",
        Unit::Count => ">3",
        Unit::Severity => ">=critical",
    };
    format!("{}{limit}", rule.name())
}

fn read_limit(unit: Unit, text: &str) -> Result<f64, String> {
    if text.is_empty() {
        return Err("it has no limit".to_owned());
    }
    match unit {
        Unit::Percent => {
            let percent = text
                .strip_suffix('%')
                .ok_or_else(|| format!("`{text}` is not a percentage; write it as `30%`"))?;
            number(percent).map(|percent| percent / 100.0)
        }
        Unit::Money => number(text.trim_start_matches('$')),
        Unit::Count => number(text),
        Unit::Severity => {
            let level = Severity::ALL
                .iter()
                .position(|level| level.name().eq_ignore_ascii_case(text));
            level.map(rank).ok_or_else(|| {
                let levels = Severity::ALL.map(Severity::name);
                match nearest(text, &levels) {
                    Some(near) => format!("there is no severity `{text}`; did you mean `{near}`?"),
                    None => format!(
                        "there is no severity `{text}`; write one of {}",
                        levels.join(", ")
                    ),
                }
            })
        }
    }
}

/// The largest value that there can be.
fn most(unit: Unit) -> Option<f64> {
    match unit {
        Unit::Percent => Some(1.0),
        Unit::Severity => Some(rank(Severity::ALL.len() - 1)),
        Unit::Money | Unit::Count => None,
    }
}

fn number(text: &str) -> Result<f64, String> {
    let value = text.trim().parse::<f64>().ok();
    value
        .filter(|value| value.is_finite() && *value >= 0.0)
        .ok_or_else(|| format!("`{text}` is not a number of 0 or more"))
}

/// A severity as a number to compare.
pub(super) fn rank(position: usize) -> f64 {
    len_f64(position)
}

impl Threshold {
    pub(super) fn judge(&self, within: &Within<'_>, judged: bool, share: f64) -> Outcome {
        let measured = self.rule.measure(within);
        let failed = match self.comparison {
            Comparison::Above => measured > self.limit,
            Comparison::AtLeast => measured >= self.limit,
        };
        Outcome {
            rule: self.rule.name(),
            comparison: self.comparison,
            limit: self.limit,
            value: measured,
            threshold: self.to_string(),
            scope: self.scope.as_ref().map(ToString::to_string),
            workloads: within.workloads().count(),
            measured: match self.rule.unit() {
                Unit::Money => money(Money::from_f64(measured), &within.seen.bill.currency),
                unit => say(unit, measured),
            },
            over: self.rule.over(within),
            failed: judged && failed,
            judged,
            judged_share: share,
        }
    }
}

/// As it is written in `--fail-on`.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = self.comparison.sign();
        let limit = say(self.rule.unit(), self.limit);
        write!(f, "{}{comparison}{limit}", self.name)?;
        match &self.scope {
            Some(scope) => write!(f, " in {scope}"),
            None => Ok(()),
        }
    }
}

/// As a person writes it. Percentages keep a digit, so that 30.4% is not said
/// to be above 30% while it reads `30%`.
fn say(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Percent => format!("{}%", short(value * 100.0, 1)),
        // As it was typed: 100, not 100.00.
        Unit::Money => value.to_string(),
        Unit::Count => short(value, 1),
        Unit::Severity => {
            let mut levels = Severity::ALL.into_iter().enumerate();
            let level = levels.find(|(position, _)| rank(*position) >= value);
            level
                .map_or("critical", |(_, level)| level.name())
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match parse(text) {
            Ok(all) => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                all.join(" and ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn reads_every_unit_and_both_comparisons() {
        for text in [
            "cost-waste>30%",
            "cpu-waste>=12.5%",
            "monthly-freed>100",
            "monthly-savings>100",
            "idle>3",
            "severity>=critical",
            "cost-waste>30% in namespace:shop",
            "idle>3 in label:team=web",
        ] {
            assert_eq!(said(text), text);
        }
        assert_eq!(
            said("idle > 3, severity >= high"),
            "idle>3 and severity>=high"
        );
        assert_eq!(said("monthly-savings>$12.5"), "monthly-savings>12.5");
    }

    #[test]
    fn says_what_is_wrong_and_what_was_meant() {
        let wrong = [
            "cost-wast>30%",
            "nonsense>>",
            "zzz>1",
            "cost-waste",
            "cost-waste<30%",
            "cost-waste>30",
            "severity>=criticl",
            "idle>-1",
            "idle>",
            "idle>1,,",
            "idle>nan",
            "idle>3 in shop",
            "idle>3 in label:team",
        ];
        let all: Vec<String> = wrong.iter().map(|text| said(text)).collect();
        insta::assert_snapshot!(all.join("\n"), @"
        `cost-wast>30%` is not a valid threshold: there is no rule `cost-wast`; did you mean `cost-waste`?
        `nonsense>>` is not a valid threshold: there is no rule `nonsense`
        `zzz>1` is not a valid threshold: there is no rule `zzz`
        `cost-waste` is not a valid threshold: it has no `>`; write it as `cost-waste>30%`
        `cost-waste<30%` is not a valid threshold: only `>` and `>=` are understood
        `cost-waste>30` is not a valid threshold: `30` is not a percentage; write it as `30%`
        `severity>=criticl` is not a valid threshold: there is no severity `criticl`; did you mean `critical`?
        `idle>-1` is not a valid threshold: `-1` is not a number of 0 or more
        `idle>` is not a valid threshold: it has no limit
        `` is not a valid threshold: it is empty
        `idle>nan` is not a valid threshold: `nan` is not a number of 0 or more
        `idle>3 in shop` is not a valid threshold: `shop` is not `namespace:NAME` or `label:KEY=VALUE`
        `idle>3 in label:team` is not a valid threshold: `label:team` is not `namespace:NAME` or `label:KEY=VALUE`
        ");
    }
}
