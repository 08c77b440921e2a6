use std::borrow::Cow;

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The name of its check.
    pub check: &'static str,
    pub status: Status,
    /// What it takes from 100.
    pub cost: u8,
    /// What was found, one sentence without a period.
    pub text: String,
    /// What that does to the advice.
    pub effect: Option<String>,
    /// A command, a flag or a snippet that can be pasted, or one sentence.
    pub mend: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    Ok,
    /// It could not be looked at.
    Unknown,
    /// Advice is less sure, or less of it.
    Warn,
    /// There is no advice, or it is wrong.
    Bad,
}

impl Status {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

impl Point {
    fn new(status: Status, cost: u8, text: impl Into<String>) -> Self {
        Self {
            check: "",
            status,
            cost,
            text: text.into(),
            effect: None,
            mend: None,
        }
    }

    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self::new(Status::Ok, 0, text)
    }

    pub(super) fn unknown(cost: u8, text: impl Into<String>) -> Self {
        Self::new(Status::Unknown, cost, text)
    }

    pub(super) fn warn(cost: u8, text: impl Into<String>) -> Self {
        Self::new(Status::Warn, cost, text)
    }

    pub(super) fn bad(cost: u8, text: impl Into<String>) -> Self {
        Self::new(Status::Bad, cost, text)
    }

    pub(super) fn effect(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.effect = Some(text.into().into_owned());
        self
    }

    pub(super) fn mend(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.mend = Some(text.into().into_owned());
        self
    }

    /// With a next step, where there is one.
    pub(super) fn hint(mut self, hint: Option<&str>) -> Self {
        self.mend = hint.map(str::to_owned).or(self.mend);
        self
    }

    pub(super) fn of(mut self, check: &'static str) -> Self {
        self.check = check;
        self
    }
}
