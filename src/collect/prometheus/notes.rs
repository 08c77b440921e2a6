//! What a store says besides its answers: warnings, remarks, that it is partial.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::answer::Head;
use crate::snapshot::Gap;

/// So many of one kind are told in full.
const NAMED: usize = 3;

/// As VictoriaMetrics means `isPartial`.
const PARTIAL: &str = "a part of the server's storage did not answer, so samples may be missing";

/// Notes of all answers, each once.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<BTreeSet<Note>>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Note {
    kind: Kind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Something may be missing: a store of Thanos or Mimir that is down.
    Partial,
    /// How the query was understood: `PromQL info: …`.
    Remark,
}

impl Notes {
    /// Takes what an answer says.
    pub(super) fn take(&self, head: &Head) {
        if head.warnings.is_empty() && head.infos.is_empty() && !head.partial {
            return;
        }
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if head.partial {
            held.insert(Note {
                kind: Kind::Partial,
                text: PARTIAL.to_owned(),
            });
        }
        held.extend(head.warnings.iter().map(|text| Note::new(text)));
        held.extend(head.infos.iter().map(|text| Note::new(text)));
    }

    /// One gap a note, and one for what is left of many.
    pub(super) fn gaps(&self, url: &str) -> Vec<Gap> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gaps = Vec::new();
        for kind in [Kind::Partial, Kind::Remark] {
            let of_kind: Vec<&Note> = held.iter().filter(|note| note.kind == kind).collect();
            let told = of_kind.iter().take(NAMED);
            gaps.extend(told.map(|note| kind.gap(url, note.text.clone())));
            if of_kind.len() > NAMED {
                let text = format!("and {} more warnings of this kind", of_kind.len() - NAMED);
                gaps.push(kind.gap(url, text));
            }
        }
        gaps
    }
}

impl Note {
    /// The same note of two queries differs in where it points to: ` (1:5)`.
    fn new(text: &str) -> Self {
        let text = text.trim();
        let place = |inner: &str| inner.chars().all(|c| c.is_ascii_digit() || c == ':');
        let without = text.strip_suffix(')').and_then(|rest| {
            let (before, inner) = rest.rsplit_once(" (")?;
            place(inner).then_some(before)
        });
        let kind = if text.starts_with("PromQL ") {
            Kind::Remark
        } else {
            Kind::Partial
        };
        Self {
            kind,
            text: without.unwrap_or(text).to_owned(),
        }
    }
}

impl Kind {
    fn gap(self, url: &str, text: String) -> Gap {
        let subject = format!("Prometheus at {url}");
        match self {
            Self::Partial => Gap::new("partial-answer", subject, text)
                .hint("usage may be missing: bring the store that it names back, and run again"),
            Self::Remark => Gap::new("query-remark", subject, text).hint(
                "check what `prometheus-names` of kcost.yaml says of this metric: CPU is a \
                 counter, memory a gauge",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_told_once_wherever_it_points_to() {
        let notes = Notes::default();
        let info = |at| format!("PromQL info: metric might not be a counter: \"x\" ({at})");
        notes.take(&Head {
            warnings: vec!["store-1: unavailable".to_owned()],
            infos: vec![info("1:6"), info("2:91")],
            partial: true,
            ..Head::default()
        });
        let many = (0..4).map(|number| format!("store-2 is down ({number}th try)"));
        notes.take(&Head {
            warnings: many.collect(),
            ..Head::default()
        });
        let told: Vec<String> = notes
            .gaps("http://a")
            .into_iter()
            .map(|gap| format!("{}: {}", gap.code, gap.text))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        partial-answer: a part of the server's storage did not answer, so samples may be missing
        partial-answer: store-1: unavailable
        partial-answer: store-2 is down (0th try)
        partial-answer: and 3 more warnings of this kind
        query-remark: PromQL info: metric might not be a counter: "x"
        "#);
    }
}
