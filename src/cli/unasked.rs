//! `./kcost.yaml`, which is read unasked: it came with a checkout, an archive or a
//! pull request, and may be anybody's.
//!
//! It may say what kcost advises, not whom kcost trusts: no key is taken from it that
//! runs something, reads a credential or weakens TLS, and where it alone says which
//! Prometheus is asked, no credential goes there. `--config ./kcost.yaml` takes all of
//! it, for then the user has named it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::parser::ValueSource;

use super::settings::{Files, NAME, id};
use crate::config::{self, ConfigError};
use crate::error::Error;

/// Flags that say which Prometheus is asked; of several the first holds.
const PLACES: [&str; 3] = [
    "prometheus-url",
    "prometheus-service",
    "prometheus-namespace",
];

/// Flags whose values let kcost in somewhere.
const CREDENTIALS: [&str; 7] = [
    "prometheus-token",
    "prometheus-token-file",
    "prometheus-token-command",
    "prometheus-login",
    "prometheus-certificate",
    "prometheus-key",
    "prometheus-header",
];

/// Flags of sources beside which no Prometheus is asked.
const ELSEWHERE: [&str; 3] = ["demo", "snapshot", "objects"];

/// Something that the file asks for and does not get, or may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// The file itself.
    File,
    /// A setting, with its line.
    Setting(&'static str, usize),
    /// What is given elsewhere, kept from the place that the file names.
    Credential { given: String, place: &'static str },
}

impl LeftOut {
    /// One sentence for people.
    pub(super) fn text(&self) -> String {
        match self {
            Self::File => {
                format!("./{NAME} is a link that leads out of this folder, so it is not read")
            }
            Self::Setting(key, line) => format!(
                "./{NAME}:{line}: `{key}` is ignored: a file that you did not name runs nothing, \
                 reads no credential and weakens no TLS"
            ),
            Self::Credential { given, place } => {
                format!("{given} is not sent: ./{NAME}, which you did not name, sets `{place}`")
            }
        }
    }

    /// One next step.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::File | Self::Setting(..) => {
                format!("to use all of it, name it with `--config ./{NAME}`")
            }
            Self::Credential { place, .. } => {
                format!("name the file with `--config ./{NAME}`, or the place with `--{place}`")
            }
        }
    }
}

/// Reads `./kcost.yaml` where there is one that is not the user's own file anyway.
pub(super) fn read(user: Option<&Path>, files: &mut Files) -> Result<(), ConfigError> {
    let here = Path::new(".").join(NAME);
    if !here.is_file() {
        return Ok(());
    }
    let real = |path: &Path| fs::canonicalize(path).ok();
    let whole = real(&here);
    if user.is_some_and(|user| real(user) == whole) {
        return Ok(());
    }
    let inside = whole.zip(real(Path::new(".")));
    if !inside.is_some_and(|(whole, folder)| whole.starts_with(folder)) {
        files.left_out.push(LeftOut::File);
        return Ok(());
    }
    let mut file = config::read(&here)?;
    let guarded = |key: &str| config::settings().any(|known| known.name == key && known.guarded);
    file.parsed.settings.retain(|setting| {
        let taken = !guarded(setting.key);
        if !taken {
            let left_out = LeftOut::Setting(setting.key, setting.line);
            files.left_out.push(left_out);
        }
        taken
    });
    files.read.push(file);
    files.unasked = true;
    Ok(())
}

/// A command line as it is to be read, and what of the file does not hold for it.
pub(super) struct Settled {
    pub(super) command: clap::Command,
    pub(super) left_out: Vec<LeftOut>,
}

/// Puts the settings of the files beneath a command line.
///
/// # Errors
///
/// Where the line itself gives a credential for the place that the file alone names:
/// the user must say whether that is meant.
pub(super) fn settle(
    files: &Files,
    program: &'static str,
    argv: &[OsString],
) -> Result<Settled, Error> {
    let command = || super::command(program);
    let mut settled = Settled {
        command: files.defaults(command()),
        left_out: files.left_out.clone(),
    };
    let Some((place, given)) = endangered(files, settled.command.clone(), argv) else {
        return Ok(settled);
    };
    for (key, source) in given {
        let given = match source {
            ValueSource::CommandLine => return Err(refused(key, place)),
            ValueSource::EnvVariable => format!("KCOST_{}", id(key).to_uppercase()),
            // What the file itself gives is no secret from the place that it names.
            _ if files.first_says(key) => continue,
            _ => match files.origin(key) {
                Some(origin) => format!("`{key}` of {origin}"),
                None => continue,
            },
        };
        settled.left_out.push(LeftOut::Credential { given, place });
    }
    settled.command = files.without(&CREDENTIALS).defaults(deaf(command()));
    Ok(settled)
}

/// The place that only the file names, where this line asks it, and the credentials
/// that it would get.
fn endangered(
    files: &Files,
    command: clap::Command,
    argv: &[OsString],
) -> Option<(&'static str, Vec<(&'static str, ValueSource)>)> {
    if !PLACES.into_iter().any(|key| files.is_unasked(key)) {
        return None;
    }
    // What is wrong with the line is said when it is read for good.
    let matches = command.try_get_matches_from(argv).ok()?;
    let (_, matches) = matches.subcommand()?;
    let source = |key: &str| {
        let known = matches.try_contains_id(&id(key)).is_ok();
        known.then(|| matches.value_source(&id(key))).flatten()
    };
    if ELSEWHERE
        .into_iter()
        .any(|key| source(key) == Some(ValueSource::CommandLine))
    {
        return None;
    }
    let place = PLACES.into_iter().find(|key| source(key).is_some())?;
    if source(place) != Some(ValueSource::DefaultValue) || !files.is_unasked(place) {
        return None;
    }
    let given = CREDENTIALS
        .into_iter()
        .filter_map(|key| Some((key, source(key)?)));
    Some((place, given.collect()))
}

/// A command that hears of no credential in the environment.
fn deaf(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|sub| {
        sub.mut_args(|arg| {
            if CREDENTIALS.iter().any(|key| arg.get_long() == Some(key)) {
                arg.env(None::<&str>)
            } else {
                arg
            }
        })
    })
}

fn refused(key: &str, place: &'static str) -> Error {
    let left_out = LeftOut::Credential {
        given: format!("the value of `--{key}`"),
        place,
    };
    Error::Usage {
        text: left_out.text(),
        hint: Some(left_out.hint()),
    }
}
