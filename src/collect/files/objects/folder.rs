use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders within each other that are looked into.
const DEEPEST: usize = 64;

/// How names of dumps end; the same with `.gz` behind it.
const ENDINGS: [&str; 3] = ["json", "yaml", "yml"];

/// What lies in a folder.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Files that may be dumps, sorted, and what each is too large or odd for.
    pub(super) dumps: Vec<PathBuf>,
    /// What is called like a dump and is no plain file, and what folders cannot
    /// be looked into.
    pub(super) closed: Vec<(PathBuf, io::Error)>,
    /// All else.
    pub(super) others: usize,
}

/// Whether a file of this name may be a dump. Those of Mac OS and of version
/// control begin with a dot.
pub(super) fn is_dump(name: &str) -> bool {
    let path = Path::new(name);
    let hidden = |part: &str| part.starts_with('.') && !matches!(part, "." | "..");
    if name.split('/').any(hidden) {
        return false;
    }
    let plain = match path.extension() {
        Some(end) if end.eq_ignore_ascii_case("gz") => path.with_extension(""),
        _ => path.to_owned(),
    };
    let ending = plain.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|it| ENDINGS.iter().any(|end| end.eq_ignore_ascii_case(it)))
}

/// Looks through a folder and those in it. Links are not followed: they may lead
/// out of it, or in circles.
pub(super) fn list(root: &Path) -> io::Result<Folder> {
    let mut found = Folder::default();
    let mut open = vec![(root.to_owned(), 0)];
    fs::read_dir(root)?;
    while let Some((folder, depth)) = open.pop() {
        match fs::read_dir(&folder) {
            Ok(entries) => {
                for entry in entries {
                    found.add(&entry?, depth, &mut open)?;
                }
            }
            Err(error) => found.closed.push((folder, error)),
        }
    }
    found.dumps.sort();
    found.closed.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

impl Folder {
    fn add(
        &mut self,
        entry: &fs::DirEntry,
        depth: usize,
        open: &mut Vec<(PathBuf, usize)>,
    ) -> io::Result<()> {
        let (kind, name) = (entry.file_type()?, entry.file_name());
        let name = name.to_string_lossy();
        if kind.is_dir() && !name.starts_with('.') && depth < DEEPEST {
            open.push((entry.path(), depth + 1));
        } else if kind.is_dir() || !is_dump(&name) {
            self.others += 1;
        } else if kind.is_file() {
            self.dumps.push(entry.path());
        } else {
            let what = if kind.is_symlink() {
                "it is a link, and links in folders are not followed"
            } else {
                "it is not a regular file"
            };
            let error = io::Error::new(io::ErrorKind::Unsupported, what);
            self.closed.push((entry.path(), error));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_known_by_how_their_names_end() {
        for name in [
            "pods.json",
            "a/b/pods.YAML",
            "./a/pods.yml.gz",
            "../pods.json.gz",
        ] {
            assert!(is_dump(name), "{name}");
        }
        for name in [
            "pods.log",
            "pods.json.txt",
            "pods.gz",
            ".pods.json",
            "a/.git/b.yaml",
            "json",
        ] {
            assert!(!is_dump(name), "{name}");
        }
    }
}
