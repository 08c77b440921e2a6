use crate::recommend::{Confidence, Reason};
use crate::units::{Ratio, Span};

/// How far the data on a workload can be trusted: one number, and what it is made of.
///
/// Of several containers each part is that of the worst.
#[derive(Debug, Clone, PartialEq)]
pub struct DataQuality {
    /// 0, nothing is known, to 100: two weeks or more without a doubt.
    pub score: u8,
    /// Slots with a sample ÷ slots between the first and the last with one.
    pub coverage: Ratio,
    /// From the first sample to the last.
    pub history: Span,
    /// From the last sample to the end of the window; `None` without any.
    pub age: Option<Span>,
    /// Stretches without a sample, and the longest.
    pub gaps: u32,
    pub longest_gap: Span,
    /// What else speaks against the data.
    pub doubts: Vec<Reason>,
    /// What confidence is held down to by it.
    pub allows: Confidence,
}

impl Default for DataQuality {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            score: 0,
            coverage: Ratio::ZERO,
            history: Span::default(),
            age: None,
            gaps: 0,
            longest_gap: Span::default(),
            doubts: Vec::new(),
            allows: Confidence::None,
        }
    }
}
