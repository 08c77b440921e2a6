//! `kcost.yaml` beneath the flags: its settings become the flags' defaults.
//!
//! `./kcost.yaml` is read unasked, and may be anybody's: see [`unasked`](super::unasked).

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::ArgPredicate;

use super::unasked::{self, LeftOut};
use crate::config::{self, ConfigError, ConfigFile};
use crate::recommend::{Policy, Rule};

/// What a file of settings is called.
pub(super) const NAME: &str = "kcost.yaml";

/// Flags of which only one can hold: one that is given leaves nothing of what a
/// file says of the others.
const RIVALS: [&[&str]; 2] = [
    &["prometheus-url", "prometheus-service"],
    &[
        "prometheus-token",
        "prometheus-token-file",
        "prometheus-token-command",
        "prometheus-login",
    ],
];

/// The files that hold for this run, the stronger first.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    pub(super) read: Vec<ConfigFile>,
    /// Whether the first of them was neither named nor is the user's own.
    pub(super) unasked: bool,
    pub(super) left_out: Vec<LeftOut>,
}

impl Files {
    /// `--config FILE` alone, else `./kcost.yaml` and the user's file where they
    /// exist; none with `--no-config`.
    ///
    /// The command line is looked at before clap reads it, since what the files
    /// say are clap's defaults.
    pub(super) fn read(argv: &[OsString]) -> Result<Self, ConfigError> {
        let mut found = Self::default();
        match named(argv) {
            Named::None => {}
            Named::One(path) => found.read.push(config::read(&path)?),
            Named::Usual => {
                let user = user_file().filter(|path| path.is_file());
                unasked::read(user.as_deref(), &mut found)?;
                if let Some(path) = user {
                    found.read.push(config::read(&path)?);
                }
            }
        }
        Ok(found)
    }

    /// Makes every setting the default of the flag of its name, in all subcommands.
    pub(super) fn defaults(&self, mut command: clap::Command) -> clap::Command {
        // The stronger file comes last, so that it has the last word.
        for (place, file) in self.read.iter().enumerate().rev() {
            for setting in &file.parsed.settings {
                let stronger = &self.read[..place];
                if stronger.iter().any(|file| has_rival(file, setting.key)) {
                    continue;
                }
                command = command.mut_subcommands(|sub| {
                    let known = sub
                        .get_arguments()
                        .any(|arg| arg.get_long() == Some(setting.key));
                    if !known {
                        return sub;
                    }
                    let unless =
                        rivals(setting.key).map(|rival| (id(rival), ArgPredicate::IsPresent, None));
                    let unless: Vec<(String, ArgPredicate, Option<&str>)> = unless.collect();
                    sub.mut_arg(id(setting.key), |arg| {
                        let arg = arg.default_values(setting.values.clone());
                        arg.default_value_ifs(unless)
                    })
                });
            }
        }
        command
    }

    /// Where a setting comes from: `./kcost.yaml:3`.
    pub(super) fn origin(&self, key: &str) -> Option<String> {
        self.read.iter().find_map(|file| {
            let found = file
                .parsed
                .settings
                .iter()
                .find(|setting| setting.key == key)?;
            Some(format!("{}:{}", file.path.display(), found.line))
        })
    }

    /// Whether only the file that nobody asked for says this.
    pub(super) fn is_unasked(&self, key: &str) -> bool {
        let says = |file: &ConfigFile| {
            let found = file.parsed.settings.iter().find(|it| it.key == key);
            found.map(|setting| setting.values.clone())
        };
        let Some((first, others)) = self.read.split_first().filter(|_| self.unasked) else {
            return false;
        };
        says(first)
            .is_some_and(|values| !others.iter().any(|it| says(it).as_ref() == Some(&values)))
    }

    /// Whether the strongest file says something of a key.
    pub(super) fn first_says(&self, key: &str) -> bool {
        let first = self.read.first();
        first.is_some_and(|file| file.parsed.settings.iter().any(|it| it.key == key))
    }

    /// The same files, of which those that are the user's own say nothing of these keys.
    pub(super) fn without(&self, keys: &[&str]) -> Self {
        let mut files = self.clone();
        for file in files.read.iter_mut().skip(usize::from(self.unasked)) {
            file.parsed.settings.retain(|it| !keys.contains(&it.key));
        }
        files
    }

    /// The rules for workloads; those of the stronger file are asked first.
    pub(super) fn policy(&self) -> Result<Policy, ConfigError> {
        let mut rules = Vec::new();
        for file in &self.read {
            for parsed in &file.parsed.rules {
                let mut rule = Rule::default();
                for (field, text) in &parsed.matches {
                    // Both were checked when the file was read.
                    rule.narrow(field, text)
                        .map_err(|error| ConfigError::Wrong {
                            path: file.path.clone(),
                            line: parsed.line.max(1),
                            column: 1,
                            problem: error.to_string(),
                        })?;
                }
                let sets = parsed.sets.iter();
                rule.sets = sets
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect();
                rules.push(rule);
            }
        }
        Ok(Policy::new(rules))
    }
}

/// What clap calls a flag.
pub(super) fn id(key: &str) -> String {
    key.replace('-', "_")
}

fn rivals(key: &str) -> impl Iterator<Item = &'static str> {
    let group = RIVALS.into_iter().find(|group| group.contains(&key));
    let others = group.unwrap_or_default().iter().copied();
    others.filter(move |other| *other != key)
}

/// Whether a file says something that leaves no room for a setting.
fn has_rival(file: &ConfigFile, key: &str) -> bool {
    rivals(key).any(|rival| file.parsed.settings.iter().any(|it| it.key == rival))
}

/// Which files the user wants.
enum Named {
    None,
    One(PathBuf),
    /// Those that kcost looks for by itself.
    Usual,
}

fn named(argv: &[OsString]) -> Named {
    let mut words = argv.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--no-config" {
            return Named::None;
        }
        if text == "--config" {
            // Without a file clap says what is wrong.
            let path = words.next().map(PathBuf::from);
            return path.map_or(Named::None, Named::One);
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Named::One(PathBuf::from(path));
        }
    }
    match env::var_os("KCOST_CONFIG").filter(|path| !path.is_empty()) {
        Some(path) => Named::One(PathBuf::from(path)),
        None => Named::Usual,
    }
}

/// `$XDG_CONFIG_HOME/kcost/kcost.yaml`, else below `~/.config`.
fn user_file() -> Option<PathBuf> {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(folder.join("kcost").join(NAME))
}
