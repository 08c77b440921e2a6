//! What a file is by its name and its place, where no flag says it.

use std::path::Path;

use super::settings::NAME;

/// A file or folder that kcost reads, by the flag that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    Bundle,
    Objects,
    Usage,
    Settings,
}

/// How a bundle ends.
const BUNDLE: &str = ".kcost";
/// Endings of dumps of objects, as kubectl and its like write them.
const OBJECTS: [&str; 6] = [".yaml", ".yml", ".json", ".tar", ".tar.gz", ".tgz"];
/// Endings of tables of usage.
const USAGE: [&str; 2] = [".csv", ".parquet"];

impl Given {
    /// `None` where a word is no file, and does not look like one.
    pub(super) fn of(word: &str) -> Option<Self> {
        let is_there = || Path::new(word).exists().then_some(Self::Objects);
        Self::named(word).or_else(is_there)
    }

    /// The same of what is called like such a file, whatever else is there.
    pub(super) fn named(word: &str) -> Option<Self> {
        let path = Path::new(word);
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let packed = name.strip_suffix(".gz").unwrap_or(&name);
        let ends = |endings: &[&str]| {
            let mut endings = endings.iter();
            endings.any(|ending| name.ends_with(ending) || packed.ends_with(ending))
        };
        if ends(&[BUNDLE]) || path.join("snapshot.json").is_file() {
            Some(Self::Bundle)
        } else if name == NAME {
            Some(Self::Settings)
        } else if ends(&USAGE) {
            Some(Self::Usage)
        } else if ends(&OBJECTS) {
            Some(Self::Objects)
        } else {
            None
        }
    }

    /// The flag that takes it.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::Bundle => "--snapshot",
            Self::Objects => "--objects",
            Self::Usage => "--usage",
            Self::Settings => "--config",
        }
    }

    /// What to write for it; `path` as a shell reads it.
    pub(super) fn words(self, path: &str) -> String {
        match self {
            // Usage alone says nothing of what is requested.
            Self::Usage => format!("--objects FILE --usage {path}"),
            other => format!("{} {path}", other.flag()),
        }
    }

    /// What it is called.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Bundle => "a bundle",
            Self::Objects => "a dump of objects",
            Self::Usage => "a table of usage",
            Self::Settings => "a file of settings",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name() {
        let known = [
            ("prod.kcost", Some(Given::Bundle)),
            ("out/prod.kcost/", Some(Given::Bundle)),
            ("dump.yaml", Some(Given::Objects)),
            ("dump.JSON.gz", Some(Given::Objects)),
            ("must-gather.tar.gz", Some(Given::Objects)),
            ("usage.csv.gz", Some(Given::Usage)),
            ("usage.parquet", Some(Given::Usage)),
            ("ci/kcost.yaml", Some(Given::Settings)),
            ("shop", None),
            ("shop/Deployment/api", None),
            ("", None),
        ];
        for (word, given) in known {
            assert_eq!(Given::of(word), given, "{word}");
        }
    }
}
