//! What may be applied at all, whatever a server says.

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::Timestamp;

use super::Why;
use super::health::FOLLOWED;
use super::window::Window;
use crate::change::{Change, Edit, Resource, Section};
use crate::recommend::Confidence;

/// Namespaces of the system itself, and of networks and meshes that all others need.
pub const PROTECTED: [&str; 9] = [
    "kube-*",
    "openshift-*",
    "gke-*",
    "gmp-*",
    "calico-*",
    "tigera-*",
    "cilium*",
    "istio-system",
    "linkerd*",
];

/// Code of what waits for a maintenance window.
pub const CLOSED: &str = "maintenance_window";

/// Rounding of a quantity may go a little beyond the largest cut.
const SLACK: f64 = 0.01;

/// What the owner of a cluster lets kcost do.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Largest number of workloads of one run.
    pub max_changes: Option<usize>,
    /// Largest share of a request or limit that is cut.
    pub max_cut: f64,
    pub protected: GlobSet,
    /// What is not protected after all.
    pub unprotected: GlobSet,
    /// The least that is sure enough.
    pub confidence: Confidence,
    /// Open where there is none.
    pub windows: Vec<Window>,
    pub wave: Wave,
    /// Whether to write what some other tool writes back.
    pub kept_too: bool,
    /// Whether to take fields over from their owners.
    pub force: bool,
}

/// How many workloads change at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wave {
    Count(usize),
    /// Of all that change, 0 to 1.
    Share(f64),
}

impl Wave {
    /// Of this many at least one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a number of workloads fits into it"
    )]
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => count.max(1),
            Self::Share(share) => ((all as f64 * share).ceil() as usize).max(1),
        }
    }
}

/// The patterns as one set; those that are no patterns are told.
pub fn protected<'a>(patterns: impl Iterator<Item = &'a str>) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern)?);
    }
    set.build()
}

impl Rules {
    /// Why a change is not allowed; `None` where it is.
    pub fn refuse(&self, change: &Change<'_>, now: Timestamp) -> Option<Why> {
        self.closed(now)
            .or_else(|| self.of_namespace(change))
            .or_else(|| self.unsure(change))
            .or_else(|| self.cut(change))
            .or_else(|| self.kept(change))
            .or_else(|| unknown(change))
    }

    /// That no maintenance window is open; `None` where one is, or where there are none.
    pub fn closed(&self, now: Timestamp) -> Option<Why> {
        if self.windows.is_empty() || self.windows.iter().any(|it| it.is_open(now)) {
            return None;
        }
        let next = self.windows.iter().filter_map(|it| it.next(now)).min();
        let next = next.map_or_else(String::new, |next| format!("; the next opens at {next}"));
        let text = format!("no maintenance window is open{next}");
        Some(Why::new(CLOSED, text))
    }

    fn of_namespace(&self, change: &Change<'_>) -> Option<Why> {
        let namespace = &change.workload.id.namespace;
        let is_protected = self.protected.is_match(namespace);
        (is_protected && !self.unprotected.is_match(namespace)).then(|| {
            let text = format!("its namespace is protected; `--unprotect {namespace}` lifts that");
            Why::new("protected", text)
        })
    }

    fn unsure(&self, change: &Change<'_>) -> Option<Why> {
        let (own, least) = (change.advice.confidence, self.confidence);
        (own < least).then(|| {
            let text = format!(
                "its confidence is {}, below `--confidence {}`",
                own.name(),
                least.name()
            );
            Why::new("confidence", text)
        })
    }

    fn cut(&self, change: &Change<'_>) -> Option<Why> {
        let cuts = change.edits().filter_map(|edit| {
            let (before, after) = (edit.before?.get(), edit.after?.get());
            Some((edit, 1.0 - after / before.max(f64::MIN_POSITIVE)))
        });
        let (edit, share) = cuts.max_by(|a, b| a.1.total_cmp(&b.1))?;
        (share > self.max_cut + SLACK).then(|| {
            let text = format!(
                "it cuts the {} by {:.0}%, more than `--max-cut {:.0}%`",
                called(edit),
                share * 100.0,
                self.max_cut * 100.0
            );
            Why::new("max_cut", text)
        })
    }

    fn kept(&self, change: &Change<'_>) -> Option<Why> {
        let keeper = change.workload.keeper.as_ref()?;
        (keeper.tool.reverts() && !self.kept_too).then(|| Why::kept(keeper))
    }
}

/// What kcost cannot follow to its end it does not begin.
fn unknown(change: &Change<'_>) -> Option<Why> {
    let kinds = [&change.target.kind, &change.workload.id.kind];
    if let Some(kind) = kinds
        .into_iter()
        .find(|it| !FOLLOWED.contains(&it.as_str()))
    {
        let text = format!(
            "kcost does not follow rollouts of a {kind}: `kcost patch` writes what to change"
        );
        return Some(Why::new("kind", text));
    }
    let nothing = change.containers.is_empty() && change.pod.is_empty();
    nothing.then(|| {
        let text = "what changes is not in the pod template: change it where it is injected";
        Why::new("injected", text.to_owned())
    })
}

/// `CPU request`.
fn called(edit: &Edit) -> &'static str {
    match (edit.resource, edit.section) {
        (Resource::Cpu, Section::Requests) => "CPU request",
        (Resource::Cpu, Section::Limits) => "CPU limit",
        (Resource::Memory, Section::Requests) => "memory request",
        (Resource::Memory, Section::Limits) => "memory limit",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_at_least_one() {
        assert_eq!(Wave::Share(0.1).of(3), 1);
        assert_eq!(Wave::Share(0.1).of(25), 3);
        assert_eq!(Wave::Count(0).of(3), 1);
    }

    #[test]
    fn namespaces_of_the_system_are_protected() {
        let set = protected(PROTECTED.into_iter()).unwrap();
        for name in [
            "kube-system",
            "openshift-monitoring",
            "istio-system",
            "cilium",
        ] {
            assert!(set.is_match(name), "{name}");
        }
        assert!(!set.is_match("shop"));
        assert!(protected(["["].into_iter()).is_err());
    }
}
