//! Usage over time from anything that speaks the Prometheus HTTP API.

use super::{Scope, UsageBuilder};
use crate::progress::Progress;
use crate::snapshot::Gap;
use crate::units::Span;
use jiff::Timestamp;

/// Where usage is read from, and how much of it.
#[derive(Debug, Clone)]
pub struct PrometheusOptions {
    /// `--prometheus-url`; may end in a path, as Mimir's does.
    pub url: String,
    pub window: Span,
    pub step: Span,
    /// The end of the window.
    pub end: Timestamp,
    /// Longest wait for one answer.
    pub timeout: std::time::Duration,
    /// Ranges asked for at a time.
    pub concurrency: usize,
}

/// Why no usage could be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrometheusError {
    #[error("`{url}` is not a URL of a Prometheus")]
    BadUrl { url: String },
}

impl PrometheusError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        None
    }
}

/// CPU and memory of every container in scope over the window.
pub async fn usage(
    _options: &PrometheusOptions,
    _scope: &Scope,
    _progress: &dyn Progress,
) -> Result<(UsageBuilder, Vec<Gap>), PrometheusError> {
    todo!()
}
