//! The part of a cluster that a limit is about.

use std::fmt;
use std::str::FromStr;

use crate::snapshot::Workload;

/// Workloads that a limit is about: `namespace:shop`, `label:team=web`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Namespace(String),
    /// Key and value.
    Label(String, String),
}

impl Scope {
    /// Whether it means this workload.
    pub fn holds(&self, workload: &Workload) -> bool {
        match self {
            Self::Namespace(name) => workload.id.namespace == *name,
            Self::Label(key, value) => workload.label(key) == Some(value),
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':').filter(|(_, rest)| !rest.is_empty());
        let found = match parts {
            Some(("namespace", name)) => Some(Self::Namespace(name.to_owned())),
            Some(("label", rest)) => rest
                .split_once('=')
                .filter(|(key, _)| !key.is_empty())
                .map(|(key, value)| Self::Label(key.to_owned(), value.to_owned())),
            _ => None,
        };
        found.ok_or_else(|| format!("`{text}` is not `namespace:NAME` or `label:KEY=VALUE`"))
    }
}

/// As it is given.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(f, "namespace:{name}"),
            Self::Label(key, value) => write!(f, "label:{key}={value}"),
        }
    }
}
