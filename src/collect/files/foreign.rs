use std::path::Path;

use super::ImportError;

/// What a file is that was given as objects or as usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Columns for people, as kubectl prints them by default.
    Table,
    /// CSV with the columns of usage.
    Usage,
    /// A page of a website, such as that of a login.
    Page,
    Parquet,
    Zip,
    /// Packed with bzip2, xz or Zstandard.
    Packed,
}

/// How files begin that are something else.
const STARTS: [(&[u8], Foreign); 5] = [
    (b"PK\x03\x04", Foreign::Zip),
    (b"PAR1", Foreign::Parquet),
    (b"BZh", Foreign::Packed),
    (b"\xfd7zXZ\0", Foreign::Packed),
    (b"\x28\xb5\x2f\xfd", Foreign::Packed),
];

impl Foreign {
    pub(super) fn starting(start: &[u8]) -> Option<Self> {
        let mut known = STARTS.into_iter();
        let found = known.find(|(bytes, _)| start.starts_with(bytes));
        found.map(|(_, foreign)| foreign)
    }

    pub(super) fn of(self, path: &Path) -> ImportError {
        ImportError::Foreign {
            path: path.to_owned(),
            what: self,
        }
    }

    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Table => "it is a table for people, not JSON or YAML",
            Self::Usage => "it is a table of usage, not a dump of objects",
            Self::Page => "it is a page of HTML",
            Self::Parquet => "it is a Parquet table",
            Self::Zip => "it is a zip archive",
            Self::Packed => "it is compressed with something other than gzip",
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Table => "print the objects with `kubectl get KINDS -A -o json`",
            Self::Usage | Self::Parquet => "give tables of usage with `--usage`",
            Self::Page => "the server may want a login: download the file again",
            Self::Zip => "unpack it with `unzip -d FOLDER FILE` and name the folder",
            Self::Packed => "unpack it, or compress it with gzip",
        }
    }
}
