//! Which objects a patch of a kustomization is for.

use regex_automata::meta::Regex;
use serde::Deserialize;

/// The target of a patch, and of replacements. Labels and annotations are not looked at: what
/// they would leave out is taken to be in it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Selector {
    group: Option<String>,
    version: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
}

/// An object, by all that it is called on its way through kustomizations.
#[derive(Debug, Clone, Copy)]
pub(in crate::manifest) struct Subject<'a> {
    pub(in crate::manifest) group: &'a str,
    pub(in crate::manifest) version: &'a str,
    pub(in crate::manifest) kind: &'a str,
    /// In its file, and once it is built.
    pub(in crate::manifest) names: [&'a str; 2],
    /// In its file, empty where that says none, and once it is built.
    pub(in crate::manifest) namespaces: [&'a str; 2],
}

impl Selector {
    /// Whether it may be for this object.
    pub(super) fn may_be(&self, subject: &Subject<'_>) -> bool {
        fits(self.group.as_deref(), &[subject.group])
            && fits(self.version.as_deref(), &[subject.version])
            && fits(self.kind.as_deref(), &[subject.kind])
            && fits(self.name.as_deref(), &subject.names)
            && fits(self.namespace.as_deref(), &subject.namespaces)
    }
}

/// Whether a pattern is left out, or one of the texts is what it stands for. kustomize anchors
/// its patterns; one that cannot be read may be anything.
fn fits(pattern: Option<&str>, texts: &[&str]) -> bool {
    let Some(pattern) = pattern.filter(|it| !it.is_empty()) else {
        return true;
    };
    match Regex::new(&format!("^(?:{pattern})$")) {
        Ok(pattern) => texts.iter().any(|text| pattern.is_match(text)),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_whole_and_what_is_left_out_is_all() {
        let subject = Subject {
            group: "apps",
            version: "v1",
            kind: "Deployment",
            names: ["api", "dev-api"],
            namespaces: ["", "shop"],
        };
        let read = |text: &str| serde_yaml::from_str::<Selector>(text).unwrap();
        for yes in [
            "{kind: Deployment}",
            "{name: a.*}",
            "{name: dev-api, namespace: shop}",
            "{kind: Deployment|StatefulSet, group: apps}",
            "{labelSelector: a=b}",
            "{name: '('}",
        ] {
            assert!(read(yes).may_be(&subject), "{yes}");
        }
        for no in [
            "{kind: Deploy}",
            "{name: ap}",
            "{namespace: other}",
            "{version: v1beta1}",
        ] {
            assert!(!read(no).may_be(&subject), "{no}");
        }
    }
}
