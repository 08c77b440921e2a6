//! What happened at a moment, to be marked in a plot.

use jiff::Timestamp;

use crate::snapshot::{Container, Grid, Workload};

/// One moment worth a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub at: Timestamp,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Template,
    Restart,
    Kill,
}

impl Mark {
    /// As it stands in a plot.
    pub fn letter(self) -> char {
        match self.kind {
            Kind::Template => 'T',
            Kind::Restart => 'R',
            Kind::Kill => 'K',
        }
    }

    /// What the letter stands for.
    pub fn what(self) -> &'static str {
        match self.kind {
            Kind::Template => "new template",
            Kind::Restart => "ended or crashed",
            Kind::Kill => "OOM-killed",
        }
    }
}

/// What happened to a container within the window; what matters most comes last, so
/// that it is seen where marks meet.
pub(super) fn marks(workload: &Workload, container: &Container, grid: &Grid) -> Vec<Mark> {
    let ends = container.terminations.iter().filter_map(|end| {
        let kind = if end.reason == "OOMKilled" {
            Kind::Kill
        } else {
            Kind::Restart
        };
        Some(Mark {
            at: end.finished?,
            kind,
        })
    });
    let template = workload.template_changed.map(|at| Mark {
        at,
        kind: Kind::Template,
    });
    let within = |mark: &Mark| mark.at >= grid.start && mark.at <= grid.end();
    let mut all: Vec<Mark> = ends.chain(template).filter(within).collect();
    all.sort_by_key(|mark| (mark.kind, mark.at));
    all
}
