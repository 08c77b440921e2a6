use globset::{GlobBuilder, GlobMatcher};

/// Which namespaces and workloads are looked at.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    /// A label selector for workloads' pods, as kubectl takes it.
    pub selector: Option<String>,
}

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

/// Why a text is no pattern for namespaces.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{text}` is not a valid pattern for namespaces: {problem}")]
pub struct ParseScopeError {
    text: String,
    problem: String,
}

impl Scope {
    /// From `--namespace` values: names or globs, `!` in front to exclude.
    ///
    /// With only exclusions everything else is in; an exclusion always wins.
    pub fn new(patterns: &[String], selector: Option<String>) -> Result<Self, ParseScopeError> {
        let mut scope = Self {
            selector,
            ..Self::default()
        };
        for text in patterns {
            let (list, glob) = match text.strip_prefix('!') {
                Some(glob) => (&mut scope.exclude, glob),
                None => (&mut scope.include, text.as_str()),
            };
            list.push(Pattern::new(glob)?);
        }
        Ok(scope)
    }

    /// Whether every namespace is looked at.
    pub fn is_everything(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether a namespace is looked at.
    pub fn namespace(&self, name: &str) -> bool {
        let matches = |patterns: &[Pattern]| patterns.iter().any(|p| p.matcher.is_match(name));
        (self.include.is_empty() || matches(&self.include)) && !matches(&self.exclude)
    }

    /// The namespaces by name, when no pattern has to be expanded; then each can
    /// be listed alone, which needs a Role instead of a ClusterRole.
    pub fn exact_namespaces(&self) -> Option<Vec<&str>> {
        let plain = |pattern: &&Pattern| !pattern.text.contains(['*', '?', '[', '{']);
        let all_plain = !self.include.is_empty() && self.include.iter().all(|p| plain(&p));
        all_plain.then(|| {
            let mut names: Vec<&str> = self.include.iter().map(|p| p.text.as_str()).collect();
            names.retain(|name| self.namespace(name));
            names.sort_unstable();
            names.dedup();
            names
        })
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, ParseScopeError> {
        let fail = |problem: &str| ParseScopeError {
            text: text.to_owned(),
            problem: problem.to_owned(),
        };
        if text.is_empty() {
            return Err(fail("it is empty"));
        }
        let glob = GlobBuilder::new(text)
            .build()
            .map_err(|error| fail(&error.to_string()))?;
        Ok(Self {
            text: text.to_owned(),
            matcher: glob.compile_matcher(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(patterns: &[&str]) -> Scope {
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        Scope::new(&patterns, None).unwrap()
    }

    #[test]
    fn an_exclusion_wins() {
        let scope = scope(&["team-*", "!team-b"]);
        assert!(scope.namespace("team-a"));
        assert!(!scope.namespace("team-b"));
        assert!(!scope.namespace("shop"));
    }

    #[test]
    fn exclusions_alone_leave_the_rest() {
        let scope = scope(&["!kube-*"]);
        assert!(scope.namespace("shop"));
        assert!(!scope.namespace("kube-system"));
        assert!(scope.exact_namespaces().is_none());
    }

    #[test]
    fn plain_names_can_be_listed_alone() {
        assert_eq!(
            scope(&["b", "a", "a"]).exact_namespaces(),
            Some(vec!["a", "b"])
        );
        assert_eq!(scope(&["a*"]).exact_namespaces(), None);
    }
}
