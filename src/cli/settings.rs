//! `kcost.yaml` beneath the flags: its settings become the flags' defaults.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::ArgPredicate;

use crate::config::{self, ConfigError, ConfigFile};
use crate::recommend::{Policy, Rule};

/// The file beside which kcost is run.
const HERE: &str = "kcost.yaml";

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
    pub(super) files: Vec<ConfigFile>,
}

impl Files {
    /// `--config FILE` alone, else `./kcost.yaml` and the user's file where they
    /// exist; none with `--no-config`.
    ///
    /// The command line is looked at before clap reads it, since what the files
    /// say are clap's defaults.
    pub(super) fn read(argv: &[OsString]) -> Result<Self, ConfigError> {
        let mut files = Vec::new();
        for path in wanted(argv) {
            files.push(config::read(&path)?);
        }
        Ok(Self { files })
    }

    /// Makes every setting the default of the flag of its name, in all subcommands.
    pub(super) fn defaults(&self, mut command: clap::Command) -> clap::Command {
        // The stronger file comes last, so that it has the last word.
        for (place, file) in self.files.iter().enumerate().rev() {
            for setting in &file.parsed.settings {
                let stronger = &self.files[..place];
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
        self.files.iter().find_map(|file| {
            let found = file
                .parsed
                .settings
                .iter()
                .find(|setting| setting.key == key)?;
            Some(format!("{}:{}", file.path.display(), found.line))
        })
    }

    /// The rules for workloads; those of the stronger file are asked first.
    pub(super) fn policy(&self) -> Result<Policy, ConfigError> {
        let mut rules = Vec::new();
        for file in &self.files {
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
fn id(key: &str) -> String {
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

/// The files to read, the stronger first.
fn wanted(argv: &[OsString]) -> Vec<PathBuf> {
    let mut words = argv.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--no-config" {
            return Vec::new();
        }
        if text == "--config" {
            return words.next().map(PathBuf::from).into_iter().collect();
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return vec![PathBuf::from(path)];
        }
    }
    if let Some(path) = env::var_os("KCOST_CONFIG").filter(|path| !path.is_empty()) {
        return vec![PathBuf::from(path)];
    }
    let here = Some(Path::new(".").join(HERE));
    let found = [here, user_file()].into_iter().flatten();
    found.filter(|path| path.is_file()).collect()
}

/// `$XDG_CONFIG_HOME/kcost/kcost.yaml`, else below `~/.config`.
fn user_file() -> Option<PathBuf> {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(folder.join("kcost").join(HERE))
}
