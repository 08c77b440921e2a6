//! What the user decides, from flags and `KCOST_*`, checked once.

/// Why settings make no sense.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error("{0}")]
    Invalid(String),
}

impl ConfigError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
