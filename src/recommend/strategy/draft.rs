use crate::recommend::{Confidence, Methods, Reason, Risk, Sizing};

/// What a strategy proposes for one container.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub sizing: Sizing,
    pub risk: Option<Risk>,
    /// How each size was found.
    pub methods: Methods,
    pub confidence: Confidence,
    /// In the order in which they apply. Never empty.
    pub reasons: Vec<Reason>,
}
