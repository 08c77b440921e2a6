use std::path::Path;

use super::super::ImportError;
use crate::snapshot::Gap;

/// How many of what cannot be read are named; more are counted.
const NAMED: usize = 10;

/// Objects and files that cannot be read.
#[derive(Debug, Default)]
pub(super) struct Broken {
    named: Vec<(Gap, ImportError)>,
    more: usize,
}

impl Broken {
    /// Notes one, with the error that it is where nothing else can be read.
    pub(super) fn note(&mut self, make: impl FnOnce() -> (Gap, ImportError)) {
        if self.named.len() < NAMED {
            self.named.push(make());
        } else {
            self.more += 1;
        }
    }

    /// Takes over those of a part.
    pub(super) fn merge(&mut self, other: Self) {
        self.more += other.more;
        for one in other.named {
            self.note(|| one);
        }
    }

    /// The gaps of `file`, and the first of them as an error.
    pub(super) fn finish(self, file: &Path) -> (Vec<Gap>, Option<ImportError>) {
        let (mut gaps, errors): (Vec<_>, Vec<_>) = self.named.into_iter().unzip();
        if self.more > 0 {
            let text = format!("more objects that cannot be read: {}", self.more);
            let file = file.display().to_string();
            gaps.push(Gap::new("unreadable-object", file, text));
        }
        (gaps, errors.into_iter().next())
    }
}
