//! What Git ignores of a tree: what others make in it.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The file with rules for its folder and all below.
const RULES: &str = ".gitignore";

/// The rules that hold in a folder, the outermost first.
#[derive(Debug, Clone, Default)]
pub(super) struct Ignored(Vec<Gitignore>);

impl Ignored {
    /// The rules above a folder that is in a work tree of Git.
    pub(super) fn around(folder: &Path) -> Self {
        let Ok(folder) = folder.canonicalize() else {
            return Self::default();
        };
        let Some(root) = folder.ancestors().find(|it| it.join(".git").exists()) else {
            return Self::default();
        };
        let above = folder.ancestors().skip(1);
        let mut above: Vec<&Path> = above.take_while(|it| it.starts_with(root)).collect();
        above.reverse();
        let mut rules = Self(Vec::new());
        let mut local = GitignoreBuilder::new(root);
        if local.add(root.join(".git/info/exclude")).is_none() {
            rules.0.extend(local.build().ok());
        }
        above.into_iter().fold(rules, |rules, it| rules.below(it))
    }

    /// These and what a folder adds to them.
    pub(super) fn below(&self, folder: &Path) -> Self {
        let mut all = self.clone();
        let own = folder.join(RULES);
        if own.is_file() {
            // A folder as it is, whatever the way to it was.
            let place = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            let mut rules = GitignoreBuilder::new(place);
            // Rules that cannot be read leave the others.
            let _ = rules.add(own);
            all.0.extend(rules.build().ok());
        }
        all
    }

    /// Whether Git ignores a path whose folder it does not.
    pub(super) fn has(&self, path: &Path, is_folder: bool) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let folder = path.parent().and_then(|it| it.canonicalize().ok());
        let whole = folder
            .zip(path.file_name())
            .map(|(folder, name)| folder.join(name));
        let whole = whole.as_deref().unwrap_or(path);
        // The innermost that says anything counts.
        let mut said = self.0.iter().rev().map(|it| it.matched(whole, is_folder));
        let said = said.find(|it| !matches!(it, Match::None));
        matches!(said, Some(Match::Ignore(_)))
    }
}
