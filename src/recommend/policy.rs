//! What `kcost.yaml` rules for workloads: the first rule that matches wins.

use std::sync::Arc;

use globset::{Glob, GlobMatcher};

use super::RuleError;
use crate::snapshot::{Selector, Workload};

/// The rules of the run, in their order.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    rules: Arc<[Rule]>,
}

/// What holds for the workloads that it matches.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    namespace: Option<GlobMatcher>,
    kind: Option<GlobMatcher>,
    name: Option<GlobMatcher>,
    labels: Option<Selector>,
    /// Settings by the names of the annotations, and those only a policy may set.
    pub sets: Vec<(String, String)>,
}

impl Policy {
    pub fn new(rules: Vec<Rule>) -> Self {
        Self {
            rules: rules.into(),
        }
    }

    /// The first rule that matches.
    pub fn rule(&self, workload: &Workload) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.matches(workload))
    }
}

impl Rule {
    /// Narrows the rule: `field` is `namespace`, `kind`, `name` (globs) or `labels` (a selector).
    pub fn narrow(&mut self, field: &str, text: &str) -> Result<(), RuleError> {
        if field == "labels" {
            let selector = text.parse::<Selector>();
            self.labels = Some(selector.map_err(RuleError::Selector)?);
            return Ok(());
        }
        let glob = Glob::new(text).map_err(|source| RuleError::Glob {
            text: text.to_owned(),
            source,
        })?;
        let place = match field {
            "namespace" => &mut self.namespace,
            "kind" => &mut self.kind,
            "name" => &mut self.name,
            other => return Err(RuleError::Field(other.to_owned())),
        };
        *place = Some(glob.compile_matcher());
        Ok(())
    }

    fn matches(&self, workload: &Workload) -> bool {
        let holds = |glob: &Option<GlobMatcher>, text: &str| {
            glob.as_ref().is_none_or(|glob| glob.is_match(text))
        };
        let selected = |selector: &Selector| selector.matches(&workload.labels);
        holds(&self.namespace, &workload.id.namespace)
            && holds(&self.kind, &workload.id.kind)
            && holds(&self.name, &workload.id.name)
            && self.labels.as_ref().is_none_or(selected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::WorkloadId;

    fn workload(namespace: &str, name: &str) -> Workload {
        Workload {
            id: WorkloadId {
                namespace: namespace.to_owned(),
                kind: "Deployment".to_owned(),
                name: name.to_owned(),
                template: None,
            },
            labels: vec![("tier".to_owned(), "web".to_owned())],
            ..Workload::default()
        }
    }

    fn rule(fields: &[(&str, &str)], goal: &str) -> Rule {
        let mut rule = Rule::default();
        for (field, text) in fields {
            rule.narrow(field, text).unwrap();
        }
        rule.sets.push(("goal".to_owned(), goal.to_owned()));
        rule
    }

    #[test]
    fn the_first_match_wins_and_all_fields_must_hold() {
        let policy = Policy::new(vec![
            rule(&[("namespace", "pay*"), ("name", "api")], "reliability"),
            rule(&[("labels", "tier=web")], "savings"),
        ]);
        let goal = |namespace, name| {
            policy
                .rule(&workload(namespace, name))
                .map(|r| r.sets[0].1.clone())
        };
        assert_eq!(goal("payments", "api").as_deref(), Some("reliability"));
        assert_eq!(goal("payments", "web").as_deref(), Some("savings"));
        assert!(Policy::default().rule(&workload("a", "b")).is_none());
        assert!(Rule::default().narrow("name", "[").is_err());
        assert!(Rule::default().narrow("labels", "a b").is_err());
    }
}
