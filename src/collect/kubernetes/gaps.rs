//! What could not be listed: which gap it is, or whether it ends everything.

use std::collections::BTreeMap;

use super::kinds::{Kind, Rule};
use super::request::Failure;
use crate::snapshot::Gap;

/// A list that failed.
#[derive(Debug)]
pub(in crate::collect) struct Missed {
    pub(in crate::collect) rule: Rule,
    pub(in crate::collect) namespace: Option<String>,
    pub(in crate::collect) failure: Failure,
}

impl Missed {
    fn is_pods(&self) -> bool {
        self.rule.resource == "pods" && self.rule.group.is_empty()
    }
}

/// The failure that leaves nothing to analyze: credentials that are not
/// accepted, or pods that cannot be listed anywhere.
pub(super) fn take_fatal(missed: &mut Vec<Missed>, has_pods: bool) -> Option<Missed> {
    let refused = missed
        .iter()
        .position(|miss| miss.failure.code() == Some(401));
    let podless = || {
        missed
            .iter()
            .position(Missed::is_pods)
            .filter(|_| !has_pods)
    };
    refused
        .or_else(podless)
        .map(|index| missed.swap_remove(index))
}

/// One gap for each kind and cause; namespaces that share them are named together.
pub(super) fn explain(missed: Vec<Missed>) -> Vec<Gap> {
    let mut groups: BTreeMap<(Rule, String), (Vec<String>, Failure)> = BTreeMap::new();
    for miss in missed {
        let cause = match miss.failure.code() {
            Some(code) => code.to_string(),
            None => miss.failure.to_string(),
        };
        let group = groups.entry((miss.rule, cause));
        let (namespaces, _) = group.or_insert((Vec::new(), miss.failure));
        namespaces.extend(miss.namespace);
    }
    let gap = |((rule, _), (namespaces, failure)): ((Rule, String), (Vec<String>, Failure))| {
        let subject = subject(&rule.resource, namespaces);
        match failure.code() {
            Some(403) => forbidden(subject, &rule, &failure),
            Some(404) => not_served(subject, &rule),
            _ => unreadable(subject, &failure),
        }
    };
    groups.into_iter().map(gap).collect()
}

/// `services`, or `services in pay, shop`.
fn subject(resource: &str, mut namespaces: Vec<String>) -> String {
    const NAMED: usize = 5;
    namespaces.sort();
    if namespaces.is_empty() {
        return resource.to_owned();
    }
    let rest = namespaces.len().saturating_sub(NAMED);
    namespaces.truncate(NAMED);
    let names = namespaces.join(", ");
    if rest == 0 {
        format!("{resource} in {names}")
    } else {
        format!("{resource} in {names} and {rest} more")
    }
}

/// A list that the role does not allow, with the rule that would.
pub(in crate::collect) fn forbidden(subject: String, rule: &Rule, failure: &Failure) -> Gap {
    let text = match failure {
        Failure::Status(status) if !status.message.is_empty() => status.message.clone(),
        _ => "you are not allowed to list it".to_owned(),
    };
    Gap::new("forbidden", subject, text).hint(format!("allow it with the rule {rule}"))
}

fn not_served(subject: String, rule: &Rule) -> Gap {
    let api = match rule.group.as_str() {
        "" => "core API".to_owned(),
        group => format!("API group `{group}`"),
    };
    let text = format!("the server does not have `{}` in its {api}", rule.resource);
    Gap::new("not-served", subject, text)
}

pub(in crate::collect) fn unreadable(subject: String, failure: &Failure) -> Gap {
    let gap = Gap::new("unreadable", subject, failure.to_string());
    match failure {
        Failure::Late(_) => gap.hint("raise `--timeout`"),
        Failure::Status(_) | Failure::Lost(_) | Failure::Cut(_) | Failure::Garbled(_) => {
            gap.hint("run again; `-vv` shows every request")
        }
    }
}

/// A list that the server breaks off.
pub(super) fn cut(kind: &Kind) -> Gap {
    let text = "the server sent an empty page and says that more follow: those are not read";
    Gap::new("truncated", kind.plural.as_ref(), text).hint("run again; `-vv` shows every request")
}

/// A list of which a part is enough.
pub(super) fn enough(kind: &Kind, count: usize) -> Gap {
    let text = format!("there are more than the {count} that are read");
    Gap::new("truncated", kind.plural.as_ref(), text).hint("name fewer namespaces: `-n NAMESPACE`")
}

/// Objects within a list that are not as their kind should be.
pub(super) fn odd_objects(kind: &Kind, unreadable: usize, problem: Option<String>) -> Option<Gap> {
    let problem = problem?;
    let text = format!("objects that cannot be read: {unreadable}; the first: {problem}");
    Some(Gap::new("unreadable", kind.plural.as_ref(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_namespaces_are_not_all_named() {
        let names = |count: u32| (0..count).map(|n| format!("n{n}")).collect();
        assert_eq!(subject("pods", names(0)), "pods");
        assert_eq!(subject("pods", names(2)), "pods in n0, n1");
        assert_eq!(
            subject("pods", names(8)),
            "pods in n0, n1, n2, n3, n4 and 3 more"
        );
    }
}
