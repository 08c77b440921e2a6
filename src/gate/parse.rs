use super::{Outcome, Threshold};
use crate::pipeline::Analysis;

/// Why a text is no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no threshold: {problem}")]
pub struct ParseRuleError {
    text: String,
    problem: String,
}

/// Reads `cost-waste>30%`, or several between commas.
pub fn parse(_text: &str) -> Result<Vec<Threshold>, ParseRuleError> {
    todo!()
}

impl Threshold {
    pub(super) fn judge(&self, _analysis: &Analysis<'_>) -> Outcome {
        todo!()
    }
}
