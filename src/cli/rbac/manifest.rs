//! Roles and bindings as YAML. Every name in them has been checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::collect::kubernetes::Rule;

const API_VERSION: &str = "rbac.authorization.k8s.io/v1";

/// A service account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) namespace: String,
    pub(super) name: String,
}

/// A Role, or without a namespace a ClusterRole.
pub(super) struct Grant {
    name: &'static str,
    namespace: Option<String>,
    /// Lines of a comment above it.
    note: Option<&'static str>,
    rules: Vec<Rule>,
    /// The one ConfigMap that it may read and change, and make where it is not there.
    shelf: Option<String>,
}

impl Grant {
    pub(super) fn everywhere(
        name: &'static str,
        note: Option<&'static str>,
        rules: Vec<Rule>,
    ) -> Self {
        Self {
            name,
            namespace: None,
            note,
            rules,
            shelf: None,
        }
    }

    pub(super) fn within(name: &'static str, namespace: String, rules: Vec<Rule>) -> Self {
        Self {
            name,
            namespace: Some(namespace),
            note: None,
            rules,
            shelf: None,
        }
    }

    /// The ConfigMap with records of runs. No rule for making one can name it.
    pub(super) fn shelf(name: &'static str, namespace: String, shelf: String) -> Self {
        Self {
            shelf: Some(shelf),
            ..Self::within(name, namespace, vec![Rule::create("", "configmaps")])
        }
    }

    /// The role, and its binding where there is an account to bind.
    pub(super) fn documents(&self, account: Option<&Account>) -> Vec<String> {
        let mut documents = vec![self.role()];
        documents.extend(account.map(|account| self.binding(account)));
        documents
    }

    fn kind(&self) -> &'static str {
        match self.namespace {
            Some(_) => "Role",
            None => "ClusterRole",
        }
    }

    fn head(&self, kind: &str) -> String {
        let mut text = format!("apiVersion: {API_VERSION}\nkind: {kind}\nmetadata:\n");
        text.push_str("  name: ");
        text.push_str(self.name);
        if let Some(namespace) = &self.namespace {
            text.push_str("\n  namespace: ");
            text.push_str(&scalar(namespace));
        }
        text.push('\n');
        text
    }

    fn role(&self) -> String {
        let mut text = self.note.unwrap_or_default().to_owned();
        text.push_str(&self.head(self.kind()));
        text.push_str("rules:\n");
        if let Some(shelf) = &self.shelf {
            let _ = write!(
                text,
                "- apiGroups: [\"\"]\n  resources: [configmaps]\n  resourceNames: [{}]\n  \
                 verbs: [get, patch]\n",
                scalar(shelf)
            );
        }
        for ((group, verbs), resources) in merged(&self.rules) {
            // Writing to a text cannot fail.
            let _ = write!(
                text,
                "- apiGroups: [{}]\n  resources: [{}]\n  verbs: [{}]\n",
                if group.is_empty() { "\"\"" } else { group },
                resources.join(", "),
                verbs.into_iter().collect::<Vec<_>>().join(", "),
            );
        }
        text
    }

    fn binding(&self, account: &Account) -> String {
        let kind = self.kind();
        let mut text = self.head(&format!("{kind}Binding"));
        let _ = write!(
            text,
            "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {}\n\
             subjects:\n- kind: ServiceAccount\n  namespace: {}\n  name: {}\n",
            self.name,
            scalar(&account.namespace),
            scalar(&account.name),
        );
        text
    }
}

/// Resources that share a group and verbs, in one rule.
fn merged(rules: &[Rule]) -> BTreeMap<(&str, BTreeSet<&str>), Vec<&str>> {
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for rule in rules {
        let of = verbs.entry((&rule.group, &rule.resource)).or_default();
        of.insert(rule.verb);
    }
    let mut merged: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for ((group, resource), verbs) in verbs {
        merged.entry((group, verbs)).or_default().push(resource);
    }
    merged
}

/// A checked name; quoted where YAML would take it for a number or a boolean.
fn scalar(name: &str) -> String {
    let odd = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if odd.contains(&name) || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_texts() {
        assert_eq!(scalar("shop"), "shop");
        assert_eq!(scalar("007"), "\"007\"");
        assert_eq!(scalar("no"), "\"no\"");
    }
}
