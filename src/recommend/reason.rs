//! Why a number is what it is: a code that never changes, and a sentence.

/// Why a number is what it is, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A stable identifier in snake_case: `percentile`, `oom_killed`.
    pub code: &'static str,
    /// One sentence without a period, with the numbers.
    pub text: String,
}

impl Reason {
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}
