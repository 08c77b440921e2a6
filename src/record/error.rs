use crate::units::Span;

/// Why nothing can be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    #[error("the cluster has no metrics API to record")]
    NoMetrics,
    #[error("the metrics API may not be read: {text}")]
    Forbidden { text: String, rule: String },
    #[error("the recording is of the cluster `{recorded}`, and this is `{asked}`")]
    OtherCluster { recorded: String, asked: String },
    #[error("the recording has a sample every {step}, and `--every` is {every}")]
    Coarser { step: Span, every: Span },
}

impl RecordError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoMetrics => {
                "install metrics-server, or name a Prometheus with `--prometheus-url URL`"
                    .to_owned()
            }
            Self::Forbidden { rule, .. } => format!("allow it with the rule {rule}"),
            Self::OtherCluster { recorded, .. } => {
                format!("choose another `-o`, or the context `{recorded}`")
            }
            Self::Coarser { step, .. } => {
                format!("go on with `--every {step}`, or choose another `-o`")
            }
        })
    }
}
