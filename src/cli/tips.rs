//! What was meant by words of the command line that clap cannot place.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use super::given::Given;
use crate::render;
use crate::text::quote;

/// Flags of other tools, and what they are called here; of the first the most similar
/// one is `--prometheus-ca`.
const MEANT: [(&str, &str); 11] = [
    ("--prometheus", "--prometheus-url"),
    ("--file", "--objects"),
    ("--filename", "--objects"),
    ("--bundle", "--snapshot"),
    ("--cluster", "--context"),
    ("--kube-context", "--context"),
    ("--label-selector", "--selector"),
    ("--since", "--window"),
    ("--history", "--window"),
    ("--days", "--window"),
    ("--sort-by", "--sort"),
];

/// Puts beside clap's error what was meant, where that can be told.
pub(super) fn tip(mut error: Error, command: &Command, argv: &[OsString]) -> Error {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let Some((word, sub)) = said(ContextKind::InvalidArg).zip(subcommand(command, argv))
            else {
                return error;
            };
            if word.starts_with('-') {
                if let Some(flag) = flag(&word, sub) {
                    let meant = ContextValue::String(flag);
                    error.insert(ContextKind::SuggestedArg, meant);
                    // It is of the flag that is most similar.
                    error.remove(ContextKind::Usage);
                }
            } else if let Some(words) = stray(&word, sub) {
                suggest(&mut error, format!("did you mean '{words}'?"));
            }
        }
        ErrorKind::InvalidSubcommand => {
            let word = said(ContextKind::InvalidSubcommand).unwrap_or_default();
            if let Some(given) = Given::of(&word) {
                let program = command.get_bin_name().unwrap_or("kcost");
                let words = given.words(&quote(&word));
                let text = format!("did you mean '{program} analyze {words}'?");
                suggest(&mut error, text);
            }
        }
        _ => {}
    }
    error
}

fn suggest(error: &mut Error, text: String) {
    let tip = ContextValue::StyledStrs(vec![StyledStr::from(text)]);
    error.insert(ContextKind::Suggested, tip);
}

/// The subcommand of the line.
fn subcommand<'a>(command: &'a Command, argv: &[OsString]) -> Option<&'a Command> {
    let mut words = argv.iter().skip(1);
    words.find_map(|word| command.find_subcommand(word))
}

fn has(command: &Command, flag: &str) -> bool {
    let long = flag.trim_start_matches('-');
    command
        .get_arguments()
        .any(|it| it.get_long() == Some(long))
}

/// What a flag that is not there is called: `--json` is a format.
fn flag(word: &str, sub: &Command) -> Option<String> {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    let known = MEANT.into_iter().find(|(wrong, _)| *wrong == name);
    if let Some((_, right)) = known.filter(|(_, right)| has(sub, right)) {
        return Some(right.to_owned());
    }
    let format = name.trim_start_matches('-');
    let is_format =
        has(sub, "--output") && has(sub, "--state") && render::by_name(format).is_some();
    is_format.then(|| format!("--output {format}"))
}

/// What a word that stands alone is: a file that a flag takes, or a namespace.
fn stray(word: &str, sub: &Command) -> Option<String> {
    match Given::of(word) {
        Some(Given::Bundle) if sub.get_name() == "snapshot" => {
            Some(format!("--output {}", quote(word)))
        }
        Some(given) if has(sub, given.flag()) => Some(given.words(&quote(word))),
        None if has(sub, "--namespace") => Some(format!("--namespace {}", quote(word))),
        _ => None,
    }
}
