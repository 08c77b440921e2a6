//! What a shell may complete: it asks kcost itself, through the scripts of
//! `kcost completions`, with [`ASKED`] set to its name.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueHint;
use clap_complete::engine::{PathCompleter, ValueCompleter as _};
use clap_complete::env::{EnvCompleter, Shells};
use clap_complete::{ArgValueCompleter, CompletionCandidate};

use super::last;
use crate::demo;
use crate::snapshot::{self, WorkloadId};
use crate::text::is_plain;

/// The variable by which a script says which shell asks.
pub(super) const ASKED: &str = "KCOST_COMPLETE";

/// Which word of the line is completed; set by some shells, else it is the last.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// Answers a shell that asks; `None` where none does, and this is an ordinary run.
pub(super) fn answer(argv: &[OsString], out: &mut dyn Write) -> Option<io::Result<()>> {
    let asked = env::var(ASKED).ok().filter(|shell| !shell.is_empty())?;
    let shells = Shells::builtins();
    let shell = shells.completer(&asked)?;
    let line = argv.iter().skip_while(|word| *word != "--").skip(1);
    Some(complete(shell, line.cloned().collect(), out))
}

/// The script that makes a shell ask.
pub(super) fn script(shell: &dyn EnvCompleter) -> io::Result<Vec<u8>> {
    let mut script = Vec::new();
    shell.write_registration(ASKED, "kcost", "kcost", "kcost", &mut script)?;
    Ok(script)
}

fn complete(shell: &dyn EnvCompleter, line: Vec<OsString>, out: &mut dyn Write) -> io::Result<()> {
    let mut command = super::command("kcost");
    let source = Source::of(&line);
    let names = ArgValueCompleter::new(move |word: &OsStr| workloads(&source, word));
    command = command.mut_subcommand("explain", |explain| {
        explain.mut_arg("workload", |workload| workload.add(names))
    });
    // Built, so that the flags of the whole program are there already.
    command.build();
    command = command.mut_subcommands(|sub| sub.mut_args(safe_paths));
    if !is_flag(&line) {
        // Flags come up where nothing else fits, not beside forty workloads.
        command = command.mut_subcommands(|sub| {
            sub.mut_args(|arg| {
                let flag = !arg.is_positional();
                arg.hide(flag)
            })
        });
    }
    let here = env::current_dir().ok();
    let mut answer = Vec::new();
    shell.write_complete(&mut command, line, here.as_deref(), &mut answer)?;
    out.write_all(&answer)?;
    out.flush()
}

/// Offers for a path only what no shell acts on: bash puts it on the line as it is.
fn safe_paths(arg: clap::Arg) -> clap::Arg {
    let paths = match arg.get_value_hint() {
        ValueHint::AnyPath => PathCompleter::any(),
        ValueHint::FilePath => PathCompleter::file(),
        ValueHint::DirPath => PathCompleter::dir(),
        _ => return arg,
    };
    let safe = move |word: &OsStr| -> Vec<CompletionCandidate> {
        let found = paths.complete(word).into_iter();
        let is_safe = |path: &CompletionCandidate| {
            let path = path.get_value().to_str();
            path.is_some_and(|path| is_plain(path.strip_prefix("~/").unwrap_or(path)))
        };
        found.filter(is_safe).collect()
    };
    arg.add(ArgValueCompleter::new(safe))
}

/// Whether the word that is completed starts like a flag.
fn is_flag(line: &[OsString]) -> bool {
    let index = env::var(INDEX).ok().and_then(|index| index.parse().ok());
    let word = line.get(index.unwrap_or(line.len().saturating_sub(1)));
    word.is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"))
}

/// Where the workloads of the line are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Demo,
    Bundle(PathBuf),
    /// Nothing on the line says it.
    Last,
}

impl Source {
    fn of(line: &[OsString]) -> Self {
        let mut words = line.iter();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            if text == "--demo" {
                return Self::Demo;
            }
            let after = match text.strip_prefix("--snapshot") {
                Some("") => words.next().map(PathBuf::from),
                Some(rest) => rest.strip_prefix('=').map(PathBuf::from),
                None => None,
            };
            if let Some(path) = after {
                return Self::Bundle(path);
            }
        }
        Self::Last
    }

    /// What cannot be read suggests nothing.
    fn names(&self) -> Vec<WorkloadId> {
        let read = |path: &Path| snapshot::names(path).unwrap_or_default();
        match self {
            Self::Demo => demo::names(),
            Self::Bundle(path) => read(path),
            Self::Last => last::bundle().map_or_else(Vec::new, |path| read(&path)),
        }
    }
}

/// Full names, and once something is typed, those that name one workload alone.
/// A name comes from whoever made the bundle: only one that no shell acts on is offered.
fn workloads(source: &Source, word: &OsStr) -> Vec<CompletionCandidate> {
    let word = word.to_string_lossy();
    let names = source.names();
    let full = names.iter().map(ToString::to_string);
    let mut found: Vec<String> = full.filter(|name| name.starts_with(&*word)).collect();
    if !word.is_empty() {
        let alone = |id: &&WorkloadId| names.iter().filter(|it| it.name == id.name).count() == 1;
        let bare = names.iter().filter(|id| id.name.starts_with(&*word));
        found.extend(bare.filter(alone).map(|id| id.name.clone()));
    }
    let safe = found.into_iter().filter(|name| is_plain(name));
    safe.map(CompletionCandidate::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_where_workloads_are() {
        let of = |line: &[&str]| {
            let line: Vec<OsString> = line.iter().map(OsString::from).collect();
            Source::of(&line)
        };
        let bundle = Source::Bundle(PathBuf::from("a.kcost"));
        assert_eq!(
            of(&["kcost", "explain", "--snapshot", "a.kcost", ""]),
            bundle
        );
        assert_eq!(of(&["kcost", "explain", "--snapshot=a.kcost", ""]), bundle);
        assert_eq!(of(&["kcost", "explain", "--demo", ""]), Source::Demo);
        assert_eq!(of(&["kcost", "explain", "sh"]), Source::Last);
    }

    #[test]
    fn short_names_come_up_where_they_are_typed() {
        let found = |word: &str| -> Vec<String> {
            let found = workloads(&Source::Demo, OsStr::new(word));
            let texts = found
                .iter()
                .map(|it| it.get_value().to_string_lossy().into_owned());
            texts.collect()
        };
        assert_eq!(found("shop/Deployment/chec"), ["shop/Deployment/checkout"]);
        assert_eq!(found("chec"), ["checkout"]);
        assert!(found("").iter().all(|name| name.matches('/').count() == 2));
        assert!(found("no-such").is_empty());
    }
}
