use std::fmt;
use std::str::FromStr;

use super::placement::{Operator, Requirement, meets};

/// A label selector as kubectl takes it: `app=api,tier!=test,env in (a,b),!legacy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    text: String,
    requirements: Vec<Requirement>,
}

/// Why a text is no label selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a label selector such as `app=api`, `tier!=test`, `env in (a,b)` or `!legacy`"
)]
pub struct ParseSelectorError(String);

impl Selector {
    /// Whether all requirements hold. As in Kubernetes, `!=` and `notin` also
    /// hold where the label is absent.
    pub fn matches(&self, labels: &[(String, String)]) -> bool {
        meets(labels, &[], &self.requirements)
    }
}

fn parse(text: &str) -> Option<Requirement> {
    let must = |key: String, operator, values| Requirement {
        key,
        operator,
        values,
    };
    let text = text.trim();
    if let Some(set) = text.strip_suffix(')') {
        let (left, values) = set.split_once('(')?;
        let values = values
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect();
        let (key, operator) = left.trim().rsplit_once(char::is_whitespace)?;
        return match operator {
            "in" => Some(must(name(key)?, Operator::In, values)),
            "notin" => Some(must(name(key)?, Operator::NotIn, values)),
            _ => None,
        };
    }
    if let Some(key) = text.strip_prefix('!') {
        return Some(must(name(key)?, Operator::DoesNotExist, Vec::new()));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Some(must(name(key)?, Operator::NotIn, vec![plain(value)?]));
    }
    match text.split_once("==").or_else(|| text.split_once('=')) {
        Some((key, value)) => Some(must(name(key)?, Operator::In, vec![plain(value)?])),
        None => Some(must(name(text)?, Operator::Exists, Vec::new())),
    }
}

/// A label's key: not empty, without spaces or operators.
fn name(text: &str) -> Option<String> {
    plain(text).filter(|text| !text.is_empty())
}

fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    text.chars().all(allowed).then(|| text.to_owned())
}

/// Splits at commas outside parentheses.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

/// As it was given.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Selector {
    type Err = ParseSelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let requirements = parts(text).into_iter().map(parse).collect();
        match requirements {
            Some(requirements) => Ok(Self {
                text: text.trim().to_owned(),
                requirements,
            }),
            None => Err(ParseSelectorError(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str) -> bool {
        let labels = [("app", "api"), ("tier", "web")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        selector.parse::<Selector>().unwrap().matches(&labels)
    }

    #[test]
    fn all_requirements_must_hold() {
        for selector in [
            "app=api",
            "app==api,tier!=db",
            "app in (api, db)",
            "tier",
            "!legacy",
            "x notin (a)",
        ] {
            assert!(matches(selector), "{selector}");
        }
        for selector in [
            "app=db",
            "app=api,tier=db",
            "app notin (api)",
            "!tier",
            "legacy",
        ] {
            assert!(!matches(selector), "{selector}");
        }
    }

    #[test]
    fn refuses_what_kubectl_refuses() {
        for selector in ["", "=a", "app=a b", "app of (a)", "a,,b", "app in (a"] {
            assert!(selector.parse::<Selector>().is_err(), "{selector}");
        }
    }
}
