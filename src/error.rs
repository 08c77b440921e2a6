//! Everything that can go wrong outside kcost itself, with what to do about it.

use std::io;

use crate::apply::ApplyError;
use crate::collect::files::ImportError;
use crate::collect::kubernetes::KubernetesError;
use crate::collect::opencost::OpenCostError;
use crate::collect::prometheus::PrometheusError;
use crate::collect::reach::ReachError;
use crate::config::ConfigError;
use crate::exit::Exit;
use crate::record::RecordError;
use crate::snapshot::BundleError;

/// A failure that ends the program.
///
/// Each area has an enum of its own, with its hints; this one adds the exit code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    #[error(transparent)]
    OpenCost(#[from] OpenCostError),
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The command line is understood by clap, but not by us.
    #[error("{text}")]
    Usage { text: String, hint: Option<String> },
    /// A file or its folder does not let us do what was asked for.
    #[error("{text}")]
    File { text: String, hint: String },
    #[error("there is nothing to analyze: {reason}")]
    Empty { reason: String, hint: String },
    /// `--strict`, and the snapshot has gaps.
    #[error("the data has {gaps} {}, and `--strict` is set", if *.gaps == 1 { "gap" } else { "gaps" })]
    Strict { gaps: usize },
    /// A gate that no verdict can be given on.
    #[error("the gate has no verdict: only {:.0}% of the value of requests could be judged", (*.share * 100.0).floor())]
    NotJudged { share: f64 },
    /// Some of several clusters have no result; the others have been shown.
    #[error("{failed} of {all} clusters could not be read")]
    Clusters { failed: usize, all: usize },
    #[error("failed to start the runtime")]
    Runtime(#[source] io::Error),
    #[error("failed to write the result")]
    Write(#[source] io::Error),
}

impl Error {
    /// One next step that the user can take, without a trailing period.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Apply(error) => error.hint(),
            Self::Bundle(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::Import(error) => error.hint(),
            Self::Kubernetes(error) => error.hint(),
            Self::OpenCost(error) => error.hint(),
            Self::Prometheus(error) => error.hint(),
            Self::Reach(error) => error.hint(),
            Self::Record(error) => error.hint(),
            Self::Usage { hint, .. } => hint.clone(),
            Self::File { hint, .. } | Self::Empty { hint, .. } => Some(hint.clone()),
            Self::Strict { .. } => {
                Some("each gap is in the report above, with what to do about it".to_owned())
            }
            Self::NotJudged { .. } => Some(
                "`-o wide` says what is missing for `unknown` workloads; `--min-judged` sets how much must be judged"
                    .to_owned(),
            ),
            Self::Clusters { .. } => {
                Some("each failure is shown above, with what to do about it".to_owned())
            }
            Self::Runtime(_) | Self::Write(_) => None,
        }
    }

    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Config(_) => Exit::Usage,
            Self::Empty { .. } => Exit::Empty,
            Self::Apply(_)
            | Self::Bundle(_)
            | Self::Import(_)
            | Self::Kubernetes(_)
            | Self::OpenCost(_)
            | Self::Prometheus(_)
            | Self::Reach(_)
            | Self::Record(_)
            | Self::File { .. }
            | Self::Strict { .. }
            | Self::NotJudged { .. }
            | Self::Clusters { .. }
            | Self::Runtime(_)
            | Self::Write(_) => Exit::Failed,
        }
    }
}
