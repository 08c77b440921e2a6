//! What is wrong with settings of single workloads. It ends nothing: advice says it.

use crate::snapshot::ParseSelectorError;
use crate::snapshot::annotation::{self, PREFIX};
use crate::units::ParseAmountError;

/// Why a text is no rule of the policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error(transparent)]
    Selector(ParseSelectorError),
    #[error("`{text}` is not a valid glob: {}", source.kind())]
    Glob {
        text: String,
        #[source]
        source: globset::Error,
    },
    #[error("there is no field `{0}`")]
    Field(String),
}

/// Why a value of an annotation or of the policy sets nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SettingError {
    #[error("`{value}` is not one of {known}")]
    Choice { value: String, known: String },
    #[error("`{0}` is neither true nor false")]
    Switch(String),
    #[error("`{0}` is no time zone that is known here")]
    Zone(String),
    #[error("`{0}` is not a share between 0 and 1")]
    Share(String),
    #[error("`{0}` is not above zero")]
    Zero(String),
    #[error(transparent)]
    Amount(#[from] ParseAmountError),
    #[error("did you mean `{PREFIX}{0}`?")]
    Near(&'static str),
    #[error("known are {}", annotation::KNOWN.join(", "))]
    Unknown,
}

impl SettingError {
    pub(super) fn choice(value: &str, known: &[&str]) -> Self {
        Self::Choice {
            value: value.to_owned(),
            known: known.join(", "),
        }
    }

    /// There is no setting of this name.
    pub(super) fn unknown(name: &str) -> Self {
        annotation::nearest(name).map_or(Self::Unknown, Self::Near)
    }
}
