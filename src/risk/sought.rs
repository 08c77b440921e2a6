use super::Risk;
use crate::snapshot::Gap;
use crate::text::count;

/// What a check found, and what it could not look at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sought {
    pub risks: Vec<Risk>,
    unknown: Vec<Unknown>,
}

/// Things of one sort that a check cannot judge, for one reason.
#[derive(Debug, Clone, PartialEq)]
struct Unknown {
    /// What they are: `container`.
    noun: &'static str,
    /// Why: `with a CPU limit, whose throttling is not measured`.
    why: &'static str,
    hint: &'static str,
    times: usize,
}

impl Sought {
    /// Nothing to tell.
    pub(super) fn fine() -> Self {
        Self::default()
    }

    pub(super) fn risk(risk: Risk) -> Self {
        Self {
            risks: vec![risk],
            unknown: Vec::new(),
        }
    }

    /// One that cannot be judged: what it is, why, and what would help.
    pub(super) fn unknown(noun: &'static str, why: &'static str, hint: &'static str) -> Self {
        Self {
            risks: Vec::new(),
            unknown: vec![Unknown {
                noun,
                why,
                hint,
                times: 1,
            }],
        }
    }

    /// Both together.
    #[must_use]
    pub(super) fn and(mut self, other: Self) -> Self {
        self.risks.extend(other.risks);
        for it in other.unknown {
            let mut known = self.unknown.iter_mut();
            match known.find(|known| known.noun == it.noun && known.why == it.why) {
                Some(known) => known.times += it.times,
                None => self.unknown.push(it),
            }
        }
        self
    }

    /// The same, with other risks in place of these.
    pub(super) fn replace(&mut self, by: Self, these: impl Fn(&Risk) -> bool) {
        self.risks.retain(|risk| !these(risk));
        self.risks.extend(by.risks.into_iter().filter(these));
    }

    /// One gap for each reason.
    pub(super) fn gaps(&self, check: &'static str) -> impl Iterator<Item = Gap> {
        let gap = move |it: &Unknown| {
            let text = format!("{} {}", count(it.times, it.noun), it.why);
            let gap = Gap::new("risk-unknown", check, text);
            if it.hint.is_empty() {
                gap
            } else {
                gap.hint(it.hint)
            }
        };
        self.unknown.iter().map(gap)
    }
}

impl FromIterator<Self> for Sought {
    fn from_iter<T: IntoIterator<Item = Self>>(all: T) -> Self {
        all.into_iter().fold(Self::fine(), Self::and)
    }
}
