//! Colour and emphasis. Never the only carrier of meaning.

use anstyle::{AnsiColor, Style};

use super::Look;
use crate::finding::Severity;
use crate::recommend::State;

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const GOOD_BOLD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const BAD_BOLD: Style = AnsiColor::Red.on_default().bold();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
pub(super) const HINT: Style = AnsiColor::Cyan.on_default();

/// Puts style on text, or leaves it plain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    color: bool,
    /// Whether marks and arrows may be more than ASCII.
    pub(super) unicode: bool,
}

impl Paint {
    pub(super) fn new(color: bool, unicode: bool) -> Self {
        Self { color, unicode }
    }

    pub(super) fn of(look: &Look) -> Self {
        Self::new(look.color, look.unicode)
    }

    pub(super) fn on(self, style: Style, text: &str) -> String {
        if self.color && style != PLAIN && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

pub(super) fn of_state(state: State) -> Style {
    match state {
        State::Idle => AnsiColor::Magenta.on_default(),
        State::OverProvisioned => WARN,
        State::UnderProvisioned => BAD,
        State::RightSized => GOOD,
        State::Unknown => DIM,
    }
}

pub(super) fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => BAD_BOLD,
        Severity::High => BAD,
        Severity::Medium => WARN,
        Severity::Low => PLAIN,
        Severity::None => DIM,
    }
}
