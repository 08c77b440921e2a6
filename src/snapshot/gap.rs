use serde::{Deserialize, Serialize};

/// Something that could not be read or understood.
///
/// A gap is part of the report and never an error; `--strict` makes it one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// A stable identifier in kebab-case: `forbidden`, `no-usage`, `duplicate-series`.
    pub code: String,
    /// What is missing or in doubt: `pods in shop`, `Deployment shop/api`.
    pub subject: String,
    /// What happened, one sentence without a period.
    pub text: String,
    /// One next step, where there is one.
    pub hint: Option<String>,
    /// How many things it is about, where they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl Gap {
    pub fn new(code: &str, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            subject: subject.into(),
            text: text.into(),
            hint: None,
            count: None,
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says how many things it is about.
    #[must_use]
    pub fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }
}
