use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::finding::{Finding, Severity};
use crate::recommend::Confidence;
use crate::snapshot::WorkloadId;
use crate::units::Span;

/// One failure that is coming, is there, or was there.
#[derive(Debug, Clone, PartialEq)]
pub struct Risk {
    /// The name of its check.
    pub check: &'static str,
    pub subject: Subject,
    /// The index of the workload that it is about, where it is about one.
    pub workload: Option<usize>,
    /// Indices of the workloads that it concerns where it is about something else, ascending:
    /// those on a node, those in a namespace.
    pub concerns: Vec<usize>,
    pub container: Option<String>,
    pub severity: Severity,
    pub confidence: Confidence,
    /// From when on it is seen; `None` where that is not known.
    pub since: Option<Timestamp>,
    /// When it was over; `None` while it goes on.
    pub until: Option<Timestamp>,
    /// When it hurts; `None` where it does already, or that cannot be told.
    pub impact: Option<Impact>,
    pub chance: Option<Chance>,
    /// What it is, one sentence without a period.
    pub text: String,
    pub evidence: Vec<Evidence>,
    pub action: Action,
}

/// What a risk is about: a workload, a node, a quota, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// `None` for what belongs to the cluster.
    pub namespace: Option<String>,
    pub kind: String,
    pub name: String,
    pub template: Option<String>,
}

/// When something hurts, with the bounds that it lies within in eight cases of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impact {
    pub at: Timestamp,
    pub earliest: Timestamp,
    /// `None` where it may never come.
    pub latest: Option<Timestamp>,
}

/// How likely it is within a time from the end of the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    pub probability: f64,
    pub within: Span,
}

/// A number or a time that a risk follows from.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// In snake_case, with its unit: `memory_limit_bytes`.
    pub name: &'static str,
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    Number(f64),
    Text(String),
    Time(Timestamp),
}

/// The one thing to do about it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Action {
    /// An order, without a period.
    pub text: String,
    pub patch: Option<Patch>,
}

/// A change of one object, as a strategic merge patch.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    pub api_version: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub body: Value,
}

impl Risk {
    /// Nothing but what it is about, for the fields that a check does not know.
    pub(super) fn on(check: &'static str, subject: Subject) -> Self {
        Self {
            check,
            subject,
            workload: None,
            concerns: Vec::new(),
            container: None,
            severity: Severity::Low,
            confidence: Confidence::High,
            since: None,
            until: None,
            impact: None,
            chance: None,
            text: String::new(),
            evidence: Vec::new(),
            action: Action::default(),
        }
    }

    /// The same as a finding on its workload; `None` for what is about no single one.
    pub fn finding(&self) -> Option<Finding> {
        Some(Finding {
            code: self.check,
            severity: self.severity,
            workload: self.workload?,
            text: self.sentence(),
        })
    }

    /// What it is and what to do, in one sentence.
    pub fn sentence(&self) -> String {
        let container = self.container.as_ref();
        let of = container.map_or_else(String::new, |name| format!("container `{name}`: "));
        let todo = &self.action.text;
        if todo.is_empty() {
            format!("{of}{}", self.text)
        } else {
            format!("{of}{}: {todo}", self.text)
        }
    }
}

impl From<&WorkloadId> for Subject {
    fn from(id: &WorkloadId) -> Self {
        Self {
            namespace: Some(id.namespace.clone()),
            kind: id.kind.clone(),
            name: id.name.clone(),
            template: id.template.clone(),
        }
    }
}

/// `shop/Deployment/api`, `Node/n0`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}/{}", self.kind, self.name)?;
        match &self.template {
            Some(template) => write!(f, "/{template}"),
            None => Ok(()),
        }
    }
}

impl Subject {
    /// Something in a namespace that is no workload.
    pub(super) fn of(kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            namespace: Some(namespace.to_owned()),
            kind: kind.to_owned(),
            name: name.to_owned(),
            template: None,
        }
    }

    pub(super) fn node(name: &str) -> Self {
        Self {
            namespace: None,
            kind: "Node".to_owned(),
            name: name.to_owned(),
            template: None,
        }
    }
}

impl Evidence {
    pub(super) fn number(name: &'static str, value: f64) -> Self {
        Self {
            name,
            fact: Fact::Number(value),
        }
    }

    pub(super) fn text(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            fact: Fact::Text(value.into()),
        }
    }

    pub(super) fn time(name: &'static str, value: Timestamp) -> Self {
        Self {
            name,
            fact: Fact::Time(value),
        }
    }
}

impl Action {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            patch: None,
        }
    }

    pub(super) fn with(self, patch: Option<Patch>) -> Self {
        Self { patch, ..self }
    }
}
